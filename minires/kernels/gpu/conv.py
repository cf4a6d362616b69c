"""Convolution: im2col in CUDA, then matrix products by cuBLAS.

Each output pixel is the product of a window of the image, written as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward writes dL/dy as columns: the row of a pixel of x holds dL/dy of all outputs that this pixel
contributed to. One product with the weights gives dL/dx, another one with x gives dL/dw. No two
threads ever add to the same address.

The names are those of the CPU backend: `convolve` goes through the images, a few at a time,
`Columns` makes their columns, and `Product` and `WeightGradient` multiply these.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...types import Array, IntPair
from .. import common, shapes
from ..kernel import Kernel
from .activation import add_relu, relu
from .launch import contiguous, empty, launch, one_thread_each

MAX_COLUMN_BYTES = 2**28  # in memory at a time: columns are KH KW times as large as the images


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
        convolve(Columns("im2col", x, window, groups, shape[1:3]), Product(w, groups, y))
        return y, (x, w, window, groups)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups = cache
        if not needs[0]:  # the first layer: x has few channels, so its columns are small
            columns = Columns("im2col", x, window, groups, dy.shape[1:3])
            convolve(columns, dw := WeightGradient(columns, dy))
            return None, dw.total()
        dx = empty(x.shape, x.dtype)
        columns = Columns("im2col_backward", dy, window, groups, x.shape[1:3])
        product = Product(common.swap_in_out_channels(w, groups), groups, dx)
        if not needs[1]:
            convolve(columns, product)
            return dx, None
        convolve(columns, product, dw := WeightGradient(columns, x))
        return dx, common.swap_in_out_channels(dw.total(), groups)


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), with b (O,) and an optional shortcut of y's shape.

    Each kernel is launched in turn; only the addition of the shortcut and the ReLU share a launch.
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
        """Back through the ReLU, then the convolution; dL/db sums over all pixels."""
        conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def convolve(columns: "Columns", *consumers: "Product | WeightGradient") -> None:
    """Make the columns of a few images at a time, and give them to each of the consumers."""
    for group in range(columns.groups):
        for first, last in columns.chunks():
            made = columns(group, first, last)
            for consumer in consumers:
                consumer.take(made, group, first, last)
            del made  # frees the memory before the next columns are made


class Columns:
    """Makes the columns of images: ``columns(group, first, last)`` is (n H' W', KH KW C / groups).

    Parameters
    ----------
    kernel : str
        The kernel in `im2col.cu`: "im2col", or "im2col_backward" if `images` is dL/dy.
    images : array (N, H, W, C)
    window : Window
    groups : int
    size : (int, int)
        (H', W'): the height and width of the result. Each of its pixels gets one row.
    """

    def __init__(
        self, kernel: str, images: Array, window: shapes.Window, groups: int, size: tuple[int, ...]
    ) -> None:
        self.kernel, self.window, self.groups, self.size = kernel, window, groups, size
        self.images = contiguous(images)
        self.channels = images.shape[3] // groups
        self.column_size = window.kernel_size[0] * window.kernel_size[1] * self.channels
        self.as_they_are = (  # 1x1: the images are their own columns
            groups == 1
            and window.kernel_size == window.stride == (1, 1)
            and window.padding == (0, 0)
        )

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield (first, last) for each run of images whose columns fit into memory together."""
        n = len(self.images)
        image_bytes = self.size[0] * self.size[1] * self.column_size * self.images.itemsize
        at_once = n if self.as_they_are else max(1, MAX_COLUMN_BYTES // image_bytes)
        for first in range(0, n, max(1, at_once)):
            yield first, min(first + at_once, n)

    def __call__(self, group: int, first: int, last: int) -> Array:
        if self.as_they_are:
            return _as_matrix(self.images[first:last])
        _, height, width, in_channels = self.images.shape
        rows = (last - first) * self.size[0] * self.size[1]
        columns, threads = empty((rows, self.column_size), self.images.dtype), rows * self.channels
        launch(
            "im2col",
            self.kernel,
            self.images.dtype,
            *one_thread_each(threads),
            self.images[first:last],
            columns,
            threads,
            height,
            width,
            in_channels,
            group * self.channels,
            self.channels,
            *self.size,
            *self.window.kernel_size,
            *self.window.stride,
            *self.window.padding,
            *self.window.dilation,
        )
        return columns


class Product:
    """out = columns @ weights, with weights (KH, KW, C / groups, O) and out (N, H', W', O)."""

    def __init__(self, weights: Array, groups: int, out: Array) -> None:
        self.out, self.groups = out, groups
        self.weights = [_as_matrix(_part(weights, group, groups)) for group in range(groups)]

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        out = _part(self.out[first:last], group, self.groups)
        if out.flags.c_contiguous:
            np.dot(columns, self.weights[group], out=out.reshape(-1, out.shape[-1]))
        else:  # the channels of a group have gaps between them
            out[...] = np.dot(columns, self.weights[group]).reshape(out.shape)


class WeightGradient:
    """dweights = columns^T @ grad_output, summed over all images.

    `grad_output` is (N, H', W', O). If the columns are those of dL/dy, it is x instead.
    """

    def __init__(self, columns: Columns, grad_output: Array) -> None:
        self.grad_output, self.groups = grad_output, columns.groups
        self.shape = *columns.window.kernel_size, columns.channels, grad_output.shape[3]
        self.totals: dict[int, Array] = {}  # group -> the sum so far

    def take(self, columns: Array, group: int, first: int, last: int) -> None:
        pixels = _as_matrix(_part(self.grad_output[first:last], group, self.groups))
        part = np.dot(columns.T, pixels)
        self.totals[group] = self.totals[group] + part if group in self.totals else part

    def total(self) -> Array:
        """The gradient, summed over all images: (KH, KW, C / groups, O)."""
        if not self.totals:  # no images
            return np.zeros_like(self.grad_output, shape=self.shape)
        totals = [self.totals[group] for group in range(self.groups)]
        whole = totals[0] if self.groups == 1 else np.concatenate(totals, axis=1)
        return whole.reshape(self.shape)


def _part(array, group, groups):
    """The channels (last axis) of one group, as a view."""
    if groups == 1:
        return array
    size = array.shape[-1] // groups
    return array[..., group * size : (group + 1) * size]


def _as_matrix(array):
    """An array (..., C) as a matrix of rows (C,); filters (KH, KW, C, O) as (KH KW C, O)."""
    return contiguous(array).reshape(-1, array.shape[-1])
