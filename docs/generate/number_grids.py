"""Small arrays drawn as grids of numbers, as SVG that suits light and dark pages.

Positive numbers are orange and negative ones blue; the larger the number, the stronger the colour.
Text has the colour of the text around the picture.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from minires.types import Array

CELL, GAP, LINE, MARGIN = 46, 34, 20, 10  # pixels
POSITIVE, NEGATIVE = "#e07000", "#1070c0"
STRONGEST = 0.55  # opacity of the largest number; text must be readable on it


def grid(array: Array, label: str, x: float, y: float) -> tuple[str, float, float]:
    """Draw one array, with its name above it.

    Parameters
    ----------
    array : ndarray
        Of at most two axes, or (N, H, W, C), which is drawn as a grid for each image and channel,
        side by side. An array named "w" or "dL/dw" is (KH, KW, C, O), with a grid for each input
        and output channel.
    label : str
        The array's name.
    x, y : float
        The upper left corner, in pixels.

    Returns
    -------
    svg : str
    width, height : float
        In pixels.
    """
    array = np.asarray(array)
    planes = _planes(array.transpose(2, 0, 1, 3) if is_filter(label, array) else array)
    parts = [f'<text x="{x}" y="{y + 13}" class="name">{escape(label)}</text>']
    top, left, height = y + LINE, x, 0.0
    largest = float(np.max(np.abs(array), initial=0)) if array.dtype != bool else 1.0
    for plane in planes:
        rows, columns = plane.shape
        for i in range(rows):
            for j in range(columns):
                parts.append(_cell(plane[i, j], left + j * CELL, top + i * CELL, largest))
        left += columns * CELL + GAP / 2
        height = max(height, rows * CELL)
    width = max(left - GAP / 2 - x, 7.5 * len(label))
    return "".join(parts), width, height + LINE


def picture(rows: Sequence[Sequence[tuple[str, Array]]], title: str) -> str:
    """Draw arrays with their names, row by row.

    Parameters
    ----------
    rows : sequence of sequence of (name, ndarray)
    title : str
        The picture in words, for readers who cannot see it.

    Returns
    -------
    str
        The SVG.
    """
    body, y, widest = [], float(MARGIN), 0.0
    for row in rows:
        x, tallest = float(MARGIN), 0.0
        for label, array in row:
            svg, width, height = grid(array, label, x, y)
            body.append(svg)
            x += width + GAP
            tallest = max(tallest, height)
        y += tallest + GAP / 2
        widest = max(widest, x - GAP)
    width, height = widest + MARGIN, y
    return (
        f'<svg class="numbers" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(body)}</svg>'
    )


def is_filter(label: str, array: Array) -> bool:
    """Whether an array holds the filters (KH, KW, C, O) of a convolution, or their gradient."""
    return array.ndim == 4 and label in ("w", "dL/dw")


def _planes(array: Array) -> list[Array]:
    """An array as a list of matrices: of (N, H, W, C), one for each image and channel."""
    if array.ndim == 4:
        return [array[n, :, :, c] for n in range(len(array)) for c in range(array.shape[3])]
    if array.ndim < 2:
        return [array.reshape(1, -1)]
    return list(array.reshape(-1, *array.shape[-2:]))


def in_digits(value: float) -> str:
    """A number with as many digits as fit into a cell: two below 1, else three."""
    text = f"{value:.2g}" if abs(value) < 1 else f"{value:.3g}"
    return "0" if text == "-0" else text


def _cell(value, x, y, largest):
    """A square with a number, or with T or F for a truth value."""
    colour = POSITIVE if value > 0 else NEGATIVE
    strength = STRONGEST * abs(float(value)) / largest if largest else 0
    number = "TF"[not value] if isinstance(value, np.bool_) else in_digits(float(value))
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{CELL}" height="{CELL}" fill="{colour}" '
        f'fill-opacity="{strength:.2f}"/>'
        f'<text x="{x + CELL / 2:g}" y="{y + CELL / 2 + 4.5:g}" text-anchor="middle">'
        f"{number}</text>"
    )
