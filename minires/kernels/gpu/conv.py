"""Convolution by im2col in CUDA and matrix products by cuBLAS.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward lays out dL/dy as columns: the row of a pixel of x holds what dL/dy has in all outputs that it went into. One
product with the weights gives dX, another one with X gives dW: no scattered additions.
"""

import numpy as np

from .. import common, shapes
from ..kernel import Kernel
from .activation import add_relu, relu
from .launch import contiguous, empty, for_each, launch

COLUMNS = 2 ** 28            # bytes of columns at a time. They take KH KW times the memory of the images


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O), with stride s, padding p, dilation d: ints or
    (height, width) pairs. With groups, each group of output channels sees only its own group of input channels.
    """

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        groups = int(groups)
        y = empty(shape, x.dtype)
        _slide("im2col", x, win, groups, shape[1:3], weights=w, out=y)
        return y, (x, w, win, groups)

    def backward(dy, cache, needs=(True, True)):
        x, w, win, groups = cache
        if not needs[0]:                           # the first layer: X has few channels, so its columns are the smaller ones
            return None, _slide("im2col", x, win, groups, dy.shape[1:3], partner=dy)
        dx = empty(x.shape, x.dtype)
        dw = _slide("im2col_backward", dy, win, groups, x.shape[1:3], weights=common.swap_in_out_channels(w, groups), out=dx,
                    partner=x if needs[1] else None)
        return dx, common.swap_in_out_channels(dw, groups) if needs[1] else None


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), where shortcut, of y's shape, may be left out; b (O,).

    One kernel after the other; that ReLU and the shortcut's addition are one launch is all it saves.
    """

    def forward(x, w, b, shortcut=None, stride=1, padding=0, dilation=1, groups=1):
        shape, _ = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        shapes.bias("conv2d_relu", w.shape, b.shape)
        shapes.same("conv2d_relu", shape, "the output's", shortcut=shortcut)
        z, cache = conv2d.forward(x, w, stride, padding, dilation, groups)
        z += b
        y, _ = relu.forward(z) if shortcut is None else add_relu.forward(z, shortcut)
        return y, (cache, y, shortcut is not None)

    def backward(dy, cache, needs=(True, True, True, True)):
        """Through the ReLU, then convolution's; the bias was added to every pixel."""
        conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def _slide(kernel, images, win, groups, size, weights=None, out=None, partner=None):
    """Lay out images (N, H, W, C) as columns by `kernel`, and multiply these.

    Every pixel of `out` (N, *size, O) becomes the product of its column with `weights` (KH, KW, C / groups, O). Every column is
    multiplied by its pixel of `partner` (N, *size, O), and the sum of these products, of the shape of weights, is returned.
    """
    sums = []
    for group in range(groups):
        matrix = None if weights is None else _matrix(_part(weights, group, groups))
        total = None
        for first, last, columns in _columns(kernel, images, win, group, groups, size):
            if out is not None:
                _product(columns, matrix, _part(out[first:last], group, groups))
            if partner is not None:
                product = np.dot(columns.T, _matrix(_part(partner[first:last], group, groups)))
                total = product if total is None else total + product
            del columns                            # before the next ones are made
        sums.append(total)
    if partner is None:
        return None
    shape = *win.kernel, images.shape[3] // groups, partner.shape[3]
    if len(images) == 0:
        return np.zeros_like(partner, shape=shape)
    return (sums[0] if groups == 1 else np.concatenate(sums, axis=1)).reshape(shape)


def _columns(kernel, images, win, group, groups, size):
    """(first, last, columns of images[first:last]) for a few images at a time."""
    n, height, width, all_channels = images.shape
    channels, places = all_channels // groups, win.kernel[0] * win.kernel[1]
    if places == 1 and groups == 1 and win.stride == (1, 1) and win.padding == (0, 0):
        yield 0, n, _matrix(images)                # 1x1: the images are their own columns
        return
    images, pixels = contiguous(images), size[0] * size[1]
    at_once = max(1, COLUMNS // (pixels * places * channels * images.itemsize))
    for first in range(0, n, at_once):
        last = min(first + at_once, n)
        columns, threads = empty(((last - first) * pixels, places * channels), images.dtype), (last - first) * pixels * channels
        launch("im2col", kernel, images.dtype, *for_each(threads), images[first:last], columns, threads, height, width, all_channels,
               group * channels, channels, *size, *win.kernel, *win.stride, *win.padding, *win.dilation)
        yield first, last, columns
        del columns


def _product(columns, weights, out):
    """columns @ weights to `out` (..., O)."""
    if out.flags.c_contiguous:
        np.dot(columns, weights, out=out.reshape(-1, out.shape[-1]))
    else:
        out[...] = np.dot(columns, weights).reshape(out.shape)     # one group's channels are not next to each other


def _part(array, group, groups):
    """The channels (last axis) of one group: a view."""
    if groups == 1:
        return array
    size = array.shape[-1] // groups
    return array[..., group * size:(group + 1) * size]


def _matrix(array):
    """An array (..., C) as a matrix of rows of C; filters (KH, KW, C, O) as (KH KW C, O)."""
    return contiguous(array).reshape(-1, array.shape[-1])
