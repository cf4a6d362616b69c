"""Nonlinearities."""

from typing import Any

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel
from .elementwise import unbroadcast


class relu(Kernel):
    """y = max(x, 0).

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.maximum(x, 0)
        return y, y  # y > 0 exactly where x > 0: no second array to keep

    def backward(dy: Array, y: Array) -> Array:
        return dy * (y > 0)


class sigmoid(Kernel):
    """y = 1 / (1 + e^-x), computed as e^min(x, 0) / (1 + e^-|x|), which cannot overflow.

    dL/dx = dL/dy y (1 - y).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return dy * y * (1 - y)


class add_relu(Kernel):
    """y = max(a + b, 0).

    dL/da = dL/db = dL/dy where y > 0, else 0.
    """

    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        shapes.broadcast("add_relu", a.shape, b.shape)
        y = np.maximum(a + b, 0)
        return y, (y, a.shape, b.shape)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        y, a_shape, b_shape = cache
        dz = dy * (y > 0)
        return unbroadcast(dz, a_shape), unbroadcast(dz, b_shape)


class tanh(Kernel):
    """y = (e^x - e^-x) / (e^x + e^-x), between -1 and 1.

    dL/dx = dL/dy (1 - y^2).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.tanh(x)
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return dy * (1 - y * y)
