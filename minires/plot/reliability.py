"""Figure of how far a net's probabilities can be trusted."""

from collections.abc import Sequence

from ..types import Figure, Row
from .style import panels, styled, write_below
from .themes import COLOURS, theme


@styled
def calibration(bins: Sequence[Row], caption: str = "") -> Figure:
    """Draw the fraction of right answers against the probability that the net gave them.

    The panel on the right shows how many images there are for each probability.

    Parameters
    ----------
    bins : list of dict
        Rows with low and high (0 to 1), images, confidence and accuracy (percent), as in
        `diagnostics.Bin`.
    caption : str
    """
    figure, (left, right) = panels(2, (9.0, 4.2))
    full = [row for row in bins if row["images"]]
    left.plot([0, 100], [0, 100], color=theme().quiet, linestyle=":", linewidth=1.4)
    left.plot(
        [row["confidence"] for row in full],
        [row["accuracy"] for row in full],
        "o-",
        color=COLOURS["resnet"],
        linewidth=2.2,
        markersize=5,
    )
    left.set_xlim(0, 100)
    left.set_ylim(0, 100)
    left.set_xlabel("probability that the net gives, %")
    left.set_ylabel("images that are right, %")
    left.set_title("dotted: as many right as promised")
    width = 100 * (bins[0]["high"] - bins[0]["low"])
    right.bar(
        [100 * row["low"] + width / 2 for row in bins],
        [row["images"] for row in bins],
        0.9 * width,
        color=COLOURS["resnet"],
    )
    right.set_xlim(0, 100)
    right.set_xlabel("probability that the net gives, %")
    right.set_ylabel("images")
    right.set_title("how sure it is")
    write_below(figure, caption)
    return figure
