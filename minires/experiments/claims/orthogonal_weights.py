"""Do orthogonal weights stop the gradient explosion that batch norm brings?"""

from collections.abc import Sequence
from functools import partial
from math import log, log10, pi, sqrt

from ... import nn, plot
from ...diagnostics import Growth, growth, propagation
from ...diagnostics.parts import main_path
from ...random import stream
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import above, below, seeds_of
from .frame.laboratory import Laboratory, geometric

DEPTH, WIDTH = 50, 256  # of the fully connected nets
IMAGES = 1024  # for the statistics of batch norm in these nets: more than a layer has units
CONV_IMAGES = 128  # for those of plain-56
WIDE = sqrt(pi / (pi - 1))  # 1.21 a layer: wide layers, ReLU, Gaussian weights (Yang et al. 2019)
KINDS = {  # name -> whether there are ReLUs, the weights, colour
    "linear, orthogonal": (False, "orthogonal", plot.OTHERS[0]),
    "linear, Gaussian": (False, "Gaussian", plot.OTHERS[1]),
    "ReLU, orthogonal": (True, "orthogonal", plot.OTHERS[2]),
    "ReLU, Gaussian": (True, "Gaussian", plot.COLOURS["plain"]),
}
CONVOLUTIONS = {  # the net of convolutions, with ReLU
    "plain-56, orthogonal": ("orthogonal", plot.OTHERS[2]),
    "plain-56, Gaussian": ("Gaussian", plot.COLOURS["plain"]),
}
FIRST = 10  # growth is measured from here on: earlier layers still depend on how images correlate
FLAT, FLAT_MARGIN = 0.02, 0.005  # ln of the factor a layer: 0.02 is a factor of 2.2 in 40 layers
OF_THEORY, THEORY_MARGIN = 0.03, 0.005  # ln of the factor a layer: half way from 1.21 to 1.14


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Gradient norms of each layer's output at initialisation, with Gaussian and orthogonal
    weights, in fully connected nets and in plain-56.
    """
    rows = []
    images, labels = laboratory.batch(IMAGES)
    images = images.reshape(len(images), -1)
    classes = len(laboratory.train_set.classes)
    few = laboratory.batch(CONV_IMAGES)
    for kind, (relu, weights, _) in KINDS.items():
        build = partial(chain, images.shape[1], classes, relu, weights)
        found = propagation(lambda draw: build(draw).to(laboratory.device), images, labels, [seed])
        rows += _rows(kind, found)
    for kind, (weights, _) in CONVOLUTIONS.items():
        found = propagation(lambda draw: _plain(laboratory, weights, draw), *few, [seed])
        rows += _rows(kind, found)
    return rows


def _rows(kind, found):
    return [
        {"kind": kind, "depth": layer.depth, "gradient_norm": layer.gradient_norm}
        for layer in found.layers[:-1]
    ]


def chain(in_features: int, classes: int, relu: bool, weights: str, seed: int) -> nn.Sequential:
    """A net of `DEPTH` linear layers, with batch norm after each layer but the last, and with ReLU
    after batch norm if `relu`.

    `weights` is "Gaussian" or "orthogonal". The net maps (N, in_features) to (N, classes).
    """
    rng, layers = stream(seed, "weights"), []
    widths = [in_features, *[WIDTH] * (DEPTH - 1)]
    for in_width, width in zip(widths, widths[1:]):
        layers += [nn.Linear(in_width, width, bias=False, rng=rng), nn.BatchNorm2d(width)]
        layers += [nn.ReLU()] * relu
    net = nn.Sequential(*layers, nn.Linear(WIDTH, classes, rng=rng, std=0.01))
    return _with_weights(net, weights, rng)


def _plain(laboratory: Laboratory, weights: str, seed: int) -> nn.Module:
    net = laboratory.fresh("plain-56", seed).to("cpu")
    return _with_weights(net, weights, stream(seed, "weights")).to(laboratory.device)


def _with_weights(net, weights, rng):
    """The net, with orthogonal weights in all layers but the last if `weights` is "orthogonal".

    The scale of these weights does not matter, because batch norm follows.
    """
    if weights == "orthogonal":
        for layer in list(main_path(net).values())[:-1]:
            layer.weight.data[...] = nn.init.orthogonal(layer.weight.shape, rng)
    return net


def slope(rows: Sequence[Row], kind: str, seed: int) -> Growth:
    """How the gradient grows from layer to layer, from layer `FIRST` on: a line fitted to its
    logarithms.
    """
    chosen = [
        row for row in rows if (row["kind"], row["seed"]) == (kind, seed) and row["depth"] >= FIRST
    ]
    return growth([[row["gradient_norm"] for row in sorted(chosen, key=lambda row: row["depth"])]])


def apart(rows: Sequence[Row], kind: str, factor: float) -> list[float]:
    """How far the measured factor a layer is from `factor`, as a difference of logarithms, for each
    seed.
    """
    return [abs(-slope(rows, kind, seed).slope - log(factor)) for seed in seeds_of(rows)]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (10.4, 4.6), widths=(1.25, 1))
    colours = {kind: colour for kind, (_, _, colour) in KINDS.items()}
    _lines(axes[0], rows, colours)
    back = range(DEPTH - 1)
    for factor, place, offset in ((1.0, 0, (2, -11)), (WIDE, 9 * (DEPTH - 2) // 10, (-6, 4))):
        theory = [factor**layers for layers in back]
        axes[0].plot(back, theory, color="black", linewidth=1.2, linestyle=(0, (2, 2)), zorder=4)
        axes[0].annotate(
            f"theory: {factor:.3g} a layer",
            (place, theory[place]),
            xytext=offset,
            textcoords="offset points",
            ha="left" if factor == 1 else "right",
            fontsize=8.5,
        )
    axes[0].set_title(f"{DEPTH} linear layers, {WIDTH} wide")
    _lines(axes[1], rows, {kind: colour for kind, (_, colour) in CONVOLUTIONS.items()})
    axes[1].set_title("convolutions")
    axes[0].set_ylabel("gradient norm of the layer's output,\nrelative to the last one's")
    plot.write_below(
        figure,
        f"{caption}; at initialisation, batch norm in training mode over {IMAGES:,} images "
        f"(convolutions: {CONV_IMAGES}); "
        f"{plot.seeds(rows, 'geometric mean of {} seeds')}; in brackets the factor a layer "
        f"from layer {FIRST} on; theory: sqrt(pi / (pi - 1)) = 1.21 with ReLU, in wide layers",
    )
    return figure


def _lines(ax, rows, colours):
    ends = []
    for kind, colour in colours.items():
        chosen = [row for row in rows if row["kind"] == kind]
        depths = sorted({row["depth"] for row in chosen})
        norms = [
            geometric([row["gradient_norm"] for row in chosen if row["depth"] == depth])
            for depth in depths
        ]
        norms = [norm / norms[-1] for norm in norms][::-1]
        ax.plot(range(len(norms)), norms, color=colour, linewidth=2.2, zorder=3)
        factor = geometric([slope(rows, kind, seed).per_layer for seed in seeds_of(rows)])
        name = kind.replace("plain-56, ", "")
        ends.append((log10(norms[-1]), f"{name} ({factor:.3f})", colour, len(norms) - 1))
    ax.set_yscale("log")
    ax.set_xlabel("layers on the way back from the logits")
    ax.set_xlim(0, 1.75 * len(norms))
    ax.set_xticks(range(0, len(norms) + 1, 10))
    ax.set_ylim(bottom=0.4)
    plot.label_ends(ax, ends)


CRITERIA = (
    below(
        "without ReLU and with orthogonal weights, how far ln of the gradient's factor a layer is "
        "from 0",
        partial(apart, kind="linear, orthogonal", factor=1.0),
        FLAT,
        FLAT_MARGIN,
    ),
    above(
        "without ReLU and with Gaussian weights, how far it is from 0",
        partial(apart, kind="linear, Gaussian", factor=1.0),
        FLAT,
        FLAT_MARGIN,
    ),
    below(
        "with ReLU and Gaussian weights, how far it is from ln 1.21",
        partial(apart, kind="ReLU, Gaussian", factor=WIDE),
        OF_THEORY,
        THEORY_MARGIN,
    ),
)

CLAIM = Claim(
    name="orthogonal-weights",
    statement="Batch norm makes gradients explode, by 1.21 a layer with ReLU and Gaussian weights; "
    "without ReLU, orthogonal weights stop that and Gaussian ones do not.",
    source="Meterez et al. 2024, arXiv:2310.02012; Yang et al. 2019, arXiv:1902.08129",
    predictions={
        "Meterez et al.": "a factor of 1 a layer for linear layers with orthogonal weights, more "
        "with Gaussian ones",
        "Yang et al.": "sqrt(pi / (pi - 1)) = 1.21 a layer for ReLU and Gaussian weights, in wide "
        "nets",
        "the explosion is batch norm's alone": "about 1.21 a layer, whatever the weights",
    },
    columns=("seed", "kind", "depth", "gradient_norm"),
    text=("kind",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    cost=0.05,
)
