"""Convolution by im2col in CUDA and matrix products by cuBLAS.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward lays out dL/dy as columns: the row of a pixel of x holds what dL/dy has in all outputs that it went into. One
product with the weights gives dX, another one with X gives dW: no scattered additions.
"""

import numpy as np

from .. import shapes
from ..kernel import Kernel
from .launch import contiguous, empty, for_each, launch

COLUMNS = 2 ** 28            # bytes of columns at a time. They take KH KW times the memory of the images


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O), with stride s, padding p, dilation d: ints or
    (height, width) pairs. With groups, each group of output channels sees only its own group of input channels.
    """

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        y = empty(shape, x.dtype)
        for group in range(groups):
            weights = _matrix(_part(w, group, groups))
            for first, last, columns in _columns("im2col", x, win, shape[1:3], group, groups):
                _write(columns, weights, _part(y[first:last], group, groups))
        return y, (x, w, win, groups)

    def backward(dy, cache, needs=(True, True)):
        x, w, win, groups = cache
        if not needs[0]:                           # the first layer: X has few channels, so its columns are the smaller ones
            return None, _weight_gradient(x, w, dy, win, groups)
        dx, dw = empty(x.shape, x.dtype), empty(w.shape, w.dtype)
        for group in range(groups):
            exchanged = _exchange(_part(w, group, groups))
            total = None
            for first, last, columns in _columns("im2col_backward", dy, win, x.shape[1:3], group, groups):
                _write(columns, _matrix(exchanged), _part(dx[first:last], group, groups))
                if needs[1]:
                    total = _add(total, np.dot(columns.T, _matrix(_part(x[first:last], group, groups))))
            if needs[1]:
                _part(dw, group, groups)[...] = 0 if total is None else _exchange(total.reshape(exchanged.shape))
        return dx, dw if needs[1] else None


def _weight_gradient(x, w, dy, win, groups):
    """dW alone: the columns of X, transposed, times dY."""
    dw = empty(w.shape, w.dtype)
    for group in range(groups):
        total = None
        for first, last, columns in _columns("im2col", x, win, dy.shape[1:3], group, groups):
            total = _add(total, np.dot(columns.T, _matrix(_part(dy[first:last], group, groups))))
        part = _part(dw, group, groups)
        part[...] = 0 if total is None else total.reshape(part.shape)
    return dw


def _columns(kernel, images, win, size, group, groups):
    """(first, last, columns of images[first:last]) for a few images at a time; `size` is that of the result (H', W')."""
    n, height, width, all_channels = images.shape
    channels, places = all_channels // groups, win.kernel[0] * win.kernel[1]
    if places == 1 and groups == 1 and win.stride == (1, 1) and win.padding == (0, 0):
        yield 0, n, _matrix(images)                # 1x1: the images are their own columns
        return
    images, pixels = contiguous(images), size[0] * size[1]
    at_once = max(1, COLUMNS // max(1, pixels * places * channels * images.itemsize))
    for first in range(0, n, at_once):
        last = min(first + at_once, n)
        columns = empty(((last - first) * pixels, places * channels), images.dtype)
        threads = (last - first) * pixels * channels
        launch("im2col", kernel, images.dtype, *for_each(threads), images[first:last], columns, threads, height, width, all_channels,
               group * channels, channels, *size, *win.kernel, *win.stride, *win.padding, *win.dilation)
        yield first, last, columns


def _write(columns, weights, out):
    """columns @ weights to `out` (..., O)."""
    if out.flags.c_contiguous:
        np.dot(columns, weights, out=out.reshape(len(columns), -1))
    else:
        out[...] = np.dot(columns, weights).reshape(out.shape)     # one group's channels are not next to each other


def _part(array, group, groups):
    """The channels (last axis) of one group: a view."""
    size = array.shape[-1] // groups
    return array[..., group * size:(group + 1) * size]


def _matrix(array):
    """An array (..., C) as a matrix of rows of C; filters (KH, KW, C, O) as (KH KW C, O)."""
    return contiguous(array).reshape(-1, array.shape[-1])


def _exchange(w):
    """Weights (KH, KW, C, O) with input and output exchanged: (KH, KW, O, C)."""
    return w.swapaxes(2, 3)


def _add(total, part):
    return part if total is None else total + part
