"""How many directions does a training move in, and how does the loss look in their plane?"""

from collections.abc import Sequence
from functools import partial
from statistics import mean

import numpy as np

from ... import plot
from ...diagnostics import loss_plane, trajectory
from ...diagnostics.landscape import Direction
from ...types import Array, Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import above, seeds_of
from .frame.laboratory import FOLLOWED as NETS
from .frame.laboratory import Laboratory
from .landscape import contours, grid

GRID, IMAGES = 13, 250
BEYOND = 0.25  # how far the plane extends beyond the trajectory, as a fraction of its size
LEAST = 0.4  # share of the variance
MARGIN = 0.05


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """The plane of the first two principal components of a training: the share of the variance that
    they explain, the weights after each epoch in it, and the loss.

    In rows of what is "explained", the columns ``x`` and ``y`` hold the shares of the two
    components and ``value`` their sum.
    """
    rows = []
    for net in NETS:
        iterations, states = laboratory.weights_by_epoch(net, seed)
        trained, walk = trajectory(states), trajectory(random_walk(states))
        rows += [
            {"net": net, "what": what, "x": float(x), "y": float(y), "value": float(x + y)}
            for what, (x, y) in (
                ("explained", trained.explained),
                ("explained, random walk", walk.explained),
            )
        ]
        rows += [
            {"net": net, "what": "iteration", "x": float(x), "y": float(y), "value": i}
            for i, (x, y) in zip(iterations, trained.positions)
        ]
        xs, ys = (_around(trained.positions[:, axis]) for axis in (0, 1))
        plane = loss_plane(
            laboratory.trained(net, seed),
            [laboratory.batch(IMAGES)],
            *trained.directions,
            xs,
            ys,
            mode="train",
        )
        rows += [
            {
                "net": net,
                "what": "loss",
                "x": float(x),
                "y": float(y),
                "value": float(plane.loss[i, j]),
            }
            for i, y in enumerate(ys)
            for j, x in enumerate(xs)
        ]
    return rows


def random_walk(states: Sequence[Direction]) -> list[Direction]:
    """The states of a random walk whose steps are as long as the steps between `states`.

    Every step is at right angles to all steps before it, as random steps in a space of very many
    dimensions nearly are (Antognini and Sohl-Dickstein 2018).
    """
    names = [name for name, array in states[-1].items() if array.ndim > 1]
    lengths = [
        np.sqrt(
            sum(np.square(after[name] - before[name], dtype=np.float64).sum() for name in names)
        )
        for before, after in zip(states, states[1:])
    ]
    return [
        {"weights": np.array([lengths[:steps] + [0.0] * (len(lengths) - steps)])}
        for steps in range(len(states))
    ]


def _around(positions: Array) -> Array:
    """Grid coordinates along one axis that cover the positions and a margin on both sides."""
    reach = BEYOND * (positions.max() - positions.min())
    return np.linspace(positions.min() - reach, positions.max() + reach, GRID)


def _share(rows: Sequence[Row], what: str) -> list[float]:
    """The explained share of the variance, averaged over both nets, for each seed."""
    return [
        mean(row["value"] for row in rows if (row["what"], row["seed"]) == (what, seed))
        for seed in seeds_of(rows)
    ]


def _beyond_a_walk(rows: Sequence[Row]) -> list[float]:
    walk = _share(rows, "explained, random walk")
    return [a - b for a, b in zip(_share(rows, "explained"), walk)]


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    figure, axes = plot.panels(2, (9.6, 4.8))
    seed = min(row["seed"] for row in rows)
    chosen = [row for row in rows if row["seed"] == seed]
    contours(
        figure,
        axes,
        [
            grid(
                [{**row, "loss": row["value"]} for row in chosen if row["what"] == "loss"],
                net,
                seed,
            )
            for net in NETS
        ],
    )
    for ax, net in zip(axes, NETS):
        visited = sorted(
            (row["value"], row["x"], row["y"])
            for row in chosen
            if (row["net"], row["what"]) == (net, "iteration")
        )
        _, xs, ys = zip(*visited)
        ax.plot(
            xs,
            ys,
            "o-",
            color="white",
            markersize=5,
            linewidth=1.8,
            markeredgecolor="black",
            markeredgewidth=0.6,
        )
        first, second = (
            100 * mean(row[axis] for row in rows if (row["net"], row["what"]) == (net, "explained"))
            for axis in "xy"
        )
        walk = 100 * mean(
            row["value"]
            for row in rows
            if (row["net"], row["what"]) == (net, "explained, random walk")
        )
        ax.annotate(
            "start",
            visited[0][1:],
            xytext=(-4, -14),
            textcoords="offset points",
            color="white",
            ha="right",
            fontweight="bold",
        )
        ax.set_title(f"{net}: {first + second:.0f} % in this plane\n(random walk: {walk:.0f} %)")
        ax.set_xlabel(f"first component ({first:.0f} %)")
        ax.set_ylabel(f"second component ({second:.0f} %)")
    plot.write_below(
        figure,
        f"{caption}; dots: weights after each epoch; loss of {IMAGES} training images, "
        f"batch statistics; the planes are of seed {seed}, "
        f"the percentages of {plot.seeds(rows, '{} seeds (means)')}",
    )
    return figure


CRITERIA = (
    above(
        "share of the variance along two directions, mean of both nets,",
        partial(_share, what="explained"),
        LEAST,
        MARGIN,
    ),
    above("the same minus that of a random walk", _beyond_a_walk, 0, MARGIN),
)

CLAIM = Claim(
    name="trajectory",
    statement="Training takes a narrow way: two directions hold most of it, and more than they "
    "would of a random walk.",
    source="Li et al. 2018, arXiv:1712.09913, section 7; but Antognini and Sohl-Dickstein 2018, "
    "arXiv:1806.08805",
    predictions={
        "Li et al.": "two principal components hold at least 40 % of the variance",
        "Antognini and Sohl-Dickstein": "so do those of a random walk: no more than of steps as "
        "long, in random directions",
    },
    columns=("seed", "net", "what", "x", "y", "value"),
    text=("net", "what"),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
)
