"""Is the loss of a fresh plain net too sharp for the learning rate?"""

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
FAR, FAR_MARGIN = 1.0, 0.3  # log10: ten times the limit; a factor of 2
NEAR, NEAR_MARGIN = 0.5, 0.1  # log10: within a factor of 3; a quarter


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    batches = [laboratory.batch(BATCH)]
    limit = stability_limit(laboratory.config.lr, laboratory.config.momentum)
    rows = []
    for net in NETS:
        found = sharpest_curvature(laboratory.fresh(net, seed), batches, seed=seed)
        rows.append({"net": net, "sharpness": found.sharpness, "limit": limit})
    return rows


def distance(rows: Sequence[Row], net: str) -> list[float]:
    """log10 of a net's sharpness over the limit, for each seed."""
    return [
        log10(row["sharpness"] / row["limit"])
        for row in sorted(rows, key=lambda row: row["seed"])
        if row["net"] == net
    ]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (6.4, 4.4))
    limit = rows[0]["limit"]
    for place, net in enumerate(NETS):
        family, depth = net.split("-")
        colour = plot.SHADES[family][0 if depth == "20" else 1]
        values = [row["sharpness"] for row in rows if row["net"] == net]
        ax.plot([place, place], [limit, geometric(values)], color=colour, linewidth=9, alpha=0.55)
        ax.plot([place] * len(values), values, "o", color=colour, markersize=7, zorder=4)
        ax.annotate(
            f"{geometric(values) / limit:.3g} times",
            (place, geometric(values)),
            xytext=(13, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold",
            color=plot.SHADES[family][1],
        )
    ax.axhline(limit, color=plot.GREY, linewidth=1.4, linestyle=(0, (4, 2)), zorder=3)
    ax.set_yscale("log")
    ax.set_xticks(range(len(NETS)), NETS)
    ax.set_xlim(-0.5, len(NETS) - 0.05)
    ax.grid(axis="x", visible=False)
    ax.annotate(
        f"theory: stable below 2 (1 + momentum) / lr = {limit:.3g}",
        (0.01, limit),
        xycoords=("axes fraction", "data"),
        xytext=(0, -5),
        textcoords="offset points",
        va="top",
        fontsize=9,
        color=plot.GREY,
    )
    ax.set_ylabel("sharpness: largest eigenvalue\nof the Hessian")
    plot.write_below(
        figure,
        f"{caption}; at initialisation, {BATCH} images, batch norm in training mode; "
        f"{plot.seeds(rows, 'dots: {} seeds, numbers: their geometric mean over the limit')}",
    )
    return figure


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
    source="Cohen et al. 2021, arXiv:2103.00065, on the limit 2 (1 + momentum) / lr; that plain "
    "nets start above it is our conjecture",
    predictions={
        "too sharp to begin with": "plain-56 at more than ten times 2 (1 + momentum) / lr, "
        "resnet-56 within a factor of three of it",
        "Cohen et al.": "nets start below the limit, and sharpness rises up to it in training",
    },
    columns=("seed", "net", "sharpness", "limit"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.3,
)
