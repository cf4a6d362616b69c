"""A line at the error of guessing, the worst that a net should do."""

from collections.abc import Sequence
from typing import Any, Literal

from .themes import theme

NEAR = 10.0  # points


def come_near_guessing(errors: Sequence[float], classes: int) -> bool:
    """Whether one of the errors, in percent, is no more than ten points below that of guessing."""
    return max(errors) > _error(classes) - NEAR


def guessing(ax: Any, classes: int = 10, side: Literal["left", "right"] = "right") -> float:
    """Draw a labelled line at the error of guessing among so many classes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its vertical axis shows errors in percent, and should reach a little above the line.
    classes : int
    side : {"left", "right"}
        The end of the line that is labelled.

    Returns
    -------
    float
        The error of guessing in percent, 100 (1 - 1 / classes).
    """
    error = _error(classes)
    ax.axhline(error, color=theme().quiet, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    ax.annotate(
        "guessing",
        (side == "right", error),
        xycoords=("axes fraction", "data"),
        xytext=(-2 if side == "right" else 2, 2),
        textcoords="offset points",
        ha=side,
        color=theme().quiet,
        fontsize=8.5,
    )
    return error


def _error(classes):
    return 100 * (1 - 1 / classes)
