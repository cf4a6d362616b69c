"""Pooling: a window slides over each channel and keeps its maximum or its average.

The loop runs over the KH KW places of the window, each a strided slice of a few images at once.
"""

import numpy as np

from .. import shapes
from ..kernel import Kernel
from . import workspace, chunks


class max_pool2d(Kernel):
    """y[n, i, j, c] = largest x in the window. dL/dy goes to where it was; of equals, to the first."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("max_pool2d", x.shape, kernel_size, stride, padding)
        y = workspace.empty(shape, x.dtype)

        def share(pieces):
            for first, last in pieces:
                largest = y[first:last]
                largest[...] = -np.inf
                for view in _views(_pad(x[first:last], win, -np.inf), win, shape):
                    np.maximum(largest, view, out=largest)             # passes a nan on

        chunks.run(share, len(x), _bytes_per_image(x, win))
        return y, (x, win, y)

    def backward(dy, cache):
        x, win, y = cache
        dx = workspace.empty(x.shape, dy.dtype)

        def share(pieces):
            for first, last in pieces:
                padded, largest, gradient = _pad(x[first:last], win, -np.inf), y[first:last], dy[first:last]
                dpadded, waiting = np.zeros(padded.shape, dy.dtype), np.ones(largest.shape, bool)
                for view, dview in zip(_views(padded, win, y.shape), _views(dpadded, win, y.shape)):
                    here = ((view == largest) | (view != view)) & waiting
                    waiting &= ~here
                    dview += gradient * here
                dx[first:last] = _crop(dpadded, x.shape, win)

        chunks.run(share, len(x), _bytes_per_image(x, win))
        return dx


class avg_pool2d(Kernel):
    """y[n, i, j, c] = mean of x over the window; zeros of the padding count as members, as in PyTorch."""

    def forward(x, kernel_size, stride=None, padding=0):
        shape, win = shapes.pool2d("avg_pool2d", x.shape, kernel_size, stride, padding)
        y = workspace.empty(shape, x.dtype)

        def share(pieces):
            for first, last in pieces:
                mean = y[first:last]
                mean[...] = 0
                for view in _views(_pad(x[first:last], win, 0), win, shape):
                    mean += view
                mean /= win.kernel[0] * win.kernel[1]

        chunks.run(share, len(x), _bytes_per_image(x, win))
        return y, (x.shape, win)

    def backward(dy, cache):
        shape, win = cache
        dx = workspace.empty(shape, dy.dtype)

        def share(pieces):
            for first, last in pieces:
                dpadded = np.zeros((last - first, *_padded_size(shape, win), shape[3]), dy.dtype)
                part = dy[first:last] / (win.kernel[0] * win.kernel[1])
                for dview in _views(dpadded, win, dy.shape):
                    dview += part
                dx[first:last] = _crop(dpadded, shape, win)

        chunks.run(share, len(dy), _bytes_per_image(dx, win))
        return dx


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


def _padded_size(shape, win):
    return shape[1] + 2 * win.padding[0], shape[2] + 2 * win.padding[1]


def _crop(padded, shape, win):
    (ph, pw) = win.padding
    return padded[:, ph:ph + shape[1], pw:pw + shape[2]]


def _bytes_per_image(x, win):
    height, width = _padded_size(x.shape, win)
    return height * width * x.shape[3] * x.itemsize
