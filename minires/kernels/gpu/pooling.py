"""Pooling in CUDA: a window slides over each channel and keeps its maximum or its average."""

from typing import Any

import numpy as np

from ...types import Array, IntPair, Shape
from .. import shapes
from ..kernel import Kernel
from .launch import contiguous, empty, launch, one_thread_each


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window.

    Backward adds dL/dy to that x. If several are the largest, the first gets it.
    """

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        y, argmax = empty(shape, x.dtype), empty(shape, np.int32)
        launch(
            "pooling",
            "max_pool",
            x.dtype,
            *one_thread_each(y.size),
            contiguous(x),
            y,
            argmax,
            y.size,
            *_sizes(x.shape, shape, window),
        )
        return y, (x.shape, argmax, window)

    def backward(dy: Array, cache: Any) -> Array:
        shape, argmax, window = cache
        dx = empty(shape, dy.dtype)
        launch(
            "pooling",
            "max_pool_backward",
            dy.dtype,
            *one_thread_each(dx.size),
            contiguous(dy),
            argmax,
            dx,
            dx.size,
            *_sizes(shape, dy.shape, window),
        )
        return dx


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window, with the padding as zeros (as in PyTorch).

    Backward gives each x in the window an equal share of dL/dy.
    """

    def forward(
        x: Array, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
    ) -> tuple[Array, Any]:
        shape, window = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = empty(shape, x.dtype)
        launch(
            "pooling",
            "avg_pool",
            x.dtype,
            *one_thread_each(y.size),
            contiguous(x),
            y,
            y.size,
            *_sizes(x.shape, shape, window),
        )
        return y, (x.shape, window)

    def backward(dy: Array, cache: Any) -> Array:
        shape, window = cache
        dx = empty(shape, dy.dtype)
        launch(
            "pooling",
            "avg_pool_backward",
            dy.dtype,
            *one_thread_each(dx.size),
            contiguous(dy),
            dx,
            dx.size,
            *_sizes(shape, dy.shape, window),
        )
        return dx


class global_avg_pool2d(Kernel):
    """y[n, c] = mean of x[n, :, :, c].    x (N, H, W, C), y (N, C)."""

    def forward(x: Array) -> tuple[Array, Shape]:
        n, height, width, channels = shapes.images("global_avg_pool2d", x.shape)
        y = empty((n, channels), x.dtype)
        launch(
            "pooling",
            "global_avg_pool",
            x.dtype,
            *one_thread_each(y.size),
            contiguous(x),
            y,
            y.size,
            height * width,
            channels,
        )
        return y, x.shape

    def backward(dy: Array, shape: Shape) -> Array:
        _, height, width, channels = shape
        dx = empty(shape, dy.dtype)
        launch(
            "pooling",
            "global_avg_pool_backward",
            dy.dtype,
            *one_thread_each(dx.size),
            contiguous(dy),
            dx,
            dx.size,
            height * width,
            channels,
        )
        return dx


def _sizes(x, y, window):
    """The sizes that the kernels take, from the shapes of images `x`, results `y`, the window."""
    return *x[1:], *y[1:3], *window.kernel_size, *window.stride, *window.padding
