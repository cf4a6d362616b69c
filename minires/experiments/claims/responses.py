"""Do residual blocks change their input only a little? The responses of layers, as in figure 7 of
He et al. 2015.
"""

from collections.abc import Sequence
from statistics import mean

from ... import diagnostics, plot
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import below
from .frame.laboratory import Laboratory

NETS = ("plain-20", "plain-56", "resnet-20", "resnet-56")
MARGIN = 0.05  # difference of a ratio from 1
IMAGES = 1000


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The standard deviation of each layer's response in trained nets, without the last layer."""
    return [
        {"net": net, "depth": layer.depth, "std": layer.std}
        for net in NETS
        for layer in diagnostics.responses(
            laboratory.trained(net, seed), laboratory.test_batches(IMAGES)
        )[:-1]
    ]


def _ratios(rows, first, second):
    """The mean response of one net over that of another, for each seed."""
    seeds = sorted({row["seed"] for row in rows})
    return [_average(rows, first, seed) / _average(rows, second, seed) for seed in seeds]


def _average(rows, net, seed):
    return mean(row["std"] for row in rows if (row["net"], row["seed"]) == (net, seed))


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (9.6, 4.4), share_y=True)
    for net in NETS:
        family, depth = net.split("-")
        depths = sorted({row["depth"] for row in rows if row["net"] == net})
        stds = [
            mean(row["std"] for row in rows if (row["net"], row["depth"]) == (net, layer))
            for layer in depths
        ]
        colour = plot.SHADES[family][0 if depth == "20" else 1]
        axes[0].plot(depths, stds, color=colour, linewidth=2, label=net)
        axes[1].plot(
            range(1, len(stds) + 1),
            sorted(stds, reverse=True),
            color=colour,
            linewidth=2,
            label=net,
        )
    axes[0].set_title("in the order of the layers")
    axes[1].set_title("by size")
    axes[0].set_xlabel("layer, from the images to the logits")
    axes[1].set_xlabel("rank")
    axes[0].set_ylabel("standard deviation of the response")
    axes[1].legend()
    plot.write_below(
        figure,
        f"{caption}; {IMAGES:,} test images, after batch norm and before ReLU and addition; "
        f"{plot.seeds(rows, 'mean of {} seeds')}",
    )
    return figure


CRITERIA = (
    below(
        "response of resnet-56 over plain-56, mean of the layers",
        lambda rows: _ratios(rows, "resnet-56", "plain-56"),
        1,
        MARGIN,
    ),
    below(
        "response of resnet-56 over resnet-20",
        lambda rows: _ratios(rows, "resnet-56", "resnet-20"),
        1,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="responses",
    statement="Residual layers respond less than plain ones, and less the deeper the net: each "
    "changes the signal only a little.",
    source="He et al. 2015, arXiv:1512.03385, section 4.2, figure 7",
    predictions={
        "He et al.": "smaller standard deviations in resnet-56 than in plain-56, and than in "
        "resnet-20",
        "no refinement": "about equal ones",
    },
    columns=("seed", "net", "depth", "std"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
