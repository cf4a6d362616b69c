"""Pooling: a window slides over each channel and keeps its maximum or its average.

The loop runs over the KH KW places of the window, each a strided slice of all images at once.
"""

import numpy as np

from .. import shapes
from ..kernel import Kernel


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window. dL/dy goes to where it was; of equals, to the first."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        padded = _pad(x, win, -np.inf)
        y = np.full(shape, -np.inf, x.dtype)
        place = np.zeros(shape, np.int16)                      # which place of the window the maximum came from
        for k, view in enumerate(_views(padded, win, shape)):
            larger = (view > y) | (view != view)               # a nan is passed on, not hidden
            np.copyto(y, view, where=larger)
            np.copyto(place, k, where=larger)
        return y, (x.shape, win, place)

    def backward(dy, cache):
        shape, win, place = cache
        padded = np.zeros(_padded_shape(shape, win), dy.dtype)
        for k, view in enumerate(_views(padded, win, dy.shape)):
            view += dy * (place == k)
        return _crop(padded, shape, win)


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window; zeros of the padding count as members, as in PyTorch."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = np.zeros(shape, x.dtype)
        for view in _views(_pad(x, win, 0), win, shape):
            y += view
        y /= win.kernel[0] * win.kernel[1]
        return y, (x.shape, win)

    def backward(dy, cache):
        shape, win = cache
        padded = np.zeros(_padded_shape(shape, win), dy.dtype)
        share = dy / (win.kernel[0] * win.kernel[1])
        for view in _views(padded, win, dy.shape):
            view += share
        return _crop(padded, shape, win)


class global_avg_pool2d(Kernel):
    """y[n, c] = mean of x[n, :, :, c].    x (N, H, W, C), y (N, C)."""

    def forward(x):
        shapes.images("global_avg_pool2d", x.shape)
        return x.mean(axis=(1, 2)), x.shape

    def backward(dy, shape):
        _, height, width, _ = shape
        return np.broadcast_to((dy / (height * width))[:, None, None, :], shape)


def _views(padded, win, out_shape):
    """For each place of the window, row by row: the strided slice of all pixels that stand there."""
    (rows, columns), (sh, sw) = out_shape[1:3], win.stride
    for a in range(win.kernel[0]):
        for b in range(win.kernel[1]):
            yield padded[:, a:a + sh * (rows - 1) + 1:sh, b:b + sw * (columns - 1) + 1:sw]


def _pad(x, win, value):
    (ph, pw) = win.padding
    return np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)), constant_values=value) if ph or pw else x


def _padded_shape(shape, win):
    return shape[0], shape[1] + 2 * win.padding[0], shape[2] + 2 * win.padding[1], shape[3]


def _crop(padded, shape, win):
    (ph, pw) = win.padding
    return padded[:, ph:ph + shape[1], pw:pw + shape[2]]
