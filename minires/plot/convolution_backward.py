"""Drawings of the backward pass of a convolution: which dy meets which pixel and which weight."""

import numpy as np

from ..checks import is_integer
from ..errors import ConfigError
from ..types import Figure
from .style import panels, styled, write_below
from .themes import COLOURS, OTHERS, SHADES

PIXELS, GRADIENTS = SHADES["resnet"][0], OTHERS[1]  # the colours of x and of dy
DIGITS = "₀₁₂₃₄₅₆₇₈₉"


@styled
def conv_backward_line(weight: int = 0, pixel: int = 2, pixels: int = 5, taps: int = 3) -> Figure:
    """Draw in one dimension which gradients arrive at one weight, and which at one pixel.

    Parameters
    ----------
    weight, pixel : int
        The weight and the pixel whose gradients are shown, counted from 0.
    pixels, taps : int
        The number of pixels, and of weights in the filter. The stride is 1, without padding.

    Returns
    -------
    matplotlib.figure.Figure
        A line from a pixel to a `dy` stands for a term x w in the sum for that output.

    Raises
    ------
    ConfigError
        If there is no such weight or pixel, or the line is too long to be read.
    """
    _require("conv_backward_line", "pixels", pixels, taps, 9)
    _require("conv_backward_line", "weight", weight, 0, taps - 1)
    _require("conv_backward_line", "pixel", pixel, 0, pixels - 1)
    figure, axes = panels(2, (9.6, 2.9))
    _lines(axes[0], pixels, taps, lambda i, a: a == weight)
    axes[0].set_title(f"at the weight w{DIGITS[weight]}: x and dy side by side")
    _lines(axes[1], pixels, taps, lambda i, a: i + a == pixel)
    axes[1].set_title(f"at the pixel x{DIGITS[pixel]}: the weights run backwards")
    write_below(
        figure,
        "A line is a term of the forward pass, with its weight; the coloured ones pass something "
        "on to this weight, or to this pixel.",
    )
    return figure


def _lines(ax, pixels, taps, chosen):
    outputs = pixels - taps + 1
    shift = (taps - 1) / 2  # puts each dy below the middle of its window
    for i in range(outputs):
        for a in range(taps):
            bold = chosen(i, a)
            colour, width = (COLOURS["plain"], 2.6) if bold else ("#cccccc", 0.8)
            start, end = (i + a, 0.72), (i + shift, -0.72)
            ax.plot(*zip(start, end), color=colour, linewidth=width, zorder=2 if bold else 1)
            if bold:
                x, y = (0.62 * s + 0.38 * e for s, e in zip(start, end))
                ax.text(
                    x,
                    y,
                    f"w{DIGITS[a]}",
                    ha="center",
                    va="center",
                    zorder=3,
                    color=COLOURS["plain"],
                    fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                )
    for i in range(pixels):
        _cell(ax, i - 0.4, 0.72, f"x{DIGITS[i]}", PIXELS, 0.8, 0.5)
    for i in range(outputs):
        _cell(ax, i + shift - 0.4, -1.22, f"dy{DIGITS[i]}", GRADIENTS, 0.8, 0.5)
    ax.set_xlim(-0.6, pixels - 0.4)
    ax.set_ylim(-1.4, 1.4)
    ax.axis("off")


@styled
def conv_backward(
    weight: tuple[int, int] = (0, 1),
    pixel: tuple[int, int] = (2, 2),
    size: int = 5,
    kernel_size: int = 3,
) -> Figure:
    """Draw the same in two dimensions as `conv_backward_line` does in one.

    For the weights dy slides over x, and for the pixels the flipped filter slides over dy.

    Parameters
    ----------
    weight, pixel : (int, int)
        Row and column of the weight and of the pixel whose gradients are shown.
    size, kernel_size : int
        Pixels to a side of the image, and of the filter. The stride is 1, without padding.

    Returns
    -------
    matplotlib.figure.Figure
        On the left, each dy lies on the pixel that it is multiplied by. On the right, each weight
        lies on the dy that it is multiplied by.

    Raises
    ------
    ConfigError
        If there is no such weight or pixel, or the image is too large to be read.
    """
    _require("conv_backward", "size", size, kernel_size, 7)
    for one in weight:
        _require("conv_backward", "weight", one, 0, kernel_size - 1)
    for one in pixel:
        _require("conv_backward", "pixel", one, 0, size - 1)
    outputs = size - kernel_size + 1
    figure, (left, right) = panels(2, (9.6, 4.4), widths=[size, max(outputs, 3)])
    (a, b), (row, column) = weight, pixel
    for i, j in np.ndindex(size, size):
        met = 0 <= i - a < outputs and 0 <= j - b < outputs
        text = f"x{_at(i, j)}" + (f"\ndy{_at(i - a, j - b)}" if met else "")
        _cell(left, j, -i - 1, text, GRADIENTS if met else PIXELS, strength=0.55 if met else 0.25)
    _frame(left, b, -a - outputs, outputs)
    left.set_title(f"dw{_at(a, b)}: lay dy on x, multiply, add up")
    for i, j in np.ndindex(outputs, outputs):
        met = 0 <= row - i < kernel_size and 0 <= column - j < kernel_size
        text = f"dy{_at(i, j)}" + (f"\nw{_at(row - i, column - j)}" if met else "")
        _cell(right, j, -i - 1, text, GRADIENTS, strength=0.55 if met else 0.15)
    right.set_title(f"dx{_at(row, column)}: the flipped filter on dy")
    for ax, count in ((left, size), (right, outputs)):
        ax.set_xlim(-0.1, count + 0.1)
        ax.set_ylim(-count - 0.1, 0.1)
        ax.set_aspect("equal")
        ax.axis("off")
    write_below(
        figure,
        f"Image {size} x {size}, filter {kernel_size} x {kernel_size}. Numbers are row and column.",
    )
    return figure


def _at(row, column):
    return DIGITS[row] + DIGITS[column]


def _cell(ax, x, y, text, colour, width=1.0, height=1.0, strength=0.45):
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    pale = [1 - strength * (1 - part) for part in to_rgb(colour)]
    ax.add_patch(
        Rectangle((x, y), width, height, facecolor=pale, edgecolor="white", linewidth=2, zorder=3)
    )
    ax.text(
        x + width / 2, y + height / 2, text, ha="center", va="center", zorder=4, color="#111111"
    )


def _frame(ax, x, y, size):
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle((x, y), size, size, fill=False, edgecolor=COLOURS["plain"], linewidth=3, zorder=5)
    )


def _require(where, what, value, least, most):
    if not is_integer(value, least, most):
        raise ConfigError(f"plot.{where}", what, f"{least} to {most}", repr(value))
