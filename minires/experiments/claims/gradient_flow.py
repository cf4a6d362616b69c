"""Do shortcuts carry the gradient from block to block almost unchanged?"""

from collections.abc import Sequence
from functools import partial
from math import log10
from statistics import mean

from ... import plot
from ...diagnostics import activation_gradients
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import below, seeds_of
from .frame.laboratory import Laboratory

NETS = ("plain-56", "resnet-56")
MOMENTS = ("at initialisation", "after training")
BATCH = 128
MARGIN = 0.3  # log10: a factor of 2


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The norm of the gradient of each block's output, before and after training."""
    images, labels = laboratory.batch(BATCH)
    return [
        {"net": net, "moment": moment, "block": block, "gradient_norm": gradient.norm}
        for net in NETS
        for moment, model in zip(
            MOMENTS, (laboratory.fresh(net, seed), laboratory.trained(net, seed))
        )
        for block, gradient in enumerate(
            activation_gradients(model, images, labels, of="blocks"), 1
        )
    ]


def _ranges_apart(rows: Sequence[Row], moment: str) -> list[float]:
    """The range of resnet-56's gradient norms minus that of plain-56's, in log10, for each seed."""
    return [
        _range(rows, "resnet-56", moment, seed) - _range(rows, "plain-56", moment, seed)
        for seed in seeds_of(rows)
    ]


def _range(rows, net, moment, seed):
    norms = [
        row["gradient_norm"]
        for row in rows
        if (row["net"], row["moment"], row["seed"]) == (net, moment, seed)
    ]
    return log10(max(norms) / min(norms))


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (9.6, 4.4), share_y=True)
    for ax, moment in zip(axes, MOMENTS):
        for net in NETS:
            chosen = [row for row in rows if (row["net"], row["moment"]) == (net, moment)]
            blocks = sorted({row["block"] for row in chosen})
            norms = [
                [row["gradient_norm"] for row in chosen if row["block"] == block]
                for block in blocks
            ]
            colour = plot.COLOURS[net.split("-")[0]]
            ax.plot(
                blocks,
                [10 ** mean(map(log10, values)) for values in norms],
                color=colour,
                linewidth=2.2,
                label=net,
            )
            ax.fill_between(
                blocks,
                [min(values) for values in norms],
                [max(values) for values in norms],
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
        ax.set_yscale("log")
        ax.set_title(moment)
        ax.set_xlabel("block, from the images to the logits")
    axes[0].set_ylabel("gradient norm of\nthe block's output")
    axes[0].legend(loc="upper right")
    plot.write_below(
        figure,
        f"{caption}; {BATCH} images, batch statistics; "
        f"{plot.seeds(rows, 'geometric mean and range of {} seeds')}",
    )
    return figure


CRITERIA = (
    *(
        below(
            f"{moment}, log10 of the largest over the smallest gradient at a block, "
            "resnet-56 minus plain-56",
            partial(_ranges_apart, moment=moment),
            0,
            MARGIN,
        )
        for moment in MOMENTS
    ),
)

CLAIM = Claim(
    name="gradient-flow",
    statement="Shortcuts carry the gradient: along the blocks it changes much less than in a plain "
    "net.",
    source="He et al. 2016, arXiv:1603.05027, section 2, equation 5; at initialisation Yang et al. "
    "2019, arXiv:1902.08129",
    predictions={
        "He et al.": "the norm varies less along resnet-56 than along plain-56, before training "
        "and after",
        "batch norm alone keeps gradients healthy": "both alike",
    },
    columns=("seed", "net", "moment", "block", "gradient_norm"),
    text=("net", "moment"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
