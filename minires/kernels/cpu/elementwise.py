"""Addition and ReLU, of large arrays on all cores. Broadcasting is left to `common`."""

import numpy as np

from .. import common
from . import memory, parallel


class add(common.add):
    """y = a + b.    dL/da = dL/db = dL/dy."""

    def forward(a, b):
        if a.shape != b.shape:
            return common.add.forward(a, b)
        return _in_pieces(np.add, a, b), (a.shape, b.shape)


class relu(common.relu):
    """y = max(x, 0), elementwise, any shape.

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = _in_pieces(_maximum_with_0, x)
        return y, y                                # y > 0 exactly where x > 0: no second array to keep

    def backward(dy, y):
        return _in_pieces(where_positive, dy, y)


class add_relu(common.add_relu):
    """y = max(a + b, 0)."""

    def forward(a, b):
        if a.shape != b.shape:
            return common.add_relu.forward(a, b)
        y = _in_pieces(_add_and_clip, a, b)
        return y, (y, a.shape, b.shape)

    def backward(dy, cache):
        y, a_shape, b_shape = cache
        dz = _in_pieces(where_positive, dy, y)
        return common.unbroadcast(dz, a_shape), common.unbroadcast(dz, b_shape)


def where_positive(dy, y, out):
    """Write dy where y > 0, and 0 elsewhere, to `out`. (As a product: where dy is inf or nan, 0 times that.)"""
    positive = np.greater(y, 0, out=parallel.scratch("positive", y.shape, bool))
    return np.multiply(dy, positive, out=out)


def _maximum_with_0(x, out):
    np.clip(x, 0, np.inf, out=out)                 # np.maximum(x, 0) is the same, and takes NumPy three times as long


def _add_and_clip(a, b, out):
    np.add(a, b, out=out)
    np.clip(out, 0, np.inf, out=out)


def _in_pieces(function, *arrays):
    """``function(*pieces, out=piece of the result)`` for all pieces of arrays of one shape."""
    y = memory.empty(arrays[0].shape, arrays[0].dtype)
    flat, flat_y = [np.ascontiguousarray(array).reshape(-1) for array in arrays], y.reshape(-1)

    def share(pieces):
        for first, last in pieces:
            function(*(array[first:last] for array in flat), out=flat_y[first:last])

    parallel.run(share, y.size, y.itemsize)
    return y
