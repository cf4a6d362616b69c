"""Is the loss around a trained plain net chaotic, and around a residual one smooth?"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ... import plot
from ...diagnostics import loss_plane, random_direction
from ...types import Array, Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, seeds_of
from .frame.laboratory import Laboratory

Grid: TypeAlias = tuple[list[float], list[float], Array]  # xs, ys, loss (ys, xs)

NETS = ("plain-56", "resnet-56")
GRID, REACH = 17, 1.0  # points along each axis, from -REACH to REACH
IMAGES = 250
HIGHEST = 6.0  # nats: where the figure's colours end; guessing among ten classes costs 2.3
MARGIN = 0.05  # of a share


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    places = np.linspace(-REACH, REACH, GRID)
    images, labels = laboratory.batch(IMAGES)
    rows = []
    for net in NETS:
        model = laboratory.trained(net, seed)
        plane = loss_plane(
            model,
            [(images, labels)],
            random_direction(model, 2 * seed),
            random_direction(model, 2 * seed + 1),
            places,
            places,
        )
        rows += [
            {"net": net, "x": float(x), "y": float(y), "loss": float(plane.loss[i, j])}
            for i, y in enumerate(places)
            for j, x in enumerate(places)
        ]
    return rows


def _concave_apart(rows: Sequence[Row]) -> list[float]:
    return [
        concave(grid(rows, "plain-56", seed)[2]) - concave(grid(rows, "resnet-56", seed)[2])
        for seed in seeds_of(rows)
    ]


def concave(loss: Array) -> float:
    """The share of places where log loss bends downwards along either axis: none in a bowl, half of
    them in noise.
    """
    logs = np.log(np.nan_to_num(loss, nan=np.inf).clip(1e-6, 1e6))
    return float(np.mean([np.mean(np.diff(logs, 2, axis=axis) < 0) for axis in (0, 1)]))


def grid(rows: Sequence[Row], net: str, seed: int) -> Grid:
    """(xs, ys, loss (ys, xs)) of a net's plane."""
    chosen = {
        (row["y"], row["x"]): row["loss"]
        for row in rows
        if (row["net"], row["seed"]) == (net, seed)
    }
    ys, xs = sorted({y for y, _ in chosen}), sorted({x for _, x in chosen})
    return xs, ys, np.array([[chosen[y, x] for x in xs] for y in ys])


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (9.6, 4.8), share_y=True)
    seed = min(row["seed"] for row in rows)
    contours(figure, axes, [grid(rows, net, seed) for net in NETS])
    for ax, net in zip(axes, NETS):
        ax.set_title(net)
        ax.set_aspect("equal")
        ax.set_xlabel("first random direction")
    axes[0].set_ylabel("second random direction")
    plot.write_below(
        figure,
        f"{caption}; filter-normalised directions, {IMAGES} training images, {GRID}x{GRID} "
        f"points, seed {seed}",
    )
    return figure


def contours(figure: Figure, axes: Array, grids: Sequence[Grid]) -> None:
    """Draw planes of loss, each (xs, ys, loss), with one scale of colours for all."""
    largest = max(min(HIGHEST, np.nanmax(loss[np.isfinite(loss)])) for *_, loss in grids)
    levels = np.geomspace(min(loss.min() for *_, loss in grids), largest, 18)
    for ax, (xs, ys, loss) in zip(axes, grids):
        ax.grid(False)
        loss = np.nan_to_num(loss, nan=largest).clip(max=largest)
        filled = ax.contourf(xs, ys, loss, levels=levels, cmap="cividis")
        ax.contour(xs, ys, loss, levels=levels, colors="white", linewidths=0.5)
    figure.colorbar(
        filled,
        ax=list(axes),
        label=f"loss, nats (at most {HIGHEST:g} shown)",
        pad=0.02,
        format="%.2g",
    )


CRITERIA = (
    above(
        "share of the plane where the loss bends downwards, plain-56 minus resnet-56",
        _concave_apart,
        0,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="landscape",
    statement="The loss around a deep plain net is chaotic, around a residual net smooth.",
    source="Li et al. 2018, arXiv:1712.09913, figures 1 and 5",
    predictions={
        "Li et al.": "many bumps in the plane of plain-56, a single bowl around resnet-56",
        "no difference": "both alike",
    },
    columns=("seed", "net", "x", "y", "loss"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
