"""Is the loss of a plain net too sharp for the learning rate before the first step?"""

from collections.abc import Sequence
from functools import partial
from math import log10

from ... import plot
from ...diagnostics import sharpest_curvature, stability_limit
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import above, below
from .frame.laboratory import Laboratory, geometric

NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
BATCH = 128  # images, as in a step of training
# Curvature is computed from two gradients, taken this far to either side of the weights. In a net
# with shattered gradients the result depends on this length; `JUDGED` decides the claim.
LENGTHS = (1e-4, 1e-3, 1e-2)
JUDGED = 1e-3
MOST = 12  # largest number of products with the Hessian; four to nine are usually enough
FAR, FAR_MARGIN = 1.0, 0.3  # log10: ten times the limit; the margin is a factor of 2
NEAR, NEAR_MARGIN = 0.5, 0.1  # log10: within a factor of 3; the margin is a quarter


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The sharpness of each net at initialisation, seen at each of the `LENGTHS`."""
    batches = [laboratory.batch(BATCH)]
    limit = stability_limit(laboratory.config.lr, laboratory.config.momentum)
    return [
        {
            "net": net,
            "length": length,
            "sharpness": sharpest_curvature(
                laboratory.fresh(net, seed), batches, tolerance=0.1, most=MOST, step=length
            ).sharpness,
            "limit": limit,
        }
        for net in NETS
        for length in LENGTHS
    ]


def distance(rows: Sequence[Row], net: str) -> list[float]:
    """log10 of a net's sharpness over the stability limit, for each seed."""
    return [
        log10(row["sharpness"] / row["limit"])
        for row in sorted(rows, key=lambda row: row["seed"])
        if (row["net"], row["length"]) == (net, JUDGED)
    ]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (7.6, 4.6))
    ends = []
    for net in NETS:
        family, depth = net.split("-")
        colour = plot.SHADES[family][0 if depth == "20" else 1]
        values = [
            [row["sharpness"] for row in rows if (row["net"], row["length"]) == (net, length)]
            for length in LENGTHS
        ]
        middle = [geometric(of_length) for of_length in values]
        ax.plot(LENGTHS, middle, "o-", color=colour, linewidth=2.2, zorder=3)
        ax.fill_between(
            LENGTHS, [*map(min, values)], [*map(max, values)], color=colour, alpha=0.18, linewidth=0
        )
        times = middle[LENGTHS.index(JUDGED)] / rows[0]["limit"]
        ends.append((log10(middle[-1]), f"{net}: {_times(times)}", colour, LENGTHS[-1]))
    limit = rows[0]["limit"]
    edge = [LENGTHS[0] / 1.5, LENGTHS[-1]]
    ax.plot(edge, [limit, limit], color="black", linewidth=1.2, linestyle=(0, (2, 2)))
    ends.append((log10(limit), f"theory: stable below {limit:.3g}", "black", LENGTHS[-1]))
    ax.axvline(JUDGED, color=plot.GREY, linewidth=0.8)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(LENGTHS[0] / 1.5, LENGTHS[-1] * 60)
    ax.set_xticks(LENGTHS)
    ax.xaxis.minorticks_off()
    ax.set_xlabel("how far the weights move to either side")
    ax.set_ylabel("sharpness: largest eigenvalue\nof the Hessian, seen at that length")
    plot.label_ends(ax, ends)
    plot.write_below(
        figure,
        f"{caption}; at initialisation, {BATCH} images, batch norm in training mode; "
        f"{plot.seeds(rows, 'geometric mean and range of {} seeds')}; the numbers: how many times "
        f"the limit, 2 (1 + momentum) / lr = {limit:.3g}, at a length of {JUDGED:g}",
    )
    return figure


def _times(factor):
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.2g} times"


CRITERIA = (
    above(
        "in plain-56 at initialisation, log10 of the sharpness over 2 (1 + momentum) / lr",
        partial(distance, net="plain-56"),
        FAR,
        FAR_MARGIN,
    ),
    below(
        "in resnet-56 at initialisation, how far that logarithm is from 0",
        lambda rows: [abs(value) for value in distance(rows, "resnet-56")],
        NEAR,
        NEAR_MARGIN,
    ),
)

CLAIM = Claim(
    name="sharpness-at-start",
    statement="A deep plain net starts far above the edge of stability, where steps of the usual "
    "size fling the weights about; a residual net starts near it.",
    source="Cohen et al. 2021, arXiv:2103.00065, for the limit 2 (1 + momentum) / lr; that plain "
    "nets start above it is our conjecture",
    predictions={
        "too sharp to begin with": "plain-56 at more than ten times 2 (1 + momentum) / lr, "
        "resnet-56 within a factor of three of it",
        "Cohen et al.": "nets start below the limit, and sharpness rises up to it in training",
    },
    columns=("seed", "net", "length", "sharpness", "limit"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.3,
)
