"""Figure of how trainings end: a row for each way to train, a dot for each training."""

from collections.abc import Sequence
from statistics import mean

from ..types import Figure
from .style import panels, styled, write_below
from .themes import theme

OFFSETS = (-0.16, 0.16, 0.0)  # of neighbouring dots from the middle of the row, so that both show

#: What the row says, the net, final errors of earlier trainings, and of later ones.
Group = tuple[str, str, Sequence[float], Sequence[float]]


@styled
def endings(groups: Sequence[Group], quantity: str, caption: str = "") -> Figure:
    """Draw the final error of each training as a dot, in a row for each way to train.

    A prediction can be found in some trainings and tested by others, so the first are rings and the
    others filled dots. A line marks the mean of a row.

    Parameters
    ----------
    groups : list of (label, net, earlier, later)
        The rows, the first on top: label, name of the net (for the colour), and two lists of
        errors: of trainings in which a prediction was found, and of trainings that test it.
    quantity : str
        What the errors are, for the axis.
    caption : str
    """
    figure, (ax,) = panels(1, (9.6, 0.52 * len(groups) + 1.4))
    nets = sorted({net for _, net, _, _ in groups}, key=lambda net: int(net.split("-")[1]))
    labels = []
    for place, (label, net, earlier, later) in enumerate(groups):
        colour = theme().colour(net, nets)
        dots = sorted([(error, False) for error in earlier] + [(error, True) for error in later])
        for i, (error, is_later) in enumerate(dots):
            face = colour if is_later else theme().page
            y = place + OFFSETS[i % len(OFFSETS)]
            ax.plot(error, y, "o", color=colour, markerfacecolor=face, markersize=5.5)
        middle = mean(error for error, _ in dots)
        ax.plot([middle] * 2, [place - 0.36, place + 0.36], color=colour, linewidth=2)
        labels.append(f"{label} ({len(dots)})")
    ax.set_yticks(range(len(groups)), labels)
    ax.tick_params(axis="y", labelcolor=theme().text, length=0)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(quantity)
    write_below(figure, caption)
    return figure
