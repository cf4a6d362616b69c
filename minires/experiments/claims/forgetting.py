"""Does a deep plain net forget what class its input is of, layer by layer?"""

from collections.abc import Sequence
from functools import partial
from math import pi

from ... import plot
from ...diagnostics import memory
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory

NETS = ("plain-20", "plain-56", "resnet-56")
MOMENTS = ("at initialisation", "after training")
IMAGES = 1000  # to fit the probes to, and as many to test them on
WIDE = pi / (2 * (pi - 1))  # 0.734: what a layer leaves of small correlations, in wide plain nets
LOST, MARGIN = 10.0, 3.0  # percentage points: an eighth of what there is to know


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    seen, new = laboratory.batch(IMAGES), laboratory.batch(IMAGES, test=True)
    rows = []
    for net in NETS:
        for moment, model, mode in zip(
            MOMENTS,
            (laboratory.fresh(net, seed), laboratory.trained(net, seed)),
            ("train", "eval"),  # a fresh net has no running statistics yet
        ):
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
    figure, axes = plot.panels(4, (13.2, 4.6))
    for column, moment in enumerate(MOMENTS):
        for ax, quantity in ((axes[column], "gap"), (axes[column + 2], "probe_error")):
            for net in NETS:
                _line(ax, [row for row in rows if _is(row, net, moment)], net, quantity)
            ax.set_title(moment)
            ax.set_xlabel("layer")
    for pair in (axes[:2], axes[2:]):
        pair[1].sharey(pair[0])
    axes[0].axhline(0, color=plot.GREY, linewidth=0.8)
    axes[1].axhline(0, color=plot.GREY, linewidth=0.8)
    _theory(axes[0], rows)
    axes[0].set_ylabel("cosine, pairs of one class minus other pairs")
    axes[2].set_ylabel("error of a linear probe, %")
    axes[2].axhline(90, color=plot.GREY, linewidth=1.2, linestyle=(0, (2, 2)))
    axes[3].axhline(90, color=plot.GREY, linewidth=1.2, linestyle=(0, (2, 2)))
    axes[2].annotate(
        "guessing", (1, 90), xytext=(0, 3), textcoords="offset points", color=plot.GREY, fontsize=9
    )
    axes[0].legend()
    plot.write_below(
        figure,
        f"{caption}; outputs of the blocks, averaged over a grid of 4x4 cells; {IMAGES:,} test "
        f"images, probes fitted to {IMAGES:,} training images; "
        f"{plot.seeds(rows, 'mean and range of {} seeds')}; dotted: theory for wide plain nets, "
        f"a factor of {WIDE:.3f} a layer",
    )
    return figure


def _line(ax, rows, net, quantity):
    family, depth = net.split("-")
    colour = plot.SHADES[family][0 if depth == "20" else 1]
    depths = sorted({row["depth"] for row in rows})
    values = [[row[quantity] for row in rows if row["depth"] == depth] for depth in depths]
    middle = [sum(of_depth) / len(of_depth) for of_depth in values]
    ax.plot(depths, middle, color=colour, linewidth=2.2, label=net, zorder=3)
    ax.fill_between(
        depths, [*map(min, values)], [*map(max, values)], color=colour, alpha=0.18, linewidth=0
    )


def _theory(ax, rows):
    """From the first block of plain-56 on."""
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


CRITERIA = tuple(
    side(
        f"{moment}, error of a linear probe after the last block of {net} minus the smallest "
        "after any",
        partial(lost, net=net, moment=moment),
        LOST,
        MARGIN,
        "points",
    )
    for moment in MOMENTS
    for net, side in (("plain-56", above), ("plain-20", below), ("resnet-56", below))
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
        "wide nets at initialisation": "what images have in common shrinks to 0.734 of it with "
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
