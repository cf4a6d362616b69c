"""Convolution in plain NumPy, close to the formulas, and the cases that the checks try."""

import numpy as np

from ....types import Array, Shape

# Shapes of images and filters (KH, KW, C, O), stride and padding, from easy to hard.
CASES = (
    ((1, 4, 5, 1), (2, 2, 1, 1), 1, 0),
    ((2, 5, 6, 3), (3, 2, 3, 4), 1, 0),
    ((2, 6, 5, 3), (3, 3, 3, 4), 1, 1),
    ((2, 7, 6, 2), (3, 3, 2, 3), 2, 1),
    ((3, 6, 6, 2), (3, 3, 2, 2), 1, 2),
    ((2, 8, 5, 3), (2, 1, 3, 2), 3, 0),
)
INNER = ("KH", "KW", "C")  # the axes of a window
LAYERS, STEPS = 7, 8  # convolutions of the net, and steps that are compared
SPEEDUP = 50  # over a plain loop


def size_of(size: int, kernel: int, stride: int, padding: int) -> int:
    """The number of places of a filter along one axis, found by counting them."""
    return sum(
        first + kernel <= size + 2 * padding for first in range(0, size + 2 * padding, stride)
    )


def padded(
    x: Array,
    top: int,
    bottom: int | None = None,
    left: int | None = None,
    right: int | None = None,
    value: float = 0,
) -> Array:
    """x with a border of zeros, or of `value`; `bottom`, `left` and `right` default to `top`."""
    bottom, left, right = (top if side is None else side for side in (bottom, left, right))
    n, height, width, c = x.shape
    y = np.full((n, top + height + bottom, left + width + right, c), value, x.dtype)
    y[:, top : top + height, left : left + width] = x
    return y


def windows(x: Array, kernel: Shape, stride: int) -> Array:
    """All windows (N, H', W', KH, KW, C) of x, which must be padded already."""
    rows, columns = (size_of(size, k, stride, 0) for size, k in zip(x.shape[1:3], kernel))
    y = np.empty((len(x), rows, columns, *kernel, x.shape[3]), x.dtype)
    for i, j in np.ndindex(rows, columns):
        y[:, i, j] = x[:, i * stride : i * stride + kernel[0], j * stride : j * stride + kernel[1]]
    return y


def in_order(order: str) -> tuple[int, int, int]:
    """The axes (KH, KW, C) of a window in an order such as "C, KH, KW"."""
    first, second, third = (INNER.index(name) for name in order.split(", "))
    return first, second, third


def rows_of(seen: Array, order: str = "KH, KW, C") -> Array:
    """Windows (N, H', W', KH, KW, C) as the rows of a matrix."""
    merged = seen.transpose(0, 1, 2, *(3 + i for i in in_order(order)))
    return merged.reshape(np.prod(seen.shape[:3]), -1)


def product(seen: Array, w: Array) -> Array:
    """Windows (N, H', W', KH, KW, C) times filters (KH, KW, C, O): outputs (N, H', W', O)."""
    return np.tensordot(seen, w, 3)


def convolution(x: Array, w: Array, stride: int, padding: int) -> Array:
    """Convolve x (N, H, W, C) with w (KH, KW, C, O), window by window: (N, H', W', O)."""
    return product(windows(padded(x, padding), w.shape[:2], stride), w)


def put_back(
    seen: Array, shape: Shape, stride: int, padding: int, how: str = "add", move: int | None = None
) -> Array:
    """Add up windows (N, H', W', KH, KW, C) in padded images, of `shape` without the padding.

    Two arguments plant mistakes. With `how` "the last window" or "the last slice", windows
    overwrite each other instead; `move` replaces the stride.
    """
    n, height, width, c = shape
    y = np.zeros((n, height + 2 * padding, width + 2 * padding, c), seen.dtype)
    _, rows, columns, kh, kw, _ = seen.shape
    places = [(i, j, a, b) for i, j in np.ndindex(rows, columns) for a, b in np.ndindex(kh, kw)]
    for i, j, a, b in (
        sorted(places, key=lambda place: place[2:]) if how == "the last slice" else places
    ):
        at = slice(None), i * (move or stride) + a, j * (move or stride) + b
        y[at] = seen[:, i, j, a, b] + (y[at] if how == "add" else 0)
    return y


def cut(x: Array, padding: int, size: Shape) -> Array:
    """Padded images without their padding; `size` is (H, W)."""
    return x[:, padding : padding + size[0], padding : padding + size[1]]
