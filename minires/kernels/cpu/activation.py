"""ReLU, alone and after an addition, of large arrays on all cores."""

from typing import Any

import numpy as np

from ...types import Array
from .. import common
from . import workspace
from .elementwise import in_chunks


class relu(common.relu):
    """y = max(x, 0), elementwise, any shape.

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = in_chunks(_maximum_with_0, x)
        return y, y  # y > 0 exactly where x > 0: no second array to keep

    def backward(dy: Array, y: Array) -> Array:
        return in_chunks(where_positive, dy, y)


class add_relu(common.add_relu):
    """y = max(a + b, 0)."""

    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        if a.shape != b.shape:
            return common.add_relu.forward(a, b)
        y = in_chunks(_add_and_clip, a, b)
        return y, (y, a.shape, b.shape)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        y, a_shape, b_shape = cache
        dz = in_chunks(where_positive, dy, y)
        return common.unbroadcast(dz, a_shape), common.unbroadcast(dz, b_shape)


def where_positive(dy: Array, y: Array, out: Array) -> Array:
    """Write dy where y > 0, and dy times 0 elsewhere, to `out`.

    It is a product: where y is not above 0 and dy is inf or nan, the result is nan.
    """
    positive = np.greater(y, 0, out=workspace.scratch("positive", y.shape, bool))
    return np.multiply(dy, positive, out=out)


def _maximum_with_0(x, out):
    np.clip(x, 0, np.inf, out=out)  # as np.maximum(x, 0), in a third of the time


def _add_and_clip(a, b, out):
    np.add(a, b, out=out)
    np.clip(out, 0, np.inf, out=out)
