"""The figures of one net's training: loss and error by epoch, gradient norms by layer, and which
classes it confuses.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from unicodedata import east_asian_width

import numpy as np

from ..names import printable
from ..types import ArrayLike, Figure, Row
from .fonts import readable_names
from .style import panels, styled, whole_numbers, write_below
from .themes import COLOURS, GREY

SHADES = ("#5497d0", "#2f7fbe", "#0a5a96", "#041b36")  # for moments in training: later is darker
WRITTEN = 20  # up to so many classes the matrix contains numbers
NAMED = 60  # up to so many classes they are named
LONGEST = 22  # longest name of a class, in characters


@styled
def training_curves(
    metrics: Sequence[Row],
    caption: str = "",
    drops: Sequence[float] = (),
    validation: Sequence[Row] = (),
) -> Figure:
    """Draw the loss (left) and the training and test error (right) against the epoch.

    Parameters
    ----------
    metrics : list of dict
        Rows with epoch, train_loss (nats), train_error and test_error (percent).
    caption : str
    drops : sequence of float
        Epochs at which the learning rate was divided by 10.
    validation : sequence of dict
        With early stopping: rows with epoch and val_error (percent). The lowest is marked.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (left, right) = panels(2, (9.6, 4.2))
    epochs = [row["epoch"] for row in metrics]
    marker = "o" if len(epochs) <= 12 else None
    # After one epoch the test error is a hollow circle, which can lie around the other point.
    hollow = {"markersize": 9, "markerfacecolor": "none"} if len(epochs) == 1 else {"markersize": 4}
    left.plot(
        epochs,
        [row["train_loss"] for row in metrics],
        color=COLOURS["resnet"],
        linewidth=2.2,
        marker=marker,
        markersize=4,
    )
    left.set_ylabel("training loss, nats")
    for name, line, colour, width in (
        ("train", "-", COLOURS["resnet"], 2.2),
        ("test", (0, (4, 2)), COLOURS["plain"], 1.8),
    ):
        right.plot(
            epochs,
            [row[f"{name}_error"] for row in metrics],
            linestyle=line,
            color=colour,
            linewidth=width,
            marker=marker,
            label={"train": "training", "test": "test"}[name],
            **hollow if name == "test" else {"markersize": 4},
        )
    if validation:
        right.plot(
            [row["epoch"] for row in validation],
            [row["val_error"] for row in validation],
            color=GREY,
            linewidth=1.4,
            label="validation",
        )
        best = min(validation, key=lambda row: row["val_error"])
        right.plot(best["epoch"], best["val_error"], "o", color=GREY, markersize=8, label="kept")
    right.set_ylabel("error, %")
    errors = [row[f"{name}_error"] for row in metrics for name in ("train", "test")]
    errors += [row["val_error"] for row in validation]
    left.set_ylim(0, 1.05 * max(row["train_loss"] for row in metrics) or 1)
    right.set_ylim(
        0,
        min(100, 1.05 * max(errors)) or 1,
    )
    for ax in (left, right):
        ax.set_xlabel("epoch")
        ax.set_xlim(0, max(epochs) * (1.03 if len(epochs) > 1 else 1.3))
        if max(epochs) >= 1:
            whole_numbers(ax.xaxis)
        for epoch in drops:
            ax.axvline(epoch, color="#bbbbbb", linewidth=1, linestyle=":", zorder=1)
    figure.legend(*right.get_legend_handles_labels(), ncols=4, loc="upper right")
    write_below(figure, caption + ("; dotted: lr divided by 10" if len(drops) else ""))
    return figure


@styled
def gradients_of_a_net(gradients: Sequence[Row], caption: str = "") -> Figure:
    """Draw the gradient norm of each layer of one net at several moments; later is darker.

    These are before training, after 1 step and after 10, as far as they were recorded, and the last
    record.

    Parameters
    ----------
    gradients : list of dict
        Rows with iteration, depth (1 is next to the images) and gradient_norm.
    caption : str

    Returns
    -------
    matplotlib.figure.Figure
        The vertical axis is logarithmic.
    """
    figure, (ax,) = panels(1, (7.2, 4.2))
    iterations = sorted({row["iteration"] for row in gradients})
    moments = list(dict.fromkeys([i for i in (0, 1, 10) if i in iterations] + iterations[-1:]))
    for colour, moment in zip(SHADES[-len(moments) :], moments):
        rows = sorted(
            (row for row in gradients if row["iteration"] == moment and row["gradient_norm"] > 0),
            key=lambda row: row["depth"],
        )
        name = {0: "at first", 1: "after 1 step"}.get(moment, f"after {moment:,} steps")
        ax.plot(
            [row["depth"] for row in rows],
            [row["gradient_norm"] for row in rows],
            color=colour,
            linewidth=2,
            label=name,
            marker="o" if len(rows) <= 30 else None,
            markersize=3.5,
        )
    _logarithmic(ax)
    whole_numbers(ax.xaxis)
    ax.set_xlabel("layer, from the images to the logits")
    ax.set_ylabel("gradient norm of the layer's weights")
    figure.legend(*ax.get_legend_handles_labels(), ncols=len(moments), loc="upper right")
    write_below(figure, caption)
    return figure


@styled
def confusion(matrix: ArrayLike, classes: Sequence[str], caption: str = "") -> Figure:
    """Draw which classes a net mistakes for which, as a matrix of squares.

    The darker a square, the larger the part of the right class that was assigned to the other.

    Parameters
    ----------
    matrix : array of int, shape (K, K)
        Numbers of images, with a row for each right class and a column for each predicted class.
    classes : sequence of str
        The names of the K classes.
    caption : str

    Returns
    -------
    matplotlib.figure.Figure
        For up to 20 classes it has numbers (percent of the row). For up to 60 it has names,
        shortened to 22 characters.
    """
    matrix = np.asarray(matrix)
    share = 100 * matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    count = len(matrix)
    names = _short(readable_names(classes)) if count <= NAMED else []
    size = 9 if count <= WRITTEN else 6
    longest = max(map(_width, names), default=0) * 0.6 * size / 72  # inches
    rotation = 0 if count <= 4 and longest < 0.6 else 45 if count <= WRITTEN else 90
    side = max(2.4, 0.42 * count) if count <= WRITTEN else max(5, 0.18 * min(count, NAMED))
    below = longest * {0: 0, 45: 0.71, 90: 1}[rotation]
    figure, (ax,) = panels(1, (max(4.8, side + longest + 2.2), side + below + 1.1))
    layout: Any = figure.get_layout_engine()  # `panels` chose a constrained layout
    layout.set(rect=(0, 0.045, 1, 0.945))
    picture = ax.imshow(share, cmap="Blues", vmin=0, vmax=100)
    ax.grid(False)
    position = "" if names else ", by its position in the list of classes"
    ax.set_xlabel("predicted class" + position)
    ax.set_ylabel("true class" + position)
    if names:
        at_its_end = {"ha": "right", "rotation_mode": "anchor"} if rotation == 45 else {}
        ax.set_xticks(
            range(count), names, rotation=rotation, fontsize=size, parse_math=False, **at_its_end
        )
        ax.set_yticks(range(count), names, fontsize=size, parse_math=False)
    else:
        whole_numbers(ax.xaxis)
        whole_numbers(ax.yaxis)
    if count <= WRITTEN:
        for row, column in np.ndindex(matrix.shape):
            value = share[row, column]
            text = f"{value:.0f}" if value >= 0.5 or not matrix[row, column] else "<1"
            ax.text(
                column,
                row,
                text if matrix[row, column] else "",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if value > 55 else "#333333",
            )
    bar = figure.colorbar(picture, ax=ax, fraction=0.04, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label("% of the true class's images", color=GREY)
    write_below(figure, caption)
    return figure


def _logarithmic(ax):
    """Make the vertical axis logarithmic.

    If it spans less than a factor of 10, and so has at most one power of ten, plain numbers are
    written at other ticks.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 10 * low:
        ax.yaxis.set_major_locator(
            FixedLocator(
                [
                    tick
                    for tick in MaxNLocator(6, steps=(1, 2, 5, 10)).tick_values(low, high)
                    if low <= tick <= high
                ]
            )
        )
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_locator(NullLocator())


def _short(names):
    """The names, each on one line and cut to `LONGEST` characters.

    Names that would then look the same are cut in the middle instead of at the end.
    """
    names = [printable(" ".join(name.split())) for name in names]
    cut = [name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip() + "…" for name in names]
    seen = Counter(cut)
    return [
        short
        if seen[short] == 1 or short == name
        else name[: LONGEST // 2 - 1] + "…" + name[-LONGEST // 2 :]
        for name, short in zip(names, cut)
    ]


def _width(name):
    """The width of a name in Latin letters; Chinese and Japanese ones are nearly twice as wide."""
    return sum(1.7 if east_asian_width(letter) in "WF" else 1 for letter in name)
