"""Names written at the ends of lines, which need no legend."""

import math
from collections.abc import Sequence
from typing import Any

from ..drawing.label_placement import spread_out
from .print_sizes import ROW, print_width
from .style import theme


def label_ends(ax: Any, ends: Sequence[tuple[float, str, str, float]]) -> None:
    """Write a name at the end of each line, in its colour, pushed apart where they would overlap.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its lines drawn and its limits set: names are placed by them.
    ends : list of (y, name, colour, x)
        On a logarithmic axis, y is given as its logarithm to base 10.
    """
    from matplotlib.patheffects import withStroke

    around = [withStroke(linewidth=3, foreground=theme().page)]  # where a name crosses a line
    is_log = ax.get_yscale() == "log"
    low, high = map(math.log10, ax.get_ylim()) if is_log else ax.get_ylim()
    is_print = print_width() is not None
    size = 7.5 if is_print else 9.5
    # The height of a line of text; in print, panels are lower, and each has its own row.
    apart = (0.055 if not is_print else 1.25 * size / 72 / (0.65 * ROW)) * (high - low)
    lines = [1 + name.count("\n") for _, name, *_ in sorted(ends)]
    gaps = [apart * (one + other) / 2 for one, other in zip(lines, lines[1:])]
    places = spread_out([y for y, *_ in sorted(ends)], gaps)
    for place, (y, name, colour, x) in zip(places, sorted(ends)):
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
