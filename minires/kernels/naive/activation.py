"""Nonlinearities, one number at a time."""

from typing import Any

import numpy as np

from ...types import Array
from ..kernel import Kernel
from .elementwise import add


class relu(Kernel):
    """y = max(x, 0).

    dL/dx = dL/dy where x > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.empty_like(x)
        for i in np.ndindex(x.shape):
            y[i] = max(x[i], 0)  # if x[i] is nan, Python's max returns nan
        return y, x

    def backward(dy: Array, x: Array) -> Array:
        dx = np.zeros_like(dy)
        for i in np.ndindex(x.shape):
            if x[i] > 0:
                dx[i] = dy[i]
        return dx


class sigmoid(Kernel):
    """y = 1 / (1 + e^-x), between 0 and 1.

    dy/dx = y (1 - y). For x < 0 the same number is e^x / (1 + e^x): so e is never raised to a large
    power.
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.empty_like(x)
        for i in np.ndindex(x.shape):
            small = np.exp(-abs(x[i]))
            y[i] = 1 / (1 + small) if x[i] >= 0 else small / (1 + small)
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        dx = np.empty_like(dy)
        for i in np.ndindex(y.shape):
            dx[i] = dy[i] * y[i] * (1 - y[i])
        return dx


class add_relu(Kernel):
    """y = max(a + b, 0): the addition and the ReLU at the end of a residual block."""

    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        z, add_cache = add.forward(a, b)
        y, relu_cache = relu.forward(z)
        return y, (add_cache, relu_cache)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        add_cache, relu_cache = cache
        return add.backward(relu.backward(dy, relu_cache), add_cache)


class tanh(Kernel):
    """y = (e^x - e^-x) / (e^x + e^-x), between -1 and 1.

    dL/dx = dL/dy (1 - y^2).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.empty_like(x)
        for i in np.ndindex(x.shape):
            y[i] = np.tanh(x[i])
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        dx = np.empty_like(dy)
        for i in np.ndindex(y.shape):
            dx[i] = dy[i] * (1 - y[i] ** 2)
        return dx
