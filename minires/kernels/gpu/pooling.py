"""Pooling in CUDA: a window slides over each channel and keeps its maximum or its average."""

import numpy as np

from .. import shapes
from ..kernel import Kernel
from .launch import contiguous, empty, for_each, launch


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window. dL/dy goes to where it was; of equals, to the first."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        y, places = empty(shape, x.dtype), empty(shape, np.int32)
        launch("pooling", "max_pool", x.dtype, *for_each(y.size), contiguous(x), y, places, y.size, *_sizes(x.shape, shape, win))
        return y, (x.shape, places, win)

    def backward(dy, cache):
        shape, places, win = cache
        dx = empty(shape, dy.dtype)
        launch("pooling", "max_pool_backward", dy.dtype, *for_each(dx.size), contiguous(dy), places, dx, dx.size, *_sizes(shape, dy.shape, win))
        return dx


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window; zeros of the padding count as members, as in PyTorch."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = empty(shape, x.dtype)
        launch("pooling", "avg_pool", x.dtype, *for_each(y.size), contiguous(x), y, y.size, *_sizes(x.shape, shape, win))
        return y, (x.shape, win)

    def backward(dy, cache):
        shape, win = cache
        dx = empty(shape, dy.dtype)
        launch("pooling", "avg_pool_backward", dy.dtype, *for_each(dx.size), contiguous(dy), dx, dx.size, *_sizes(shape, dy.shape, win))
        return dx


class global_avg_pool2d(Kernel):
    """y[n, c] = mean of x[n, :, :, c].    x (N, H, W, C), y (N, C)."""

    def forward(x):
        n, height, width, channels = shapes.images("global_avg_pool2d", x.shape)
        y = empty((n, channels), x.dtype)
        launch("pooling", "global_avg_pool", x.dtype, *for_each(y.size), contiguous(x), y, y.size, height * width, channels)
        return y, x.shape

    def backward(dy, shape):
        dx = empty(shape, dy.dtype)
        launch("pooling", "global_avg_pool_backward", dy.dtype, *for_each(dx.size), contiguous(dy), dx, dx.size, shape[1] * shape[2], shape[3])
        return dx


def _sizes(x, y, win):
    """What the kernels need to know of the images, the results and the window."""
    return *x[1:], *y[1:3], *win.kernel, *win.stride, *win.padding
