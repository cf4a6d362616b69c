"""The two figures of the degradation experiment: error by epoch, and gradient norm by layer."""

import math
from collections.abc import Sequence
from statistics import mean

from ..drawing.label_placement import spread_out
from ..types import Figure, Row
from .style import GREY, SHADES, panels, seeds, styled, write_below

TITLES = {"plain": "plain nets", "resnet": "residual nets"}


@styled
def error_curves(metrics: Sequence[Row], caption: str = "", drops: Sequence[float] = ()) -> Figure:
    """Error against epoch, plain nets on the left and residual nets on the right, as in He et al.
    2015, Fig. 6.

    Parameters
    ----------
    metrics : list of dict
        Rows with net, seed, epoch, lr, train_error and test_error (percent).
    caption : str
        What the nets were trained on, for the line under the figure.
    drops : sequence of float
        Epochs at which the learning rate was divided by 10.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over the seeds, bands reach from the lowest to the highest seed.
    """
    figure, axes = panels(2, (9.6, 4.4), share_y=True)
    nets, all_ends = _nets(metrics), []
    for ax, family in zip(axes, SHADES):
        ends = []
        for net in nets[family]:
            colour = _colour(net, nets)
            for quantity, style in (("train_error", "-"), ("test_error", (0, (4, 2)))):
                x, middle, low, high = _overseeds(metrics, net, "epoch", quantity)
                marker = "o" if len(x) == 1 else None  # a line through one point would not be seen
                ax.plot(
                    x,
                    middle,
                    linestyle=style,
                    marker=marker,
                    color=colour,
                    linewidth=2.2 if style == "-" else 1.4,
                    zorder=3,
                )
                ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
                if quantity == "train_error" and x:
                    ends.append((middle[-1], net, colour, x[-1]))
        ax.set_title(TITLES[family])
        ax.set_xlabel("epoch")
        all_ends.append(ends)
        for epoch in drops:
            ax.axvline(epoch, color="#bbbbbb", linewidth=1, linestyle=":", zorder=1)
    axes[0].set_ylabel("error, %")
    errors = [row[q] for row in metrics for q in ("train_error", "test_error")]
    axes[0].set_ylim(max(0, min(errors) - 5), min(100, max(errors) + 3))
    for ax in axes:
        ax.set_xlim(left=0, right=1.03 * max([row["epoch"] for row in metrics]))
    for ax, ends in zip(axes, all_ends):
        _label_ends(ax, ends)
    figure.legend(
        handles=_line_styles(axes[0], {"training": "-", "test": (0, (4, 2))}),
        ncols=2,
        loc="upper right",
    )
    write_below(
        figure, f"{caption}; {seeds(metrics)}" + ("; dotted: lr divided by 10" if drops else "")
    )
    return figure


@styled
def gradient_norms(gradients: Sequence[Row], caption: str = "") -> Figure:
    """Gradient norm of each layer: at initialisation, soon after, and at the last record.

    Parameters
    ----------
    gradients : list of dict
        Rows with net, seed, iteration, depth (1 is next to the images) and gradient_norm.
    caption : str

    Returns
    -------
    matplotlib.figure.Figure
        The vertical axis is logarithmic. Lines are geometric means over the seeds, bands from the
        lowest to the highest.
    """
    nets = _nets(gradients)
    moments = _moments(gradients)
    figure, axes = panels(len(moments), (3.2 * len(moments), 4.2), share_y=True)
    for ax, (iteration, title) in zip(axes, moments):
        rows = [
            row for row in gradients if row["iteration"] == iteration and row["gradient_norm"] > 0
        ]
        for family in SHADES:
            for net in nets[family]:
                x, middle, low, high = _overseeds(
                    rows, net, "depth", "gradient_norm", geometric=True
                )
                colour = _colour(net, nets)
                ax.plot(x, middle, color=colour, linewidth=2, label=net, zorder=3)
                ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.set_yscale("log")
        ax.set_title(title)
        ax.set_xlabel("layer, from the images to the logits")
    axes[0].set_ylabel("gradient norm of the layer's weights")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="upper right",
        ncols=len(names),
        columnspacing=1.2,
        handlelength=1.4,
        fontsize=9 if len(names) <= 8 else 9 * 8 / len(names),
    )
    write_below(figure, f"{caption}; {seeds(gradients)}")
    return figure


def _nets(rows):
    """The nets of each family in the records, by depth."""
    names = sorted({row["net"] for row in rows}, key=lambda net: int(net.split("-")[1]))
    return {family: [net for net in names if net.startswith(family)] for family in SHADES}


def _colour(net, nets):
    family = net.split("-")[0]
    shades, rank, count = SHADES[family], nets[family].index(net), len(nets[family])
    return (
        shades[rank]
        if count <= len(shades)
        else shades[round(rank * (len(shades) - 1) / (count - 1))]
    )


def _overseeds(rows, net, x_name, y_name, geometric=False):
    """For each x: the mean of y over the seeds, and its lowest and highest."""
    groups = {}
    for row in rows:
        if row["net"] == net:
            groups.setdefault(row[x_name], []).append(row[y_name])
    xs = sorted(groups)
    middle = [
        math.exp(mean(map(math.log, groups[x]))) if geometric else mean(groups[x]) for x in xs
    ]
    return xs, middle, [min(groups[x]) for x in xs], [max(groups[x]) for x in xs]


def _moments(gradients):
    """(iteration, title) of the moments worth a panel: the first record, one step on, ten steps on,
    and the last.
    """
    iterations = sorted({row["iteration"] for row in gradients})
    complete = [
        i
        for i in iterations
        if {r["net"] for r in gradients if r["iteration"] == i} == {r["net"] for r in gradients}
    ]
    chosen = [i for i in (0, 1, 10) if i in complete] + complete[-1:]
    names = {0: "at initialisation", 1: "after 1 step"}
    return [(i, names.get(i, f"after {i:,} steps")) for i in dict.fromkeys(chosen)]


def _label_ends(ax, ends):
    """Write each net's name where its training curve ends, pushed apart where they would
    overlap.
    """
    low, high = ax.get_ylim()
    apart = 0.055 * (high - low)  # the height of a line of text in this figure
    places = spread_out([y for y, *_ in sorted(ends)], [apart] * (len(ends) - 1))
    for place, (y, net, colour, x) in zip(places, sorted(ends)):
        ax.annotate(
            net,
            (x, place),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=9.5,
            fontweight="bold",
            annotation_clip=False,
        )


def _line_styles(ax, styles):
    return [
        ax.plot(
            [],
            [],
            color=GREY,
            linestyle=style,
            linewidth=2.2 if style == "-" else 1.4,
            label=f"{name} error",
        )[0]
        for name, style in styles.items()
    ]
