"""Do gradients vanish in a plain net without batch norm, whatever its initial weights?"""

from collections.abc import Sequence
from functools import partial
from math import log10, sqrt
from statistics import mean

from ... import models, plot
from ...diagnostics import propagation
from ...nn import Module
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import below, seeds_of
from .frame.laboratory import Laboratory

# The standard deviation of the initial weights is gain / sqrt(fan_in).
GAINS = {
    "gain 1": 1.0,
    "gain sqrt 2 (He)": sqrt(2),
    "gain 2": 2.0,
}
DEPTH, DRAWS, BATCH = 20, 5, 32
VANISHED = -1.0  # log10: the first layer's gradient is a tenth of the last's
MARGIN = 0.3  # a factor of 2


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Gradient norms of each layer's output before the first step, for each gain: root mean squares
    over `DRAWS` random draws of the weights.
    """
    images, labels = laboratory.batch(BATCH)
    rows = []
    for name, gain in GAINS.items():
        found = propagation(
            lambda draw: _scaled(laboratory, draw, gain),
            images,
            labels,
            seeds=range(DRAWS * seed, DRAWS * (seed + 1)),
        )
        rows += [
            {"gain": name, "depth": layer.depth, "gradient_norm": layer.gradient_norm}
            for layer in found.layers[:-1]
        ]
    return rows


def _scaled(laboratory: Laboratory, seed: int, gain: float) -> Module:
    """A plain net without batch norm, its convolution weights scaled from He's gain, sqrt(2), to
    `gain`.
    """
    net = models.plain(
        DEPTH,
        width=laboratory.width,
        batch_norm=False,
        num_classes=len(laboratory.train_set.classes),
        seed=seed,
    )
    for parameter in net.parameters():
        if parameter.ndim > 2:
            parameter.data *= gain / sqrt(2)
    return net.to(laboratory.device)


def _falls(rows: Sequence[Row], gain: str) -> list[float]:
    return [_fall(rows, gain, seed) for seed in seeds_of(rows)]


def _fall(rows, name, seed):
    norms = [
        row["gradient_norm"]
        for row in sorted(rows, key=lambda row: row["depth"])
        if (row["gain"], row["seed"]) == (name, seed)
    ]
    return log10(norms[0] / norms[-1])


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (6.4, 4.4))
    for (name, gain), colour in zip(GAINS.items(), plot.SHADES["plain"]):
        depths = sorted({row["depth"] for row in rows})
        norms = [
            mean(
                log10(row["gradient_norm"])
                for row in rows
                if (row["gain"], row["depth"]) == (name, depth)
            )
            for depth in depths
        ]
        norms = [10 ** (value - norms[-1]) for value in norms]
        theory = [(gain / sqrt(2)) ** (depths[-1] - depth) for depth in depths]
        ax.plot(depths, norms, color=colour, linewidth=2.2, label=name, zorder=3)
        ax.plot(depths, theory, color=colour, linewidth=1.2, linestyle=(0, (2, 2)))
    ax.set_yscale("log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("layer, from the images to the logits")
    ax.set_ylabel("gradient norm of the layer's output,\nrelative to the last convolution's")
    ax.legend()
    plot.write_below(
        figure,
        f"{caption}; plain-{DEPTH} without batch norm, {DRAWS} draws a seed; dotted: "
        "theory, a factor gain / sqrt 2 a layer",
    )
    return figure


CRITERIA = (
    *(
        below(
            f"with {name}, log10 of the first layer's gradient over the last convolution's",
            partial(_falls, gain=name),
            VANISHED,
            MARGIN,
        )
        for name in GAINS
    ),
)

CLAIM = Claim(
    name="vanishing-without-batch-norm",
    statement="In a deep plain net without batch norm gradients vanish, whatever the weights.",
    source="textbooks, after Glorot and Bengio 2010; He et al. 2015, arXiv:1502.01852, show that "
    "it depends on the weights",
    predictions={
        "textbooks": "the first layer's gradient is a small fraction of the last's, whatever "
        "the weights",
        "theory": "each layer multiplies the norm by gain / sqrt(2): it vanishes, stays or "
        "explodes with gains 1, sqrt 2 and 2",
    },
    columns=("seed", "gain", "depth", "gradient_norm"),
    text=("gain",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
