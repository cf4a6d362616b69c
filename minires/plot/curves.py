"""The two figures of the degradation experiment: error by epoch, and gradient norm by layer."""

import math
from collections.abc import Sequence
from statistics import mean

from ..types import Figure, Row
from .error_of_guessing import come_near_guessing, guessing
from .labels import label_ends
from .rows import nets_by_depth, seeds
from .style import panels, styled, whole_numbers, write_below
from .themes import SHADES, theme

TITLES = {"plain": "plain nets", "resnet": "residual nets"}


@styled
def error_curves(
    metrics: Sequence[Row],
    caption: str = "",
    drops: Sequence[float] = (),
    classes: int | None = None,
) -> Figure:
    """Draw error against epoch: plain nets on the left, residual nets on the right.

    The figure is made like figure 6 of He et al. 2015.

    Parameters
    ----------
    metrics : list of dict
        Rows with net, seed, epoch, lr, train_error and test_error (percent).
    caption : str
        What the nets were trained on, for the text below the figure.
    drops : sequence of float
        Epochs at which the learning rate was divided by 10.
    classes : int, optional
        How many classes the images have. With it a line shows the error of guessing, if the curves
        come near it.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over the seeds; bands reach from the lowest to the highest seed.
    """
    figure, axes = panels(2, (9.6, 4.4), share_y=True)
    nets, all_ends = nets_by_depth(metrics), []
    for ax, family in zip(axes, SHADES):
        ends = []
        for net in (net for net in nets if net.split("-")[0] == family):
            colour = theme().colour(net, nets)
            for quantity, style in (("train_error", "-"), ("test_error", (0, (4, 2)))):
                x, middle, low, high = _overseeds(metrics, net, "epoch", quantity)
                marker = "o" if len(x) == 1 else None  # a line of a single point is invisible
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
        whole_numbers(ax.xaxis)
        all_ends.append(ends)
        for epoch in drops:
            ax.axvline(epoch, color=theme().quiet, linewidth=1, linestyle=":", zorder=1)
    axes[0].set_ylabel("error, %")
    errors = [row[q] for row in metrics for q in ("train_error", "test_error")]
    axes[0].set_ylim(max(0, min(errors) - 5), min(100, max(errors) + 3))
    if classes and come_near_guessing(errors, classes):
        top = max(guessing(ax, classes) for ax in axes) + 5
        axes[0].set_ylim(top=max(top, axes[0].get_ylim()[1]))
    for ax in axes:
        ax.set_xlim(left=0, right=1.03 * max([row["epoch"] for row in metrics]))
    for ax, ends in zip(axes, all_ends):
        label_ends(ax, ends)
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
    """Draw the gradient norm of each layer's weights, at the first and at the last record.

    Parameters
    ----------
    gradients : list of dict
        Rows with net, seed, iteration, depth (1 is next to the images) and gradient_norm.
    caption : str

    Returns
    -------
    matplotlib.figure.Figure
        The vertical axis is logarithmic. Lines are geometric means over the seeds; bands reach from
        the lowest to the highest seed. The last layer, which turns features into logits, is left
        out: it is of another kind, and its gradient is far larger than those of its neighbours.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    nets = nets_by_depth(gradients)
    moments = _moments(gradients)
    figure, axes = panels(len(moments), (1.2 + 3.2 * len(moments), 4.2), share_y=True)
    ends_of = {}
    rows = [row for row in _without_last_layer(gradients) if row["gradient_norm"] > 0]
    for ax, (iteration, title) in zip(axes, moments):
        ends = []
        for net in nets:
            x, middle, low, high = _overseeds(
                [row for row in rows if row["iteration"] == iteration],
                net,
                "depth",
                "gradient_norm",
                geometric=True,
            )
            colour = theme().colour(net, nets)
            marker = "o" if len(x) == 1 else None
            ax.plot(x, middle, color=colour, linewidth=2.2, marker=marker, zorder=3)
            ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
            if x:
                ends.append((math.log10(middle[-1]), net, colour, x[-1]))
        ax.set_yscale("log")
        ax.set_title(title)
        ax.set_xlabel("layer, from the images on")
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
        ax.yaxis.set_major_locator(LogLocator(numticks=7))
        ax.minorticks_off()
        ax.set_xlim(left=0)
        ends_of[ax] = ends
    axes[0].set_ylabel("gradient norm of the layer's weights")
    for ax, ends in ends_of.items():
        label_ends(ax, ends)
    write_below(figure, f"{caption}; {seeds(gradients)}")
    return figure


def _without_last_layer(rows):
    """The rows without the deepest layer of each net."""
    last: dict[str, int] = {}
    for row in rows:
        last[row["net"]] = max(last.get(row["net"], 0), row["depth"])
    return [row for row in rows if row["depth"] < max(2, last[row["net"]])]


def _overseeds(rows, net, x_name, y_name, geometric=False):
    """(xs, mean, lowest, highest): for each x the values of y over the seeds of a net."""
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
    """(iteration, title) for each panel: the first and the last iteration recorded for all nets."""
    nets: dict[int, set[str]] = {}
    for row in gradients:
        nets.setdefault(row["iteration"], set()).add(row["net"])
    everyone = set().union(*nets.values())
    complete = sorted(i for i, found in nets.items() if found == everyone) or [min(nets)]
    names = {0: "before training", 1: "after 1 step"}
    chosen = dict.fromkeys([complete[0], complete[-1]])
    return [(i, names.get(i, f"after {i:,} steps")) for i in chosen]


def _line_styles(ax, styles):
    return [
        ax.plot(
            [],
            [],
            color=theme().quiet,
            linestyle=style,
            linewidth=2.2 if style == "-" else 1.4,
            label=f"{name} error",
        )[0]
        for name, style in styles.items()
    ]
