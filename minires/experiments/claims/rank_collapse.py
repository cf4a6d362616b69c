"""Does a deep net without batch norm map all images to the same direction?"""

from collections.abc import Sequence
from functools import partial
from math import log10, sqrt

from ... import plot
from ...diagnostics import effective_ranks
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory, geometric

CONVOLUTIONS = {  # net -> name in the figure, colour
    "plain-20": ("plain-20", plot.SHADES["plain"][0]),
    "plain-56": ("plain-56", plot.SHADES["plain"][1]),
    "resnet-56": ("resnet-56", plot.SHADES["resnet"][1]),
    "bare-56": ("plain-56,\nno batch norm", plot.GREY),
}
LINEAR = {
    "plain-mlp-56": ("with batch norm", plot.SHADES["plain"][1]),
    "bare-mlp-56": ("without", plot.GREY),
}
IMAGES = 256
ONE, ONE_MARGIN = 2.0, 0.3  # effective rank below which a net has all but collapsed to rank 1
BOUND, BOUND_MARGIN = 1.0, 0.2  # effective rank as a multiple of sqrt(outputs)


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The effective rank of each block's or hidden layer's output at initialisation."""
    images, _ = laboratory.batch(IMAGES)
    rows = []
    for net in (*CONVOLUTIONS, *LINEAR):
        ranks = effective_ranks(laboratory.fresh(net, seed), images, mode="train", centred=False)
        if net in LINEAR:
            ranks = ranks[:-1]  # the logits: as many outputs as classes
        rows += [
            {"net": net, "depth": layer.depth, "outputs": layer.outputs, "rank": layer.rank}
            for layer in ranks
        ]
    return rows


def at_the_end(rows: Sequence[Row], net: str) -> list[Row]:
    """The row of a net's last block or hidden layer, for each seed."""
    return [
        max(
            (row for row in rows if (row["net"], row["seed"]) == (net, seed)),
            key=lambda row: row["depth"],
        )
        for seed in seeds_of(rows)
    ]


def rank(rows: Sequence[Row], net: str) -> list[float]:
    """The effective rank of a net's last block or hidden layer, for each seed."""
    return [row["rank"] for row in at_the_end(rows, net)]


def over_bound(rows: Sequence[Row], net: str) -> list[float]:
    """The same effective rank over sqrt(outputs), for each seed."""
    return [row["rank"] / sqrt(row["outputs"]) for row in at_the_end(rows, net)]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (10.4, 4.6), share_y=True)
    axes[0].set_ylabel("effective rank of the outputs")
    for ax, nets, title in zip(
        axes, (CONVOLUTIONS, LINEAR), ("convolutions", "fully connected layers")
    ):
        ax.set_title(title)
        ends = [_line(ax, rows, net, *look) for net, look in nets.items()]
        deepest = max(row["depth"] for row in rows if row["net"] in nets)
        ends.append(_theory(ax, rows, next(reversed(nets))))
        ax.set_xlim(0, 1.5 * deepest)
        ax.set_xticks(range(0, deepest + 1, 10))
        ax.set_xlabel("layer, from the images to the logits")
        ax.set_yscale("log")
        highest = max(row["rank"] for row in rows)
        ax.set_ylim(0.75, 1.3 * highest)
        ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200) if tick <= highest]
        ax.set_yticks(ticks, [str(tick) for tick in ticks])
        ax.yaxis.minorticks_off()
        plot.label_ends(ax, ends)
    plot.write_below(
        figure,
        f"{caption}; {IMAGES} images at initialisation, batch norm in training mode; "
        f"{plot.seeds(rows, 'geometric mean and range of {} seeds')}; theory with batch norm "
        "is a lower bound, up to a factor",
    )
    return figure


def _line(ax, rows, net, name, colour):
    chosen = [row for row in rows if row["net"] == net]
    depths = sorted({row["depth"] for row in chosen})
    values = [[row["rank"] for row in chosen if row["depth"] == depth] for depth in depths]
    middle = [geometric(of_depth) for of_depth in values]
    ax.plot(depths, middle, color=colour, linewidth=2.2, zorder=3)
    ax.fill_between(
        depths, [*map(min, values)], [*map(max, values)], color=colour, alpha=0.18, linewidth=0
    )
    return log10(middle[-1]), name, colour, depths[-1]


def _theory(ax, rows, net):
    """Draw what theory predicts: 1 without batch norm, and sqrt(outputs) with it. A block's outputs
    are channels times pixels, so their number falls from stage to stage.
    """
    style = {"color": "black", "linewidth": 1.2, "linestyle": (0, (2, 2))}
    outputs = {row["depth"]: row["outputs"] for row in rows if row["net"] == net}
    depths = sorted(outputs)
    ax.plot([depths[0], depths[-1]], [1, 1], **style)
    bound = [sqrt(outputs[depth]) for depth in depths]
    ax.step(depths, bound, where="mid", **style)
    ax.annotate(
        "theory without batch norm",
        (depths[0], 1),
        xytext=(2, 3),
        textcoords="offset points",
        fontsize=8.5,
    )
    return log10(bound[-1]), "theory with batch\nnorm: sqrt(outputs)", "black", depths[-1]


CRITERIA = tuple(
    criterion
    for bare, usual, name in (
        ("bare-56", "plain-56", "plain-56"),
        ("bare-mlp-56", "plain-mlp-56", "plain-mlp-56"),
    )
    for criterion in (
        below(
            f"effective rank of {IMAGES} images at the end of {name} without batch norm",
            partial(rank, net=bare),
            ONE,
            ONE_MARGIN,
            "directions",
        ),
        above(
            f"that of {name} with batch norm over the root of the number of outputs",
            partial(over_bound, net=usual),
            BOUND,
            BOUND_MARGIN,
        ),
    )
)

CLAIM = Claim(
    name="rank-collapse",
    statement="Without batch norm, a deep plain net sends all images one way at initialisation; "
    "batch norm keeps them apart, at any depth.",
    source="Daneshmand et al. 2020, arXiv:2003.01652, theorem 1 (linear nets; ReLU in experiments)",
    predictions={
        "Daneshmand et al.": "an effective rank of about 1 without batch norm, and with it of the "
        "order of sqrt(outputs) or more at any depth: here 23 after convolutions, 8 after fully "
        "connected layers",
        "depth alone mixes everything up": "small ranks with batch norm, too",
    },
    columns=("seed", "net", "depth", "outputs", "rank"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.05,
)
