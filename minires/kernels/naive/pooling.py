"""Pooling, one window at a time."""

from typing import Any

import numpy as np

from ...types import Array, IntPair, Shape
from .. import shapes
from ..kernel import Kernel


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window. dL/dy goes to that x; of equals, to the first.

    A nan counts as larger than any number, so that it is not hidden.
    """

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        y, source = np.empty(shape, x.dtype), {}
        for out in np.ndindex(shape):
            source[out] = max(
                _pixels(out, x.shape, window), key=lambda pixel: (np.isnan(x[pixel]), x[pixel])
            )
            y[out] = x[source[out]]
        return y, (x.shape, source)

    def backward(dy: Array, cache: Any) -> Array:
        shape, source = cache
        dx = np.zeros(shape, dy.dtype)
        for out in np.ndindex(dy.shape):
            dx[source[out]] += dy[out]
        return dx


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window. Zeros of the padding count, as in PyTorch."""

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = np.zeros(shape, x.dtype)
        for out in np.ndindex(shape):
            for pixel in _pixels(out, x.shape, window):
                y[out] += x[pixel] / (window.kernel_size[0] * window.kernel_size[1])
        return y, (x.shape, window)

    def backward(dy: Array, cache: Any) -> Array:
        shape, window = cache
        dx = np.zeros(shape, dy.dtype)
        for out in np.ndindex(dy.shape):
            for pixel in _pixels(out, shape, window):
                dx[pixel] += dy[out] / (window.kernel_size[0] * window.kernel_size[1])
        return dx


class global_avg_pool2d(Kernel):
    """y[n, c] = mean of x[n, :, :, c].    x (N, H, W, C), y (N, C)."""

    def forward(x: Array) -> tuple[Array, Shape]:
        n, height, width, channels = shapes.images("global_avg_pool2d", x.shape)
        y = np.zeros((n, channels), x.dtype)
        for image, i, j, c in np.ndindex(x.shape):
            y[image, c] += x[image, i, j, c] / (height * width)
        return y, x.shape

    def backward(dy: Array, shape: Shape) -> Array:
        dx = np.empty(shape, dy.dtype)
        for image, i, j, c in np.ndindex(shape):
            dx[image, i, j, c] = dy[image, c] / (shape[1] * shape[2])
        return dx


def _pixels(out, x_shape, window):
    """The pixels inside the image that the window of output `out` covers, row by row."""
    n, i, j, c = out
    for a, b in np.ndindex(window.kernel_size):
        row = i * window.stride[0] + a - window.padding[0]
        col = j * window.stride[1] + b - window.padding[1]
        if 0 <= row < x_shape[1] and 0 <= col < x_shape[2]:
            yield n, row, col, c
