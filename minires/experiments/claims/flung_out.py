"""Do exploding gradients leave behind weights so long that later steps hardly turn them?

Batch norm removes the scale of the weights before it, so a step only matters as far as it turns
them. How far it does depends on the effective learning rate lr / |w|^2: weights twice as long have
a quarter of the rate.
"""

from collections.abc import Sequence
from statistics import mean

from ... import plot
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import WATCHED_STEPS, Laboratory, geometric, recorded

NETS = ("plain-56", "resnet-56")
MOMENTS = (1, 10, WATCHED_STEPS)  # steps after which the weights are compared with the first ones
EARLY = 10  # how many layers next to the images are judged
LONGER, SLOWED = 2.0, 0.25  # growth of the weights; effective rate as a fraction of the first one
MARGIN = 0.05


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The norm of each layer's weights relative to its initial norm, after the steps `MOMENTS`."""
    rows = []
    for net in NETS:
        gradients = laboratory.gradients(net, seed)
        start = {row["depth"]: row["weight_norm"] for row in recorded(gradients, 0)}
        for moment in MOMENTS:
            rows += [
                {
                    "net": net,
                    "iteration": moment,
                    "depth": row["depth"],
                    "growth": row["weight_norm"] / start[row["depth"]],
                }
                for row in recorded(gradients, moment)
                if row["depth"] < max(start)
            ]
    return rows


def _growth(rows: Sequence[Row]) -> list[float]:
    """The geometric mean of the growth over plain-56's early layers, for each seed."""
    return [
        geometric(
            [
                row["growth"]
                for row in rows
                if (row["net"], row["iteration"], row["seed"]) == ("plain-56", WATCHED_STEPS, seed)
                and row["depth"] <= EARLY
            ]
        )
        for seed in seeds_of(rows)
    ]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(len(MOMENTS), (10.4, 4.2), share_y=True)
    for ax, moment in zip(axes, MOMENTS):
        for net in NETS:
            chosen = [row for row in rows if (row["net"], row["iteration"]) == (net, moment)]
            depths = sorted({row["depth"] for row in chosen})
            ax.plot(
                depths,
                [
                    mean(row["growth"] for row in chosen if row["depth"] == depth)
                    for depth in depths
                ],
                color=plot.COLOURS[net.split("-")[0]],
                linewidth=2,
                label=net,
            )
        ax.set_title(f"after {moment} step{'s' if moment > 1 else ''}")
        ax.set_xlabel("layer, from the images to the logits")
    axes[0].set_ylabel("norm of the weights,\nrelative to the start")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper right", ncols=2)
    plot.write_below(
        figure,
        f"{caption}; the effective learning rate falls with the square; "
        f"{plot.seeds(rows, 'mean of {} seeds')}",
    )
    return figure


CRITERIA = (
    above(
        f"growth of the weights of plain-56's first {EARLY} layers in {WATCHED_STEPS} steps",
        _growth,
        LONGER,
        MARGIN,
    ),
    below(
        "their effective learning rate, of that at the start,",
        lambda rows: [growth**-2 for growth in _growth(rows)],
        SLOWED,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="flung-out",
    statement="The exploding gradients of the first steps fling out the early layers of plain-56, "
    "and leave them with a small effective learning rate.",
    source="a consequence of Yang et al. 2019, arXiv:1902.08129 (explosion), and van Laarhoven "
    "2017, arXiv:1706.05350 (effective rate)",
    predictions={
        "the explosion": "the weights of the first layers grow severalfold within a few steps, and "
        "their effective rate falls with the square",
        "healthy gradients (He et al. 2015)": "weights change by a few percent",
    },
    columns=("seed", "net", "iteration", "depth", "growth"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
