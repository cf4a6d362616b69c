"""How the time of a training step grows with depth, width, batch size and image size."""

import numpy as np

from minires import plot

from .work import Net

#: What grows -> {its value: the net to time}. All else is as in ResNet-20 on CIFAR-10.
GROWING = {
    "depth": {depth: Net(depth) for depth in (8, 14, 20, 32, 44, 56, 110)},
    "width": {width: Net(20, width=width) for width in (4, 8, 16, 32, 64)},
    "batch": {batch: Net(20, batch=batch) for batch in (8, 16, 32, 64, 128, 256)},
    "image size": {size: Net(20, size=size) for size in (8, 16, 32, 64)},
}
SIDE = "minires"


@plot.styled
def draw(cost, caption):
    """Draw a panel for each thing that grows: time against its value, on logarithmic axes.

    The dashed line is the time if it grew in proportion to the work (FLOP), through the point in
    the middle.

    Parameters
    ----------
    cost : dict of str to list of dict
        What grows -> rows with ``value``, ``flop`` and ``seconds`` (samples of a step).
    caption : str
        The machine, in a few words.

    Returns
    -------
    Figure
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
