"""Figures of trained nets: lesions, responses, paths of the gradient, gradient norms, ranks.

Every function takes rows with a column "net", and a dict `models` from the name of each net to the
name of its model, which decides its colour.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..types import Figure, Row
from .style import panels, styled, whole_numbers, write_below
from .themes import OTHERS, theme

Models = Mapping[str, str]  # net -> name of its model, such as "resnet-20"
Draw = Callable[..., Any]


def _colours(models: Models) -> dict[str, str]:
    """Net -> colour: blue for residual nets, orange for plain ones; deeper nets stand out more."""
    found, used = {}, {"plain": 0, "resnet": 0}
    shades, others = theme().shades, iter(OTHERS * len(models))
    for net in sorted(models, key=lambda net: _depth(models[net])):
        family = "plain" if models[net].startswith("plain") else "resnet"
        if used[family] < len(shades[family]):
            found[net] = shades[family][used[family]]
            used[family] += 1
        else:
            found[net] = next(others)
    return {net: found[net] for net in models}


def _depth(model: str) -> int:
    """The first number in the name of a model, or 0."""
    digits = "".join(letter if letter.isdigit() else " " for letter in model).split()
    return int(digits[0][:9]) if digits else 0


def _of(rows: Sequence[Row], net: str, **also: Any) -> list[Row]:
    """The rows of one net whose columns have the values `also`."""
    return [
        row
        for row in rows
        if row["net"] == net and all(row[name] == value for name, value in also.items())
    ]


def _line(
    ax: Any, x: Sequence[float], y: Sequence[float], colour: str, net: str, **more: Any
) -> None:
    """Draw a line, with a dot for each point if there are at most 30."""
    marker = "o" if len(x) <= 30 else None
    ax.plot(x, y, color=colour, label=net, linewidth=1.8, marker=marker, markersize=4, **more)


def _finish(figure: Figure, ax: Any, caption: str) -> Figure:
    """Add the legend of the nets in `ax`, and the caption, which names the net if it is alone."""
    handles, names = ax.get_legend_handles_labels()
    if len(names) > 1:
        figure.legend(handles, names, loc="upper right", ncols=min(3, len(names)))
    elif names:
        caption = f"{names[0]}; {caption}"
    write_below(figure, caption)
    return figure


@styled
def lesions(
    lesions: Sequence[Row], nets: Sequence[Row], models: Models, caption: str = ""
) -> Figure:
    """Draw the error without one block, with two neighbours exchanged, and without several blocks.

    After Veit et al. 2016, figures 3 and 5.

    Parameters
    ----------
    lesions : list of dict
        Rows with net, lesion ("dropped", "swapped", "random"), count, changes_shape and error
        (percent).
    nets : list of dict
        Rows with net and error (percent) of the whole nets.
    models : dict
        Net -> name of its model.
    caption : str
    """
    figure, axes = panels(3, (12.5, 4.3), share_y=True)
    colours = _colours(models)
    whole = {row["net"]: row["error"] for row in nets}
    for net in models:
        for ax, kind in zip(axes, ("dropped", "swapped")):
            rows = _of(lesions, net, lesion=kind)
            if not rows:
                continue
            y = [row["error"] for row in rows]
            _line(ax, range(1, len(y) + 1), y, colours[net], net)
            ax.axhline(whole[net], color=colours[net], linewidth=1.1, linestyle=(0, (4, 2)))
            halving = [i for i, row in enumerate(rows, 1) if row["changes_shape"]]
            ax.plot(
                halving,
                [y[i - 1] for i in halving],
                "o",
                color=colours[net],
                markerfacecolor=theme().page,
                markersize=8,
                markeredgewidth=1.8,
            )
        several = _of(lesions, net, lesion="random")
        number = len(_of(lesions, net, lesion="dropped"))
        counts = sorted({row["count"] for row in several})
        means = [
            sum(row["error"] for row in several if row["count"] == count)
            / sum(row["count"] == count for row in several)
            for count in counts
        ]
        share = [100 * count / number for count in counts]
        _line(axes[2], [0, *share], [whole[net], *means], colours[net], net)
        axes[2].plot(
            [100 * row["count"] / number for row in several],
            [row["error"] for row in several],
            ".",
            color=colours[net],
            markersize=4,
            alpha=0.6,
        )
    for ax, title in zip(
        axes, ("one block left out", "two neighbours swapped", "several left out at random")
    ):
        ax.set_title(title)
        ax.set_xlabel("block, from the images to the logits")
        whole_numbers(ax.xaxis)
    axes[1].set_xlabel("pair of blocks of one shape")
    if not axes[1].lines:
        axes[1].set_title("no two neighbours have one shape")
    axes[2].set_xlabel("blocks left out, % of all")
    axes[0].set_ylim(0, 100)
    axes[0].set_ylabel("error, %")
    return _finish(
        figure,
        axes[0],
        f"{caption}; dashed: the whole net; hollow: blocks that change the shape",
    )


@styled
def responses(rows: Sequence[Row], models: Models, caption: str = "") -> Figure:
    """Draw how strongly layers respond, in their order and by size: figure 7 of He et al. 2015.

    Parameters
    ----------
    rows : list of dict
        Rows with net, depth and std. The last row of each net, which is that of the logits, is left
        out.
    models : dict
        Net -> name of its model.
    caption : str
    """
    figure, axes = panels(2, (9.6, 4.3), share_y=True)
    colours = _colours(models)
    for net in models:
        layers = _of(rows, net)[:-1]
        stds = [row["std"] for row in layers]
        for ax, x, y in (
            (axes[0], [row["depth"] for row in layers], stds),
            (axes[1], range(1, len(stds) + 1), sorted(stds, reverse=True)),
        ):
            ax.plot(x, y, color=colours[net], linewidth=2, label=net)
    axes[0].set_title("in the order of the layers")
    axes[1].set_title("by size")
    axes[0].set_xlabel("layer, from the images to the logits")
    axes[1].set_xlabel("rank")
    axes[0].set_ylabel("standard deviation of the response")
    axes[0].set_ylim(bottom=0)
    return _finish(figure, axes[0], f"{caption}; after batch norm and before ReLU and addition")


@styled
def paths(rows: Sequence[Row], models: Models, caption: str = "") -> Figure:
    """Draw how many paths of each length there are, and how much gradient they carry to the images.

    After Veit et al. 2016, figure 6.

    Parameters
    ----------
    rows : list of dict
        Rows with net, length, paths, norm and total, as in `diagnostics.PathGradient`.
    models : dict
        Net -> name of its model.
    caption : str
    """
    figure, axes = panels(3, (12.5, 4.3))
    colours = _colours(models)
    for net in models:
        lengths = _of(rows, net)
        if not lengths:
            continue
        x = [row["length"] for row in lengths]
        every, total = sum(row["paths"] for row in lengths), sum(row["total"] for row in lengths)
        _line(axes[0], x, [100 * row["paths"] / every for row in lengths], colours[net], net)
        seen = [row for row in lengths if row["norm"] > 0]
        _line(
            axes[1],
            [row["length"] for row in seen],
            [row["norm"] for row in seen],
            colours[net],
            net,
        )
        if total > 0:
            _line(axes[2], x, [100 * row["total"] / total for row in lengths], colours[net], net)
    axes[0].set_title("paths of this length, % of all")
    axes[1].set_title("gradient of a single path")
    axes[2].set_title("share of all gradient, %")
    axes[1].set_yscale("log")
    for ax in axes:
        ax.set_xlabel("residual branches on the path")
        whole_numbers(ax.xaxis)
    return _finish(figure, axes[0], caption)


@styled
def gradients_and_ranks(
    gradients: Sequence[Row], ranks: Sequence[Row], models: Models, caption: str = ""
) -> Figure:
    """Draw the gradient norm of each layer's weights, and the effective rank after each block.

    Parameters
    ----------
    gradients : list of dict
        Rows with net, depth and gradient_norm.
    ranks : list of dict
        Rows with net, depth and rank.
    models : dict
        Net -> name of its model.
    caption : str
    """
    figure, (left, right) = panels(2, (9.6, 4.3))
    colours = _colours(models)
    for net in models:
        layers = [row for row in _of(gradients, net) if row["gradient_norm"] > 0]
        left.plot(
            [row["depth"] for row in layers],
            [row["gradient_norm"] for row in layers],
            color=colours[net],
            linewidth=2,
            label=net,
        )
        blocks = _of(ranks, net)
        depths, values = [row["depth"] for row in blocks], [row["rank"] for row in blocks]
        _line(right, depths, values, colours[net], net)
    left.set_yscale("log")
    _plain_numbers(left)
    left.set_title("gradient norm of each layer's weights")
    right.set_title("effective rank after each block")
    right.set_ylim(bottom=0)
    for ax in (left, right):
        ax.set_xlabel("layer, from the images to the logits")
        whole_numbers(ax.xaxis)
    return _finish(figure, left, caption)


def _plain_numbers(ax):
    """Write 0.5 instead of 5 x 10^-1 on a logarithmic axis. Call it when the limits are final."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, StrMethodFormatter

    low, high = ax.get_ylim()
    between = FuncFormatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "25" else "")
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(between if high < 100 * low else NullFormatter())
