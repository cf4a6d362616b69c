"""Pooling: a window slides over each channel and keeps its maximum or its average.

The loop runs over the KH KW positions in the window. The pixels at one position of all windows are
a strided slice, of a few images at once.
"""

from typing import Any

import numpy as np

from ...types import Array, IntPair, Shape
from .. import shapes
from ..kernel import Kernel
from . import chunks, memory


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window. dL/dy goes to that x; of equals, to the first."""

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        y = memory.empty(shape, x.dtype)

        def worker(chunks):
            for first, last in chunks:
                largest = y[first:last]
                largest[...] = -np.inf
                for view in _views(_pad(x[first:last], window, -np.inf), window, shape):
                    np.maximum(largest, view, out=largest)  # nan wins over any number

        chunks.run(worker, len(x), _bytes_per_image(x, window))
        return y, (x, window, y)

    def backward(dy: Array, cache: Any) -> Array:
        x, window, y = cache
        dx = memory.empty(x.shape, dy.dtype)

        def worker(chunks):
            for first, last in chunks:
                padded = _pad(x[first:last], window, -np.inf)
                dpadded = np.zeros(padded.shape, dy.dtype)
                largest, gradient = y[first:last], dy[first:last]
                inside = _pad(np.ones(x[first:last].shape, bool), window, False)
                not_found = np.ones(largest.shape, bool)
                views = (_views(a, window, y.shape) for a in (padded, dpadded, inside))
                for view, dview, is_pixel in zip(*views):
                    is_first = ((view == largest) | (view != view)) & not_found & is_pixel
                    not_found &= ~is_first
                    dview += gradient * is_first
                dx[first:last] = _crop(dpadded, x.shape, window)

        chunks.run(worker, len(x), _bytes_per_image(x, window))
        return dx


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window. Zeros of the padding count, as in PyTorch."""

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = memory.empty(shape, x.dtype)

        def worker(chunks):
            for first, last in chunks:
                mean = y[first:last]
                mean[...] = 0
                for view in _views(_pad(x[first:last], window, 0), window, shape):
                    mean += view
                mean /= window.kernel_size[0] * window.kernel_size[1]

        chunks.run(worker, len(x), _bytes_per_image(x, window))
        return y, (x.shape, window)

    def backward(dy: Array, cache: Any) -> Array:
        shape, window = cache
        dx = memory.empty(shape, dy.dtype)

        def worker(chunks):
            for first, last in chunks:
                padded_shape = last - first, *_padded_size(shape, window), shape[3]
                dpadded = np.zeros(padded_shape, dy.dtype)
                gradient = dy[first:last] / (window.kernel_size[0] * window.kernel_size[1])
                for dview in _views(dpadded, window, dy.shape):
                    dview += gradient
                dx[first:last] = _crop(dpadded, shape, window)

        chunks.run(worker, len(dy), _bytes_per_image(dx, window))
        return dx


class global_avg_pool2d(Kernel):
    """y[n, c] = mean of x[n, :, :, c].    x (N, H, W, C), y (N, C)."""

    def forward(x: Array) -> tuple[Array, Shape]:
        shapes.images("global_avg_pool2d", x.shape)
        return x.mean(axis=(1, 2)), x.shape

    def backward(dy: Array, shape: Shape) -> Array:
        _, height, width, _ = shape
        return np.broadcast_to((dy / (height * width))[:, None, None, :], shape)


def _views(padded, window, out_shape):
    """For each position in the window, row by row: a strided slice of the pixels there."""
    (rows, cols), (sh, sw) = out_shape[1:3], window.stride
    for a in range(window.kernel_size[0]):
        for b in range(window.kernel_size[1]):
            yield padded[:, a : a + sh * (rows - 1) + 1 : sh, b : b + sw * (cols - 1) + 1 : sw]


def _pad(x, window, value):
    ph, pw = window.padding
    if ph == pw == 0:
        return x
    return np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)), constant_values=value)


def _padded_size(shape, window):
    return shape[1] + 2 * window.padding[0], shape[2] + 2 * window.padding[1]


def _crop(padded, shape, window):
    ph, pw = window.padding
    return padded[:, ph : ph + shape[1], pw : pw + shape[2]]


def _bytes_per_image(x, window):
    height, width = _padded_size(x.shape, window)
    return height * width * x.shape[3] * x.itemsize
