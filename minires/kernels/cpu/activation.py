"""ReLU, alone and after an addition, of large arrays on all cores."""

import numpy as np

from .. import common
from . import chunks
from .elementwise import in_chunks


class relu(common.relu):
    """y = max(x, 0), elementwise, any shape.

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = in_chunks(_maximum_with_0, x)
        return y, y                                # y > 0 exactly where x > 0: no second array to keep

    def backward(dy, y):
        return in_chunks(where_positive, dy, y)


class add_relu(common.add_relu):
    """y = max(a + b, 0)."""

    def forward(a, b):
        if a.shape != b.shape:
            return common.add_relu.forward(a, b)
        y = in_chunks(_add_and_clip, a, b)
        return y, (y, a.shape, b.shape)

    def backward(dy, cache):
        y, a_shape, b_shape = cache
        dz = in_chunks(where_positive, dy, y)
        return common.unbroadcast(dz, a_shape), common.unbroadcast(dz, b_shape)


def where_positive(dy, y, out):
    """Write dy where y > 0, and 0 elsewhere, to `out`. (As a product: where dy is inf or nan, 0 times that.)"""
    positive = np.greater(y, 0, out=chunks.scratch("positive", y.shape, bool))
    return np.multiply(dy, positive, out=out)


def _maximum_with_0(x, out):
    np.clip(x, 0, np.inf, out=out)                 # np.maximum(x, 0) is the same, and takes NumPy three times as long


def _add_and_clip(a, b, out):
    np.add(a, b, out=out)
    np.clip(out, 0, np.inf, out=out)
