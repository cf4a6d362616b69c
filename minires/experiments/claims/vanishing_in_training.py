"""Do gradients vanish during the first steps of training?"""

from collections.abc import Sequence
from math import log10
from pathlib import Path
from statistics import mean

import numpy as np

from ... import plot
from ...types import Array, Figure, Row
from .frame.claim import Claim, on_trained
from .frame.criterion import below
from .frame.laboratory import WATCHED_STEPS, Laboratory
from .vanishing_at_initialisation import MARGIN, VANISHED, fall

NETS = ("plain-56", "resnet-56")
MOMENTS = (0, 1, 10, 100, 300)  # marked on the axis


@on_trained(*NETS)
def measure(laboratory: Laboratory, seed: int) -> list[Row]:
    """Norms of the gradients and weights of each convolution, at the recorded first steps."""
    rows = []
    for net in NETS:
        last = max(row["depth"] for row in laboratory.gradients(net, seed))
        rows += [
            {
                "net": net,
                "iteration": row["iteration"],
                "depth": row["depth"],
                "gradient_norm": row["gradient_norm"],
                "weight_norm": row["weight_norm"],
            }
            for row in laboratory.gradients(net, seed)
            if row["iteration"] <= WATCHED_STEPS and row["depth"] < last
        ]
    return rows


def _fall_at_end(rows: Sequence[Row]) -> list[float]:
    end = max(row["iteration"] for row in rows)
    return fall([row for row in rows if row["iteration"] == end], "plain-56")


@plot.styled
def draw(rows: Sequence[Row], caption: str) -> Figure:
    """The gradient norm as a colour, over steps and layers, with one panel for each net."""
    from matplotlib.colors import LogNorm

    figure, axes = plot.panels(len(NETS), (9.6, 4.6), share_y=True)
    tables = [_table(rows, net) for net in NETS]
    positive = np.concatenate([table[table > 0] for _, table in tables])
    scale = LogNorm(*np.quantile(positive, (0.005, 0.995)))
    for ax, net, (iterations, table) in zip(axes, NETS, tables):
        ax.grid(False)
        mesh = ax.pcolormesh(
            iterations,
            np.arange(1, len(table) + 1),
            table,
            norm=scale,
            cmap="cividis",
            shading="nearest",
        )
        ax.set_xscale("symlog", linthresh=10)
        moments = [moment for moment in MOMENTS if moment <= iterations[-1]]
        ax.set_xticks(moments, map(str, moments))
        ax.set_title(net)
        ax.set_xlabel("training step")
    axes[0].set_ylabel("layer, from the images up to the logits")
    figure.colorbar(mesh, ax=list(axes), label="gradient norm of the layer's weights", pad=0.02)
    plot.write_below(figure, f"{caption}; {plot.seeds(rows, 'geometric mean of {} seeds')}")
    return figure


@plot.styled
def animate(rows: Sequence[Row], caption: str, path: Path) -> Path:
    """An animation of the gradient norm by layer, with one frame for each recorded step."""
    figure, (ax,) = plot.panels(1, (7.2, 4.4))
    tables = {net: _table(rows, net) for net in NETS}
    iterations = tables[NETS[0]][0]
    lines = {}
    for net, (_, table) in tables.items():
        lines[net] = ax.plot(
            range(1, len(table) + 1),
            table[:, 0],
            color=plot.COLOURS[net.split("-")[0]],
            linewidth=2.4,
            label=net,
        )[0]
    positive = np.concatenate([table[table > 0] for _, table in tables.values()])
    ax.set_yscale("log")
    ax.set_ylim(positive.min() / 1.5, positive.max() * 1.5)
    ax.set_xlabel("layer, from the images to the logits")
    ax.set_ylabel("gradient norm of the layer's weights")
    ax.legend(loc="upper right")
    title = ax.set_title("at initialisation")
    plot.write_below(figure, f"{caption}; {plot.seeds(rows, 'geometric mean of {} seeds')}")

    def frame(i: int) -> None:
        title.set_text(
            "at initialisation"
            if i == 0
            else f"after {iterations[i]} step{'s' if iterations[i] > 1 else ''}"
        )
        for net, line in lines.items():
            line.set_ydata(tables[net][1][:, i])

    return plot.animate(figure, frame, list(range(len(iterations))), path)


def _table(rows: Sequence[Row], net: str) -> tuple[list[int], Array]:
    """(iterations, gradient norms (layers, iterations)), geometric means over the seeds."""
    groups: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if row["net"] == net and row["gradient_norm"] > 0:
            groups.setdefault((row["depth"], row["iteration"]), []).append(
                log10(row["gradient_norm"])
            )
    iterations, depths = sorted({i for _, i in groups}), sorted({d for d, _ in groups})
    return iterations, np.array(
        [
            [10 ** mean(groups.get((depth, i), [float("nan")])) for i in iterations]
            for depth in depths
        ]
    )


CRITERIA = (
    below(
        f"in plain-56 after {MOMENTS[-1]} steps, log10 of the first layer's weight gradient over "
        "the last convolution's",
        _fall_at_end,
        VANISHED,
        MARGIN,
    ),
)

CLAIM = Claim(
    name="vanishing-in-training",
    statement="After 300 steps the gradients of a deep plain net with batch norm have vanished "
    "towards the images.",
    source="blog posts and lectures that plot gradients after some steps",
    predictions={
        "blog posts": "the first layer's gradient becomes a small fraction of the last's",
        "the aftermath of an explosion": "it falls within a few steps because its weights have "
        "grown, and is small in proportion to these",
    },
    columns=("seed", "net", "iteration", "depth", "gradient_norm", "weight_norm"),
    text=("net",),
    measure=measure,
    criteria=CRITERIA,
    draw=draw,
    animate=animate,
)
