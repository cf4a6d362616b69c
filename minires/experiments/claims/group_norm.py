"""Does batch norm cause the gradient explosion, and does plain-56 train better without it?"""

from collections.abc import Sequence
from functools import partial
from math import exp, log10, pi, sqrt
from statistics import mean

from ... import plot
from ...diagnostics import growth, propagation
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory, geometric

NETS = {  # net -> name in the figure, colour
    "plain-56": ("batch norm", plot.COLOURS["plain"]),
    "group-norm-56": ("group norm", plot.OTHERS[0]),
    "layer-norm-56": ("layer norm", plot.OTHERS[1]),
}
BATCH = 128
# Theory for wide layers: the gradient grows 1.21 times a layer with batch norm (Yang et al. 2019),
# and not at all with layer norm.
WIDE = sqrt(pi / (pi - 1))
CALM, STEEP, GROWTH_MARGIN = 1.05, 1.1, 0.02  # factors a layer: 14 and 172 times in 54 layers
MARGIN = 2.0  # percentage points
GRADIENT, TRAIN, TEST = "gradient norm", "training error", "test error"


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Gradient norms of each layer's output at initialisation, and the errors after training.

    Errors belong to no layer; their column ``depth`` is 0.
    """
    images, labels = laboratory.batch(BATCH)
    rows = []
    for net in NETS:
        found = propagation(lambda draw: laboratory.fresh(net, draw), images, labels, [seed])
        rows += [
            {"net": net, "what": GRADIENT, "depth": layer.depth, "value": layer.gradient_norm}
            for layer in found.layers[:-1]
        ]
        last = laboratory.metrics(net, seed)[-1]
        rows += [
            {"net": net, "what": what, "depth": 0, "value": last[column]}
            for what, column in ((TRAIN, "train_error"), (TEST, "test_error"))
        ]
    return rows


def of(rows: Sequence[Row], net: str, what: str) -> list[Row]:
    """The rows of one quantity of a net, sorted by seed and depth."""
    chosen = [row for row in rows if (row["net"], row["what"]) == (net, what)]
    return sorted(chosen, key=lambda row: (row["seed"], row["depth"]))


def factors(rows: Sequence[Row], net: str) -> list[float]:
    """The factor by which the gradient grows from one layer to the layer before it, for each
    seed.
    """
    return [
        exp(
            -growth(
                [[row["value"] for row in of(rows, net, GRADIENT) if row["seed"] == seed]]
            ).slope
        )
        for seed in seeds_of(rows)
    ]


def gain(rows: Sequence[Row], net: str) -> list[float]:
    """Training error of `net` minus that of plain-56 with batch norm, for each seed; negative where
    `net` is better.
    """
    pairs = zip(of(rows, net, TRAIN), of(rows, "plain-56", TRAIN), strict=True)
    return [one["value"] - usual["value"] for one, usual in pairs]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (10.4, 4.6), widths=(1.6, 1))
    ends = []
    for place, (net, (name, colour)) in enumerate(NETS.items()):
        chosen = of(rows, net, GRADIENT)
        depths = sorted({row["depth"] for row in chosen})
        norms = [
            geometric([row["value"] for row in chosen if row["depth"] == depth]) for depth in depths
        ]
        norms = [norm / norms[-1] for norm in norms][::-1]
        axes[0].plot(range(len(norms)), norms, color=colour, linewidth=2.2, zorder=3)
        factor = geometric(factors(rows, net))
        ends.append((log10(norms[-1]), f"{name} ({factor:.3f})", colour, len(norms) - 1))
        _bar(axes[1], rows, net, place, colour)
    for factor, norm, offset in ((1.0, "layer", -11), (WIDE, "batch", 5)):
        theory = [factor**layers for layers in range(len(norms))]
        axes[0].plot(theory, color="black", linewidth=1.2, linestyle=(0, (2, 2)), zorder=4)
        place = 0 if factor == 1 else 2 * len(norms) // 3
        axes[0].annotate(
            f"theory, {norm} norm: {factor:.3g} a layer",
            (place, theory[place]),
            xytext=(2 if factor == 1 else -8, offset),
            textcoords="offset points",
            ha="left" if factor == 1 else "right",
            fontsize=8.5,
        )
    axes[0].set_yscale("log")
    axes[0].set_xlim(0, 1.4 * len(norms))
    axes[0].set_xticks(range(0, len(norms) + 1, 10))
    axes[0].set_ylim(bottom=0.4)
    axes[0].set_xlabel("layers on the way back from the logits")
    axes[0].set_ylabel("gradient norm of the layer's output,\nrelative to the last one's")
    axes[0].set_title("plain-56 at initialisation")
    plot.label_ends(axes[0], ends)
    axes[1].set_title("plain-56 after training")
    axes[1].set_ylabel("training error, %")
    axes[1].set_xticks(range(len(NETS)), [name.replace(" ", "\n") for name, _ in NETS.values()])
    axes[1].grid(axis="x", visible=False)
    plot.guessing(axes[1])
    plot.write_below(
        figure,
        f"{caption}; {plot.seeds(rows, 'geometric mean of {} seeds, dots: each')}; in brackets the "
        "factor a layer; theory: for wide layers; grey: test error and the error of guessing",
    )
    return figure


def _bar(ax, rows, net, place, colour):
    values = [row["value"] for row in of(rows, net, TRAIN)]
    others = [row["value"] for row in of(rows, net, TEST)]
    ax.bar(place, mean(values), width=0.62, color=colour)
    ax.plot([place] * len(values), values, "o", color="black", markersize=3.5, zorder=4)
    ax.plot([place + 0.4] * len(others), others, "_", color=plot.GREY, markersize=9, zorder=4)
    ax.annotate(
        f"{mean(values):.1f}",
        (place, 0),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        color="white",
        fontweight="bold",
    )


CRITERIA = (
    above(
        "with batch norm, the factor of the gradient a layer in plain-56 at initialisation",
        partial(factors, net="plain-56"),
        STEEP,
        GROWTH_MARGIN,
    ),
    *(
        below(
            f"with {NETS[net][0]}, that factor",
            partial(factors, net=net),
            CALM,
            GROWTH_MARGIN,
        )
        for net in ("group-norm-56", "layer-norm-56")
    ),
    *(
        below(
            f"training error of plain-56 with {NETS[net][0]} minus with batch norm",
            partial(gain, net=net),
            0,
            MARGIN,
            "points",
        )
        for net in ("group-norm-56", "layer-norm-56")
    ),
)

CLAIM = Claim(
    name="group-norm",
    statement="The explosion is batch norm's: with group norm or layer norm the gradients of a "
    "deep plain net do not explode at initialisation, and it trains better.",
    source="Yang et al. 2019, arXiv:1902.08129, for batch norm; Wu and He 2018, arXiv:1803.08494, "
    "for group norm, in residual nets; for plain nets nobody seems to have published it",
    predictions={
        "the explosion does the harm": "a factor of 1 a layer, where batch norm has 1.14 to 1.21, "
        "and a lower training error",
        "the explosion is harmless": "a factor of 1 a layer, and the same training error or a "
        "higher one",
        "it is not batch norm's": "gradients explode with any normalisation",
    },
    columns=("seed", "net", "what", "depth", "value"),
    text=("net", "what"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
