"""Do gradients vanish in a plain net with batch norm, before the first step?"""

from collections.abc import Sequence
from functools import partial
from math import log10
from statistics import mean

from ... import functional as F
from ... import plot
from ...autograd import Tensor
from ...diagnostics import gradient_norms
from ...types import Figure, Row
from .frame.claim import Claim
from .frame.criterion import below
from .frame.laboratory import Laboratory

NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
VANISHED = -1.0  # log10: the first layer's gradient is a tenth of the last's
MARGIN = 0.3  # a factor of 2


def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The norm of the gradient of each convolution's weights before the first step."""
    images, labels = laboratory.batch(128)
    rows = []
    for name in NETS:
        net = laboratory.fresh(name, seed)
        F.cross_entropy(net(Tensor(images)), labels).backward()
        rows += [
            {"net": name, "depth": layer.depth, "gradient_norm": layer.gradient_norm}
            for layer in gradient_norms(net)[:-1]
        ]
    return rows


def fall(rows: Sequence[Row], net: str) -> list[float]:
    """log10 of the first layer's gradient norm over the last convolution's, for each seed: negative
    where gradients vanish towards the images.
    """
    found = []
    for seed in sorted({row["seed"] for row in rows}):
        norms = [
            row["gradient_norm"]
            for row in sorted(rows, key=lambda row: row["depth"])
            if (row["net"], row["seed"]) == (net, seed)
        ]
        found.append(log10(norms[0] / norms[-1]))
    return found


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, (ax,) = plot.panels(1, (6.8, 4.4))
    for net in NETS:
        depths = sorted({row["depth"] for row in rows if row["net"] == net})
        norms = [
            10
            ** mean(
                log10(row["gradient_norm"])
                for row in rows
                if (row["net"], row["depth"]) == (net, depth)
            )
            for depth in depths
        ]
        ax.plot(
            depths,
            norms,
            color=plot.SHADES[net.split("-")[0]][0 if net.endswith("20") else 1],
            linewidth=2.2,
            label=net,
            zorder=3,
        )
    last = max(row["depth"] for row in rows if row["net"] == "plain-56")
    end = 10 ** mean(
        log10(row["gradient_norm"])
        for row in rows
        if (row["net"], row["depth"]) == ("plain-56", last)
    )
    ax.plot(
        [1, last],
        [end * 1.21 ** (last - 1), end],
        color=plot.GREY,
        linewidth=1.2,
        linestyle=(0, (2, 2)),
        label="theory: 1.21 a layer",
    )
    ax.set_yscale("log")
    ax.set_xlabel("layer, from the images to the logits")
    ax.set_ylabel("gradient norm of the layer's weights")
    ax.legend()
    plot.write_below(
        figure, f"{caption}; at initialisation, {plot.seeds(rows, 'geometric mean of {} seeds')}"
    )
    return figure


CRITERIA = (
    below(
        "in plain-56, log10 of the first layer's weight gradient over the last convolution's",
        partial(fall, net="plain-56"),
        VANISHED,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="vanishing-at-initialisation",
    statement="In a deep plain net with batch norm, gradients vanish towards the images.",
    source="blog posts and lectures; disputed by He et al. 2015, arXiv:1512.03385, section 4.1, "
    "and by Yang et al. 2019, arXiv:1902.08129",
    predictions={
        "blog posts": "the first layer's gradient is a small fraction of the last's",
        "He et al.": "gradients are healthy with batch norm",
        "Yang et al.": "they explode: 1.21 times larger with every layer towards the images, in "
        "wide nets",
    },
    columns=("seed", "net", "depth", "gradient_norm"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
