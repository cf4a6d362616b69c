"""How the cost of a training step grows with depth, width, batch and image size: no faster than
the work.
"""

import numpy as np

from minires import plot

from .work import Net

#: What grows -> the nets to time. All else is as in ResNet-20 on images like CIFAR-10's.
GROWING = {
    "depth": {depth: Net(depth) for depth in (8, 14, 20, 32, 44, 56, 110)},
    "width": {width: Net(20, width=width) for width in (4, 8, 16, 32, 64)},
    "batch": {batch: Net(20, batch=batch) for batch in (8, 16, 32, 64, 128, 256)},
    "image size": {size: Net(20, size=size) for size in (8, 16, 32, 64)},
}
SIDE = "minires"


@plot.styled
def draw(cost, caption):
    """A panel for each: time against size, both logarithmic; dashed, what the work alone would
    take at the speed of the middle one.
    """
    figure, axes = plot.panels(len(cost), (3.0 * len(cost), 3.4), share_y=True)
    for ax, (what, rows) in zip(axes, cost.items()):
        values = [row["value"] for row in rows]
        seconds = np.array([np.median(row["seconds"]) for row in rows])
        work = np.array([row["flop"] for row in rows], float)
        middle = len(rows) // 2
        ax.loglog(values, 1e3 * seconds, "o-", color=plot.COLOURS["resnet"], markersize=4)
        ax.loglog(
            values, 1e3 * work * seconds[middle] / work[middle], "--", color=plot.GREY, linewidth=1
        )
        ax.set_xticks(values, map(str, values))
        ax.minorticks_off()
        ax.set_xlabel(what)
    axes[0].set_ylabel("ms a training step")
    plot.write_below(
        figure, f"{caption}; dashed: in proportion to the multiplications and additions"
    )
    return figure
