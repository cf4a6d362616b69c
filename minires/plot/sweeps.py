"""Figure of the errors of runs that differ in their settings or seed."""

from collections.abc import Mapping, Sequence
from statistics import mean

from ..types import Figure, Row
from .style import panels, styled, write_below
from .themes import GREY, OTHERS


@styled
def sweep(groups: Mapping[str, Sequence[Row]], caption: str = "") -> Figure:
    """Draw the final errors of the runs of a sweep, with a line for each combination of settings.

    Parameters
    ----------
    groups : dict
        Name of a combination -> its rows, one for each seed, with train_error and test_error
        (percent).
    caption : str
        Is written below the figure, followed by what the colours mean.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (ax,) = panels(1, (7.2, 1.5 + 0.36 * len(groups)))
    order = sorted(groups, key=lambda name: -mean(row["test_error"] for row in groups[name]))
    for place, name in enumerate(order):
        for column, colour, up in (("train_error", GREY, -0.12), ("test_error", OTHERS[0], 0.12)):
            values = [row[column] for row in groups[name]]
            ax.plot(values, [place + up] * len(values), "o", color=colour, markersize=4, alpha=0.7)
            ax.plot(mean(values), place + up, "|", color=colour, markersize=13, markeredgewidth=2)
    ax.set_yticks(range(len(order)), order)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.set_xlabel("error at the end, %")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8))
    several = max(map(len, groups.values()))
    dots = "dot: a seed, bar: their mean" if several > 1 else "one seed each"
    write_below(figure, f"{caption}; colour: test error, grey: training error; {dots}")
    return figure
