"""Convolution by im2col in CUDA and matrix products by cuBLAS.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward lays out dL/dy as columns: the row of a pixel of x holds dL/dy of all outputs that the
pixel went into. One product with the weights gives dX, another one with X gives dW, and no
additions are scattered.
"""

from typing import Any

import numpy as np

from ...types import Array, IntPair
from .. import common, shapes
from ..kernel import Kernel
from .activation import add_relu, relu
from .launch import contiguous, empty, launch, one_thread_each

MAX_COLUMN_BYTES = 2**28  # at a time: columns take KH KW times the memory of the images


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O). Stride s, padding p and dilation d
    are ints or (height, width) pairs. With groups, each group of output channels sees only its own
    group of input channels.
    """

    def forward(
        x: Array,
        w: Array,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        groups = int(groups)
        y = empty(shape, x.dtype)
        _multiply_columns("im2col", x, window, groups, shape[1:3], weights=w, out=y)
        return y, (x, w, window, groups)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups = cache
        if not needs[0]:  # the first layer: X has few channels, so few columns
            return None, _multiply_columns(
                "im2col", x, window, groups, dy.shape[1:3], grad_output=dy
            )
        dx = empty(x.shape, x.dtype)
        dw = _multiply_columns(
            "im2col_backward",
            dy,
            window,
            groups,
            x.shape[1:3],
            weights=common.swap_in_out_channels(w, groups),
            out=dx,
            grad_output=x if needs[1] else None,
        )
        return dx, common.swap_in_out_channels(dw, groups) if needs[1] else None


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), with b (O,) and an optional shortcut of y's shape.

    One kernel after the other: all it saves is that shortcut and ReLU take one launch together.
    """

    def forward(
        x: Array,
        w: Array,
        b: Array,
        shortcut: Array | None = None,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, _ = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        shapes.bias("conv2d_relu", w.shape, b.shape)
        shapes.same("conv2d_relu", shape, "the output's", shortcut=shortcut)
        z, cache = conv2d.forward(x, w, stride, padding, dilation, groups)
        z += b
        y, _ = relu.forward(z) if shortcut is None else add_relu.forward(z, shortcut)
        return y, (cache, y, shortcut is not None)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True, True, True)
    ) -> tuple[Array | None, ...]:
        """Back through the ReLU, then the convolution; the bias was added to every pixel."""
        conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def _multiply_columns(
    kernel, images, window, groups, size, weights=None, out=None, grad_output=None
):
    """Lay out images (N, H, W, C) as columns by `kernel`, and multiply these.

    With `weights` (KH, KW, C / groups, O) and `out` (N, *size, O):    out = columns @ weights.
    With `grad_output` (N, *size, O), it returns:    dweights = columns^T @ grad_output.

    Backward through the images is the same with exchanged roles: there `images` are dL/dy, `out` is
    dL/dx, and x takes the place of `grad_output`.
    """
    totals = []
    for group in range(groups):
        if out is not None:
            matrix = _as_matrix(_part(weights, group, groups))
        total = None
        for first, last, columns in _im2col(kernel, images, window, group, groups, size):
            if out is not None:
                _product(columns, matrix, _part(out[first:last], group, groups))
            if grad_output is not None:
                gradient = _as_matrix(_part(grad_output[first:last], group, groups))
                dweights = np.dot(columns.T, gradient)
                total = dweights if total is None else total + dweights
            del columns  # before the next ones are made
        totals.append(total)
    if grad_output is None:
        return None
    shape = *window.kernel_size, images.shape[3] // groups, grad_output.shape[3]
    if len(images) == 0:
        return np.zeros_like(grad_output, shape=shape)
    return (totals[0] if groups == 1 else np.concatenate(totals, axis=1)).reshape(shape)


def _im2col(kernel, images, window, group, groups, size):
    """(first, last, columns of images[first:last]) for a few images at a time."""
    n, height, width, in_channels = images.shape
    channels, positions = in_channels // groups, window.kernel_size[0] * window.kernel_size[1]
    if positions == 1 and groups == 1 and window.stride == (1, 1) and window.padding == (0, 0):
        yield 0, n, _as_matrix(images)  # 1x1: the images are their own columns
        return
    images, pixels = contiguous(images), size[0] * size[1]
    image_bytes = pixels * positions * channels * images.itemsize
    images_at_once = max(1, MAX_COLUMN_BYTES // image_bytes)
    for first in range(0, n, images_at_once):
        last = min(first + images_at_once, n)
        rows = (last - first) * pixels
        columns, threads = empty((rows, positions * channels), images.dtype), rows * channels
        launch(
            "im2col",
            kernel,
            images.dtype,
            *one_thread_each(threads),
            images[first:last],
            columns,
            threads,
            height,
            width,
            in_channels,
            group * channels,
            channels,
            *size,
            *window.kernel_size,
            *window.stride,
            *window.padding,
            *window.dilation,
        )
        yield first, last, columns
        del columns


def _product(columns, weights, out):
    """Write columns @ weights to `out` (..., O)."""
    if out.flags.c_contiguous:
        np.dot(columns, weights, out=out.reshape(-1, out.shape[-1]))
    else:  # the channels of a group have gaps between them
        out[...] = np.dot(columns, weights).reshape(out.shape)


def _part(array, group, groups):
    """The channels (last axis) of one group: a view."""
    if groups == 1:
        return array
    size = array.shape[-1] // groups
    return array[..., group * size : (group + 1) * size]


def _as_matrix(array):
    """An array (..., C) as a matrix of rows (C,); filters (KH, KW, C, O) as (KH KW C, O)."""
    return contiguous(array).reshape(-1, array.shape[-1])
