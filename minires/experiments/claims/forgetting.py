"""Does a deep plain net forget the class of its input, layer by layer?"""

from collections.abc import Sequence
from functools import partial
from math import pi

from ... import plot
from ...diagnostics import memory
from ...types import Figure, Mode, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory

NETS = ("plain-20", "plain-56", "resnet-56")
MOMENTS = ("at initialisation", "after training")
IMAGES = 1000  # images to fit the linear probes to, and as many others to test them on
WIDE = pi / (2 * (pi - 1))  # 0.733: a layer of a wide plain net multiplies small correlations by it
HALF, HALF_MARGIN = 0.5, 0.1  # fractions of the first block's gap
LOST, LOST_MARGIN = 10.0, 3.0  # percentage points: about an eighth of what a probe can gain


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """What each block's output still says about the class, before and after training.

    The column ``gap`` holds the mean cosine of pairs of images of one class minus that of pairs of
    different classes, ``probe_error`` the error of a linear probe in percent.
    """
    seen, new = laboratory.batch(IMAGES), laboratory.batch(IMAGES, test=True)
    rows = []
    for net in NETS:
        models = laboratory.fresh(net, seed), laboratory.trained(net, seed)
        for moment, model in zip(MOMENTS, models):
            # A fresh net has no running statistics yet.
            mode: Mode = "train" if moment == MOMENTS[0] else "eval"
            rows += [
                {
                    "net": net,
                    "moment": moment,
                    "depth": layer.depth,
                    "gap": layer.same - layer.different,
                    "probe_error": layer.probe_error,
                }
                for layer in memory(model, *seen, *new, mode=mode)
            ]
    return rows


def kept(rows: Sequence[Row], net: str, moment: str) -> list[float]:
    """The gap after the last block as a fraction of the gap after the first, for each seed."""
    found = []
    for seed in seeds_of(rows):
        chosen = [row for row in rows if _is(row, net, moment) and row["seed"] == seed]
        gaps = [row["gap"] for row in sorted(chosen, key=lambda row: row["depth"])]
        found.append(gaps[-1] / gaps[0])
    return found


def lost(rows: Sequence[Row], net: str, moment: str) -> list[float]:
    """The probe's error after the last block minus the smallest after any block, for each seed."""
    found = []
    for seed in seeds_of(rows):
        chosen = [row for row in rows if _is(row, net, moment) and row["seed"] == seed]
        last = max(chosen, key=lambda row: row["depth"])
        found.append(last["probe_error"] - min(row["probe_error"] for row in chosen))
    return found


def _is(row, net, moment):
    return (row["net"], row["moment"]) == (net, moment)


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(4, (13.6, 4.6), widths=(1, 1.35, 1, 1.35))
    for pair, quantity in ((axes[:2], "gap"), (axes[2:], "probe_error")):
        pair[1].sharey(pair[0])
        for ax, moment in zip(pair, MOMENTS):
            ends = [_line(ax, rows, net, moment, quantity) for net in NETS]
            ax.set_title(moment)
            ax.set_xlabel("layer")
            ax.set_xticks(range(0, max(x for *_, x in ends) + 1, 10))
        _theory(pair[0], rows) if quantity == "gap" else [plot.guessing(ax) for ax in pair]
        pair[1].set_xlim(right=1.5 * max(x for *_, x in ends))
        plot.label_ends(pair[1], ends)
    axes[0].set_ylabel("cosine, pairs of one class minus other pairs")
    axes[2].set_ylabel("error of a linear probe, %")
    plot.write_below(
        figure,
        f"{caption}; outputs of the blocks, averaged over a grid of 4x4 cells; {IMAGES:,} test "
        f"images, probes fitted to {IMAGES:,} training images; "
        f"{plot.seeds(rows, 'mean and range of {} seeds')}; dotted: theory for wide plain nets, "
        f"a factor of {WIDE:.3f} a layer, and guessing",
    )
    return figure


def _line(ax, rows, net, moment, quantity):
    family, depth = net.split("-")
    colour = plot.SHADES[family][0 if depth == "20" else 1]
    chosen = [row for row in rows if _is(row, net, moment)]
    depths = sorted({row["depth"] for row in chosen})
    values = [[row[quantity] for row in chosen if row["depth"] == depth] for depth in depths]
    middle = [sum(of_depth) / len(of_depth) for of_depth in values]
    ax.plot(depths, middle, color=colour, linewidth=2.2, zorder=3)
    ax.fill_between(
        depths, [*map(min, values)], [*map(max, values)], color=colour, alpha=0.18, linewidth=0
    )
    return middle[-1], net, colour, depths[-1]


def _theory(ax, rows):
    """Draw how the gap of plain-56's first block shrinks from layer to layer in a wide net."""
    chosen = [row for row in rows if _is(row, "plain-56", MOMENTS[0])]
    depths = sorted({row["depth"] for row in chosen})
    first = [row["gap"] for row in chosen if row["depth"] == depths[0]]
    start = sum(first) / len(first)
    ax.plot(
        depths,
        [start * WIDE ** (depth - depths[0]) for depth in depths],
        color="black",
        linewidth=1.2,
        linestyle=(0, (2, 2)),
        zorder=4,
    )


CRITERIA = (
    *(
        side(
            f"{moment}, cosine of pairs of one class minus that of others, after the last block of "
            f"{net} over after the first",
            partial(kept, net=net, moment=moment),
            HALF,
            HALF_MARGIN,
        )
        for moment in MOMENTS
        for net, side in (("plain-56", below), ("plain-20", above), ("resnet-56", above))
    ),
    *(
        above(
            f"{moment}, error of a linear probe after the last block of plain-56 minus the "
            "smallest after any",
            partial(lost, net="plain-56", moment=moment),
            LOST,
            LOST_MARGIN,
            "points",
        )
        for moment in MOMENTS
    ),
)

CLAIM = Claim(
    name="forgetting",
    statement="A deep plain net forgets the class of its input on the way to its last layer, "
    "before and after training; plain-20 and a residual net do not.",
    source="Philipp et al. 2018, arXiv:1712.05577; Yang et al. 2019, arXiv:1902.08129, for the "
    "rate at initialisation",
    predictions={
        "Philipp et al.": "the deeper a plain net, the less its last layers tell inputs apart; "
        "residual nets keep them apart",
        "wide nets at initialisation": "what images have in common shrinks to 0.733 of it with "
        "every plain layer, in plain-20, too: nothing is left after 54",
        "forgetting is not what plain-56 suffers from": "the class can be read off its last block "
        "as well as off any other",
    },
    columns=("seed", "net", "moment", "depth", "gap", "probe_error"),
    text=("net", "moment"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.1,
)
