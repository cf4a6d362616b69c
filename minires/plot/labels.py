"""Names written at the ends of lines instead of in a legend."""

import math
from collections.abc import Sequence
from typing import Any

from ..drawing.label_placement import free_place, spread_out
from .print_sizes import ROW, print_width
from .themes import theme


def label_ends(ax: Any, ends: Sequence[tuple[float, str, str, float]]) -> None:
    """Write a name at the end of each line, in the line's colour.

    Names that would overlap are pushed apart. If there is room for a name inside the panel, it is
    put where no other line crosses it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its lines must be drawn and its limits set, because names are placed by them.
    ends : list of (y, name, colour, x)
        The end of each line. On a logarithmic axis, y is its logarithm to base 10.
    """
    from matplotlib.patheffects import withStroke

    around = [withStroke(linewidth=3, foreground=theme().page)]  # keeps a name on a line legible
    is_log = ax.get_yscale() == "log"
    low, high = _limits(ax.get_ylim(), is_log)
    is_print = print_width() is not None
    size = 7.5 if is_print else 9.5
    # The height of a line of text, in units of the axis. In print, panels are lower.
    line_height = (0.055 if not is_print else 1.25 * size / 72 / (0.65 * ROW)) * (high - low)
    inside = [end for end in sorted(ends) if end[3] + _width(ax, end[1], size) < ax.get_xlim()[1]]
    beside = [end for end in sorted(ends) if end not in inside]
    placed = list(zip(beside, _spread(beside, line_height)))
    names: list[tuple[float, float]] = []
    for end, wanted in zip(inside, _spread(inside, line_height)):
        _, name, _, x = end
        half = line_height * _lines(name) / 2
        crossing = _lines_between(ax, x, x + _width(ax, name, size), is_log)
        taken = [(bottom - half, top + half) for bottom, top in [*crossing, *names]]
        place = free_place(wanted, taken, low + half, high - half)
        names.append((place - half, place + half))
        placed.append((end, place))
    for (_, name, colour, x), place in placed:
        ax.annotate(
            name,
            (x, 10**place if is_log else place),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=size,
            fontweight="bold",
            annotation_clip=False,
            path_effects=around,
            zorder=5,
        )


def _lines(name):
    """How many lines of text the name has."""
    return 1 + name.count("\n")


def _spread(ends, line_height):
    """Heights for the names, in their order, such that none overlap."""
    gaps = [
        line_height * (_lines(one[1]) + _lines(other[1])) / 2 for one, other in zip(ends, ends[1:])
    ]
    return spread_out([y for y, *_ in ends], gaps)


def _limits(limits, is_log):
    return tuple(map(math.log10, limits)) if is_log else limits


def _width(ax, name, size):
    """The approximate width of a name, in units of the horizontal axis."""
    inches = 0.62 * size / 72 * max(map(len, name.split("\n"))) + 5 / 72
    left, right = ax.get_xlim()
    return inches * (right - left) / (ax.get_position().width * ax.figure.get_figwidth())


def _lines_between(ax, left, right, is_log):
    """(lowest, highest) of each segment of a line that reaches between `left` and `right`."""
    found = []
    for line in ax.get_lines():
        points = [
            (x, math.log10(y) if is_log else y)
            for x, y in zip(line.get_xdata(), line.get_ydata())
            if math.isfinite(y) and (y > 0 or not is_log)
        ]
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            if x0 < right and x1 > left:
                found.append((min(y0, y1), max(y0, y1)))
    return found
