"""Convolution, as the sum it is; alone and with the ReLU after it."""

from typing import Any

import numpy as np

from ...types import Array, IntPair
from .. import shapes
from ..kernel import Kernel
from .activation import relu


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O). Stride s, padding p and dilation d
    are ints or (height, width) pairs. With groups, each group of output channels sees only its own
    group of input channels. Outside the image x counts as 0.

    Every term x w of the sum passes dL/dy on to both its factors: dx gets dy w, dw gets dy x.
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
        y = np.zeros(shape, x.dtype)
        for out, pixel, weight in _terms(x.shape, w.shape, shape, window, groups):
            y[out] += x[pixel] * w[weight]
        return y, (x, w, window, groups)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        x, w, window, groups = cache
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for out, pixel, weight in _terms(x.shape, w.shape, dy.shape, window, groups):
            dx[pixel] += dy[out] * w[weight]
            dw[weight] += dy[out] * x[pixel]
        return dx, dw


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), with b (O,) and an optional shortcut of y's shape.

    Settings as for conv2d. This is a layer of a residual net without batch norm, or with its batch
    norm folded into the convolution. Faster backends add b and the shortcut, and take the ReLU,
    while the convolution's output is in cache.
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
        z, conv_cache = conv2d.forward(x, w, stride, padding, dilation, groups)
        z = z + b
        y, relu_cache = relu.forward(z if shortcut is None else z + shortcut)
        return y, (conv_cache, relu_cache, shortcut is not None)

    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:
        """Back through the ReLU, then through the addition, which passes dz on to all its terms.

        The bias was added to every pixel, so its gradient is a sum over all pixels.
        """
        conv_cache, relu_cache, has_shortcut = cache
        dz = relu.backward(dy, relu_cache)
        gradients = (*conv2d.backward(dz, conv_cache), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def _terms(x_shape, w_shape, y_shape, window, groups):
    """Every term of every sum, as the indices of its output, its pixel and its weight."""
    (sh, sw), (ph, pw), (dh, dw) = window.stride, window.padding, window.dilation
    kernel_height, kernel_width, in_channels, out_channels = w_shape  # in_channels of a group
    for n, i, j, o in np.ndindex(y_shape):
        group = o // (out_channels // groups)
        for a, b, c in np.ndindex(kernel_height, kernel_width, in_channels):
            row, col = i * sh + a * dh - ph, j * sw + b * dw - pw
            if 0 <= row < x_shape[1] and 0 <= col < x_shape[2]:
                yield (n, i, j, o), (n, row, col, group * in_channels + c), (a, b, c, o)
