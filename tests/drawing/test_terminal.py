"""Colours and curves for terminals."""

import io

import pytest

from minires.drawing import terminal
from minires.drawing.terminal import curves, has_blocks, has_colours, in_colour, sparkline


class Screen(io.StringIO):
    """A terminal, or a file that is not one."""

    def __init__(self, is_terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._is_terminal, self._encoding = is_terminal, encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture(autouse=True)
def of_256_colours(monkeypatch):
    for name in ("NO_COLOR", "COLORTERM", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_colours_are_for_terminals_that_have_them(monkeypatch):
    assert has_colours(Screen())
    assert not has_colours(Screen(is_terminal=False))
    monkeypatch.setenv("TERM", "dumb")
    assert not has_colours(Screen())
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert has_colours(Screen())
    monkeypatch.setenv("NO_COLOR", "")  # empty counts as not set: https://no-color.org
    assert has_colours(Screen())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colours(Screen())


def test_names_of_nets_are_coloured_and_nothing_else():
    plain, residual = "\x1b[38;5;166mplain-20\x1b[39m", "\x1b[38;5;32mresnet-56\x1b[39m"
    assert in_colour("plain-20 above resnet-56.", Screen()) == f"{plain} above {residual}."
    assert in_colour("(plain-20, seed 0)", Screen()) == f"({plain}, seed 0)"
    for text in ("runs/resnet-20-synthetic", "nets/plain-20", "resnet-20.png", "resnet18", "plain"):
        assert in_colour(text, Screen()) == text
    assert in_colour("plain-20", Screen(is_terminal=False)) == "plain-20"


def test_a_sparkline_rises_with_its_values():
    assert sparkline(range(8), 0, 7) == "▁▂▃▄▅▆▇█"
    assert sparkline([3.0, float("nan"), 1.0], 1, 3) == "█ ▁"
    assert sparkline([5.0, 5.0], 5, 5) == "▁▁" and sparkline([], 0, 1) == ""


def test_neighbours_of_many_values_are_averaged():
    line = sparkline([0.0, 8.0] * terminal.MOST_POINTS, 0, 8)
    assert line == "▅" * terminal.MOST_POINTS  # each the mean of two
    assert len(sparkline(range(terminal.MOST_POINTS + 1), 0, 50)) == terminal.MOST_POINTS


def test_curves_share_a_scale_and_stand_one_below_the_other():
    lines = curves("errors", {"plain-20": [90.0, 50.0], "resnet-110": [90.0, 70.0, 10.0]})
    assert lines == [
        "errors",
        "plain-20    █▅   90.0 to 50.0 %",
        "resnet-110  █▇▁  90.0 to 10.0 %",
    ]
    assert curves("errors", {"plain-20": [90.0]}) == curves("errors", {}) == []


def test_blocks_are_for_terminals_whose_encoding_has_them():
    assert has_blocks(Screen())
    assert not has_blocks(Screen(encoding="ascii")) and not has_blocks(Screen(encoding="latin-1"))
    assert not has_blocks(Screen(is_terminal=False))
