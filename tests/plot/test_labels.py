"""Names at the ends of lines."""

import math

import pytest

from minires import plot


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_names_stand_at_their_lines_in_their_order_and_apart(scale):
    """Two names that would overlap are moved apart; a single one stays."""
    figure, (ax,) = plot.panels(1, (5, 4))
    ax.set_yscale(scale)
    log = scale == "log"
    ends = [(2.0, "a", "red", 5), (2.01, "b", "blue", 5), (0.5, "c", "green", 3)]
    for y, _, _, x in ends:
        ax.plot([0, x], [10**y if log else y] * 2)
    ax.set_ylim((1, 1000) if log else (0, 3))
    plot.label_ends(ax, ends)
    found = {one.get_text(): one for one in ax.texts}
    height = {name: math.log10(one.xy[1]) if log else one.xy[1] for name, one in found.items()}
    assert height["c"] == pytest.approx(0.5) and found["c"].xy[0] == 3
    assert height["b"] - height["a"] == pytest.approx(0.055 * 3)
    assert height["a"] + height["b"] == pytest.approx(4.01)
    assert found["a"].get_color() == "red"


def test_a_name_inside_a_panel_stands_where_no_line_crosses_it():
    figure, (ax,) = plot.panels(1, (5, 4))
    ax.plot([0, 2], [1.0, 1.0])
    ax.plot([0, 10], [1.02, 1.02])
    ax.set_xlim(0, 10)
    ax.set_ylim(0, 3)
    plot.label_ends(ax, [(1.0, "short", "red", 2), (1.02, "long", "blue", 10)])
    short, long = (
        next(one.xy[1] for one in ax.texts if one.get_text() == name) for name in ("short", "long")
    )
    assert long == pytest.approx(1.02)
    assert abs(short - 1.02) >= 0.055 * 3 / 2 and abs(short - 1.0) < 0.2
