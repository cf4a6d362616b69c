"""Arithmetic and elementary functions, element by element, with NumPy's broadcasting."""

from typing import Any

import numpy as np

from ...types import Array, Shape
from .. import shapes
from ..kernel import Kernel


def unbroadcast(gradient: Array, shape: Shape) -> Array:
    """Sum `gradient` over the axes along which an array of `shape` was repeated to fit another.

    A value used k times gets the sum of k gradients, and broadcasting uses a value many times.
    """
    if gradient.shape == shape:
        return gradient
    new_axes = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(new_axes)))
    stretched = tuple(
        axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] != 1
    )
    return gradient.sum(axis=stretched, keepdims=True)


class add(Kernel):
    """y = a + b.    dL/da = dL/db = dL/dy."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Shape, Shape]]:
        shapes.broadcast("add", a.shape, b.shape)
        return a + b, (a.shape, b.shape)

    def backward(dy: Array, cache: tuple[Shape, Shape]) -> tuple[Array, Array]:
        a_shape, b_shape = cache
        return unbroadcast(dy, a_shape), unbroadcast(dy, b_shape)


class subtract(Kernel):
    """y = a - b.    dL/da = dL/dy,  dL/db = -dL/dy."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Shape, Shape]]:
        shapes.broadcast("subtract", a.shape, b.shape)
        return a - b, (a.shape, b.shape)

    def backward(dy: Array, cache: tuple[Shape, Shape]) -> tuple[Array, Array]:
        a_shape, b_shape = cache
        return unbroadcast(dy, a_shape), unbroadcast(-dy, b_shape)


class multiply(Kernel):
    """y = a b.    dL/da = b dL/dy,  dL/db = a dL/dy."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.broadcast("multiply", a.shape, b.shape)
        return a * b, (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = cache
        return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)


class divide(Kernel):
    """y = a / b.    dL/da = dL/dy / b,  dL/db = -dL/dy y / b."""

    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        shapes.broadcast("divide", a.shape, b.shape)
        y = a / b
        return y, (y, a.shape, b)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array]:
        y, a_shape, b = cache
        da = dy / b
        return unbroadcast(da, a_shape), unbroadcast(-da * y, b.shape)


class negative(Kernel):
    """y = -x.    dL/dx = -dL/dy."""

    def forward(x: Array) -> tuple[Array, None]:
        return -x, None

    def backward(dy: Array, cache: None) -> Array:
        return -dy


class abs(Kernel):
    """y = |x|.    dL/dx = sign(x) dL/dy; at the corner x = 0 that is 0, as in PyTorch."""

    def forward(x: Array) -> tuple[Array, Array]:
        return np.abs(x), x

    def backward(dy: Array, x: Array) -> Array:
        return dy * np.sign(x)


class power(Kernel):
    """y = x^p for a fixed number p.    dL/dx = p x^(p-1) dL/dy."""

    def forward(x: Array, exponent: float) -> tuple[Array, tuple[Array, float]]:
        return x**exponent, (x, exponent)

    def backward(dy: Array, cache: tuple[Array, float]) -> Array:
        x, exponent = cache
        if exponent == 0:
            return np.zeros_like(dy)  # 0 * x^-1 would be nan at x = 0
        return dy * exponent * x ** (exponent - 1)


class exp(Kernel):
    """y = e^x.    dL/dx = y dL/dy."""

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.exp(x)
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return dy * y


class log(Kernel):
    """y = ln x.    dL/dx = dL/dy / x."""

    def forward(x: Array) -> tuple[Array, Array]:
        return np.log(x), x

    def backward(dy: Array, x: Array) -> Array:
        return dy / x


class sqrt(Kernel):
    """y = sqrt(x).    dL/dx = dL/dy / (2 y)."""

    def forward(x: Array) -> tuple[Array, Array]:
        y = np.sqrt(x)
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return dy / (2 * y)
