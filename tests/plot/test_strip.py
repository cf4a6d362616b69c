"""How trainings end: every one is a dot, and fresh ones are filled."""

from matplotlib.colors import to_hex

from minires import plot
from minires.plot.themes import SHADES

GROUPS = [
    ("usual", "plain-56", [80.0, 70.0], []),
    ("warm-up", "plain-56", [74.0], [76.0, 78.0]),
    ("shallow", "plain-20", [50.0], []),
]


def test_a_dot_for_each_training_and_a_line_at_the_mean():
    (ax,) = plot.endings(GROUPS, "error, %").axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    at = [(dot.get_xdata()[0], round(dot.get_ydata()[0])) for dot in dots]
    assert sorted(at) == [(50, 2), (70, 0), (74, 1), (76, 1), (78, 1), (80, 0)]
    means = [line.get_xdata()[0] for line in ax.lines if line.get_marker() != "o"]
    assert means == [75, 76, 50]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "usual (2)",
        "warm-up (3)",
        "shallow (1)",
    ]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is on top


def test_rings_are_earlier_trainings_and_filled_dots_later_ones():
    (ax,) = plot.endings(GROUPS, "error, %").axes
    faces = {
        line.get_xdata()[0]: to_hex(line.get_markerfacecolor())
        for line in ax.lines
        if line.get_marker() == "o"
    }
    deep, page = SHADES["plain"][1], "#ffffff"
    assert [faces[error] for error in (70, 80, 74)] == [page] * 3
    assert [faces[error] for error in (76, 78)] == [deep] * 2


def test_neighbouring_dots_stand_at_different_heights():
    (ax,) = plot.endings([("usual", "plain-56", [70.0, 70.1, 70.2], [])], "error, %").axes
    heights = {line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o"}
    assert len(heights) == 3
