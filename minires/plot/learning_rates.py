"""Figure of the loss while the learning rate grows: the range test of Smith 2017."""

from collections.abc import Sequence

from ..types import Figure, Row
from .style import panels, styled, write_below
from .themes import COLOURS, GREY


@styled
def lr_finder(rows: Sequence[Row], suggestion: float | None = None, caption: str = "") -> Figure:
    """Draw the loss of each step, and its running mean, against the learning rate.

    Parameters
    ----------
    rows : list of dict
        Rows with lr, loss and smoothed_loss (nats).
    suggestion : float, optional
        The learning rate to mark.
    caption : str
    """
    figure, (ax,) = panels(1, (7.2, 4.2))
    rates = [row["lr"] for row in rows]
    smoothed = [row["smoothed_loss"] for row in rows]
    ax.plot(rates, [row["loss"] for row in rows], color=GREY, linewidth=0.8, label="each step")
    ax.plot(rates, smoothed, color=COLOURS["resnet"], linewidth=2.2, label="running mean")
    if suggestion is not None:
        ax.axvline(suggestion, color=COLOURS["plain"], linestyle="--", linewidth=1.4)
        caption += f"; dashed: the suggested rate, {suggestion:g}"
    ax.set_xscale("log")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("training loss, nats")
    # In the last steps the loss explodes. The limits show the part where it falls.
    lowest, first = min(smoothed), smoothed[0]
    ax.set_ylim(lowest - 0.3 * (first - lowest + 0.05), first + 0.8 * (first - lowest + 0.05))
    figure.legend(*ax.get_legend_handles_labels(), ncols=2, loc="upper right")
    write_below(figure, caption)
    return figure
