"""Drawings of how convolution works: im2col, and the receptive field of an output."""

from collections.abc import Sequence

import numpy as np

from ..checks import integer
from ..errors import ConfigError
from ..types import Figure
from .style import panels, styled, write_below
from .themes import COLOURS, GREY, OTHERS

LARGEST = 8  # pixels to a side: in a larger image the numbers cannot be read


@styled
def im2col(
    height: int = 4,
    width: int = 4,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int = 0,
    window: int = 0,
    size: tuple[float, float] = (11, 4.6),
) -> Figure:
    """Draw how im2col turns a convolution into one matrix product: every window becomes a row.

    Parameters
    ----------
    height, width : int
        The size of an image with one channel.
    kernel_size, stride, padding : int
    window : int
        Which window gets a frame, counted from 0, row by row.
    size : (float, float)
        Width and height of the figure, in inches. A smaller one has larger letters on a phone.

    Returns
    -------
    matplotlib.figure.Figure
        A pixel keeps its number and colour wherever it is copied to. The zeros of the padding are
        white.

    Raises
    ------
    ConfigError
        If there is no such window, the filter is larger than the image, or the image is too large
        for numbers that can be read.
    """
    sizes = {"height": height, "width": width, "kernel_size": kernel_size, "stride": stride}
    for name, value in sizes.items():
        integer("plot.im2col", name, value)
    integer("plot.im2col", "padding", padding, least=0)
    padded = np.pad(np.arange(1, height * width + 1).reshape(height, width), padding)
    integer("plot.im2col", "kernel_size", kernel_size, most=min(padded.shape))
    rows, columns = ((size - kernel_size) // stride + 1 for size in padded.shape)
    integer("plot.im2col", "window", window, least=0, most=rows * columns - 1)
    if max(padded.shape) > LARGEST:
        raise ConfigError(
            "plot.im2col",
            "the image is too large for numbers that can be read",
            f"at most {LARGEST} pixels a side, with padding",
            f"{padded.shape[0]} x {padded.shape[1]}",
        )
    matrix = np.array(
        [
            padded[
                i * stride : i * stride + kernel_size, j * stride : j * stride + kernel_size
            ].ravel()
            for i in range(rows)
            for j in range(columns)
        ]
    )
    figure, axes = panels(4, size, widths=[padded.shape[1], matrix.shape[1], 2.2, 2.2])
    _grid(axes[0], padded, height * width)
    top, left = window // columns * stride, window % columns * stride
    _frame(axes[0], left, top, kernel_size, kernel_size)
    axes[0].set_title(f"image, {height} x {width}" + (f",\npadding {padding}" if padding else ""))
    _grid(axes[1], matrix, height * width)
    _frame(axes[1], 0, window, matrix.shape[1], 1)
    axes[1].set_title(f"one row a window:\n{matrix.shape[0]} x {matrix.shape[1]}")
    _grid(
        axes[2],
        np.zeros((matrix.shape[1], 1), int),
        1,
        [f"w{i}" for i in range(matrix.shape[1])],
    )
    axes[2].set_title("times\nfilter w")
    _grid(
        axes[3],
        np.zeros((matrix.shape[0], 1), int),
        1,
        [f"y{i}" for i in range(matrix.shape[0])],
    )
    _frame(axes[3], 0, window, 1, 1)
    axes[3].set_title("is\noutput y")
    copies = matrix[matrix > 0].size / (height * width)
    write_below(
        figure,
        f"filter {kernel_size} x {kernel_size}, stride {stride}; each pixel is copied "
        f"{copies:.3g} times on average; "
        f"with C channels each number stands for C numbers, and w has a column for each filter",
    )
    return figure


def receptive_fields(layers: Sequence[tuple[int, int]]) -> list[int]:
    """How many pixels of the image, to a side, one output of each layer depends on.

    With r = jump = 1 at the image, each layer makes

        r <- r + (kernel_size - 1) jump,    jump <- jump stride

    Parameters
    ----------
    layers : list of (kernel_size, stride)
        In order from the image on.

    Returns
    -------
    list of int
        r after each layer.
    """
    sizes, size, jump = [], 1, 1
    for kernel_size, stride in layers:
        size, jump = size + (kernel_size - 1) * jump, jump * stride
        sizes.append(size)
    return sizes


@styled
def receptive_field(layers: Sequence[tuple[int, int]], image_size: int = 32) -> Figure:
    """Draw the squares of the image that a central output depends on, one for each layer.

    Their sizes are those of `receptive_fields`.

    Parameters
    ----------
    layers : list of (kernel_size, stride)
        In order from the image on.
    image_size : int
        Pixels to a side.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        If there are no layers.
    """
    from matplotlib.ticker import MaxNLocator

    sizes = receptive_fields(layers)
    if not sizes:
        raise ConfigError("plot.receptive_field", "layers", "at least one", "none")
    figure, (left, right) = panels(2, (9.6, 4.6), widths=[1, 1.3])
    for i, size in enumerate(sizes):
        strength = 0.25 + 0.75 * (i + 1) / len(sizes)
        _square(left, size, COLOURS["resnet"], alpha=strength, linewidth=1.4)
    _square(left, image_size, GREY, linewidth=2, linestyle=(0, (4, 2)))
    reach = 0.55 * max(image_size, sizes[-1])
    left.set_xlim(-reach, reach)
    left.set_ylim(-reach, reach)
    left.set_aspect("equal")
    left.grid(False)
    left.set_title("what one output sees")
    left.set_xlabel("pixels from its centre")
    left.set_ylabel("pixels from its centre")
    right.plot(range(1, len(sizes) + 1), sizes, "o-", color=OTHERS[0], linewidth=2, markersize=4)
    right.axhline(image_size, color=GREY, linestyle=(0, (4, 2)), linewidth=1.4)
    right.annotate(
        f"the image: {image_size}",
        (1, image_size),
        xytext=(0, 4),
        textcoords="offset points",
        color=GREY,
    )
    right.set_title("receptive field, pixels to a side")
    right.set_xlabel("layer")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_ylim(bottom=0)
    write_below(figure, f"{len(layers)} layers; dashed: the image of {image_size} x {image_size}")
    return figure


def _square(ax, size, colour, **settings):
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle((-size / 2, -size / 2), size, size, fill=False, edgecolor=colour, **settings)
    )


def _grid(ax, numbers, largest, texts=None):
    """Draw a table of numbers. Equal numbers get the same colour, and 0 is white."""
    from matplotlib import colormaps

    rows, columns = numbers.shape
    colours = colormaps["cividis"](0.25 + 0.7 * numbers / largest)
    colours[numbers == 0] = (1, 1, 1, 1)
    ax.imshow(
        colours,
        aspect="equal" if columns > 1 and rows <= LARGEST else "auto",
        extent=(0, columns, rows, 0),
    )
    for (i, j), number in np.ndenumerate(numbers):
        ax.text(
            j + 0.5,
            i + 0.5,
            texts[i] if texts else number,
            ha="center",
            va="center",
            fontsize=9 if rows <= 20 else 7,
            color="#333333" if number == 0 else "black" if number > 0.45 * largest else "white",
        )
    for x in range(columns + 1):
        ax.axvline(x, color="#cccccc", linewidth=0.6)
    for y in range(rows + 1):
        ax.axhline(y, color="#cccccc", linewidth=0.6)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _frame(ax, x, y, width, height):
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle(
            (x, y),
            width,
            height,
            fill=False,
            edgecolor=COLOURS["plain"],
            linewidth=3,
            clip_on=False,
            zorder=5,
        )
    )
