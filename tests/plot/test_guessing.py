"""The line at the error of guessing: where it is, and when it is drawn."""

import pytest

from minires import plot
from tests.plot.test_curves import metrics
from tests.plot.test_final_errors import FINALS


def lines_at(ax, height):
    """The horizontal lines at this height, and their label."""
    level = [line for line in ax.lines if list(line.get_ydata()) == pytest.approx([height] * 2)]
    return len(level), [text.get_text() for text in ax.texts].count("guessing")


@pytest.mark.parametrize("classes, error", [(10, 90), (4, 75)])
def test_it_lies_at_the_error_of_guessing(classes, error):
    ax = plot.panels(1, (4, 3))[1][0]
    assert plot.guessing(ax, classes) == pytest.approx(error)
    assert lines_at(ax, error) == (1, 1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_its_label_stands_at_the_side_named(side):
    ax = plot.panels(1, (4, 3))[1][0]
    plot.guessing(ax, side=side)
    (label,) = ax.texts
    assert label.get_ha() == side and label.xy[0] == (side == "right")


def test_curves_that_come_near_it_show_it():
    """The highest of these curves is 86 %: ten points below 90 %, and far above 50 %."""
    for ax in plot.error_curves(metrics(), classes=10).axes:
        assert lines_at(ax, 90) == (1, 1)
        assert ax.get_ylim()[1] >= 95
    for ax in plot.error_curves(metrics()).axes:
        assert lines_at(ax, 90) == (0, 0)


def test_curves_far_below_it_do_not():
    low = [{**row, "train_error": 20, "test_error": 30} for row in metrics()]
    for ax in plot.error_curves(low, classes=10).axes:
        assert lines_at(ax, 90) == (0, 0)


def test_errors_by_depth_show_it():
    """The highest is 46 %: near the error of guessing between two classes."""
    assert [lines_at(ax, 50) for ax in plot.errors_by_depth(FINALS, classes=2).axes] == [(1, 1)] * 2
    assert [lines_at(ax, 90) for ax in plot.errors_by_depth(FINALS, classes=10).axes] == [
        (0, 0)
    ] * 2
