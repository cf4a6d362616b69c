"""Is the loss chaotic around a trained plain net, and smooth around a residual net?"""

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
HIGHEST = 6.0  # nats: the end of the colour scale; guessing among ten classes has a loss of 2.3
MARGIN = 0.05  # share of the plane


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The loss on a grid in the plane of two random directions around each trained net."""
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
    """The `concave` share of plain-56 minus that of resnet-56, for each seed."""
    return [
        concave(grid(rows, "plain-56", seed)[2]) - concave(grid(rows, "resnet-56", seed)[2])
        for seed in seeds_of(rows)
    ]


def concave(loss: Array) -> float:
    """The share of grid points where log loss bends downwards, averaged over both axes: 0 in a
    bowl, a half in noise.

    `loss` is an array (ys, xs).
    """
    logs = np.log(np.nan_to_num(loss, nan=np.inf).clip(1e-6, 1e6))
    return float(np.mean([np.mean(np.diff(logs, 2, axis=axis) < 0) for axis in (0, 1)]))


def grid(rows: Sequence[Row], net: str, seed: int) -> Grid:
    """The plane of one net and seed: (xs, ys, loss), loss being an array (ys, xs)."""
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
    """Draw planes of loss, each (xs, ys, loss), all with the same colour scale."""
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
