"""Do short or long paths carry the gradient through a residual net?"""

from collections.abc import Sequence
from statistics import mean

from ... import plot
from ...diagnostics import path_gradients
from ...types import Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import below, seeds_of
from .frame.laboratory import Laboratory

NET, BLOCKS, BATCH, SAMPLES = "resnet-56", 27, 32, 16
MARGIN = 1.0  # blocks


@on_trained(NET)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The gradient that paths of each length carry to the images: see `path_gradients`."""
    images, labels = laboratory.batch(BATCH)
    return [
        {"length": path.length, "paths": path.paths, "norm": path.norm, "total": path.total}
        for path in path_gradients(
            laboratory.trained(NET, seed), images, labels, samples=SAMPLES, seed=seed
        )
    ]


def _mean_length(rows, seed):
    """The mean length of paths, weighted by the gradient that they carry.

    If the gradient did not weaken on the way, this would be half the number of blocks, which is the
    mean length of all paths.
    """
    rows = [row for row in rows if row["seed"] == seed]
    return sum(row["length"] * row["total"] for row in rows) / sum(row["total"] for row in rows)


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(3, (11, 4.2))
    lengths = sorted({row["length"] for row in rows})
    panels = (
        ("paths of this length, millions", lambda row: row["paths"] / 1e6),
        ("gradient of a single path", lambda row: row["norm"]),
        (
            "share of all gradient",
            lambda row: row["total"] / sum(r["total"] for r in rows if r["seed"] == row["seed"]),
        ),
    )
    for ax, (title, value) in zip(axes, panels):
        ax.plot(
            lengths,
            [mean(value(row) for row in rows if row["length"] == length) for length in lengths],
            "o-",
            markersize=4,
            color=plot.COLOURS["resnet"],
            linewidth=2,
        )
        ax.set_title(title)
        ax.set_xlabel("residual branches on the path")
    axes[1].set_yscale("log")
    plot.write_below(
        figure,
        f"{caption}; {NET}, trained; {SAMPLES} random paths of each length, {BATCH} images, "
        f"{plot.seeds(rows, 'mean of {} seeds')}",
    )
    return figure


CRITERIA = (
    below(
        f"mean length of the paths, weighted by the gradient they carry, in {NET} with its "
        f"{BLOCKS} blocks",
        lambda rows: [_mean_length(rows, seed) for seed in seeds_of(rows)],
        BLOCKS / 2,
        MARGIN,
        "residual branches",
    ),
)

CLAIM = Claim(
    name="path-lengths",
    statement="The shortcuts carry the gradient: it reaches the images by short paths, through few "
    "residual branches.",
    source="Veit et al. 2016, arXiv:1605.06431, section 5, figure 6 (of 54 blocks, paths through 5 "
    "to 17 carry nearly all)",
    predictions={
        "Veit et al.": "the gradient falls with every branch on the way, so that lengths well "
        "below half the blocks count",
        "all paths alike": "a mean length of half the number of blocks",
    },
    columns=("seed", "length", "paths", "norm", "total"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
