"""Arithmetic and elementary functions, one number at a time."""

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel


def _operand_indices(a_shape, b_shape, where):
    """For every element of the result: its index and those of its two operands, by broadcasting.

    Shapes are compared from the last axis. Along an axis that is missing or of size 1, every step
    uses the same element.
    """
    for out in np.ndindex(shapes.broadcast(where, a_shape, b_shape)):
        yield (
            out,
            *(
                tuple(0 if size == 1 else i for i, size in zip(out[len(out) - len(shape) :], shape))
                for shape in (a_shape, b_shape)
            ),
        )


def _binary(where, a, b, function):
    y = np.empty(shapes.broadcast(where, a.shape, b.shape), a.dtype)
    for out, i, j in _operand_indices(a.shape, b.shape, where):
        y[out] = function(a[i], b[j])
    return y


def _binary_gradients(where, dy, a, b, slopes):
    """Add dy times each slope to the gradient of its operand: one used k times gets k gradients."""
    da, db = np.zeros_like(a), np.zeros_like(b)
    for out, i, j in _operand_indices(a.shape, b.shape, where):
        slope_a, slope_b = slopes(a[i], b[j])
        da[i] += dy[out] * slope_a
        db[j] += dy[out] * slope_b
    return da, db


def _unary(x, function):
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = function(x[i])
    return y


def _unary_gradient(dy, x, slope):
    dx = np.empty_like(x)
    for i in np.ndindex(x.shape):
        dx[i] = dy[i] * slope(x[i])
    return dx


class add(Kernel):
    """y = a + b.    dy/da = 1,  dy/db = 1."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        return _binary("add", a, b, lambda a, b: a + b), (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        return _binary_gradients("add", dy, *cache, lambda a, b: (1, 1))


class subtract(Kernel):
    """y = a - b.    dy/da = 1,  dy/db = -1."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        return _binary("subtract", a, b, lambda a, b: a - b), (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        return _binary_gradients("subtract", dy, *cache, lambda a, b: (1, -1))


class multiply(Kernel):
    """y = a b.    dy/da = b,  dy/db = a."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        return _binary("multiply", a, b, lambda a, b: a * b), (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        return _binary_gradients("multiply", dy, *cache, lambda a, b: (b, a))


class divide(Kernel):
    """y = a / b.    dy/da = 1 / b,  dy/db = -a / b^2."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        return _binary("divide", a, b, lambda a, b: a / b), (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        return _binary_gradients("divide", dy, *cache, lambda a, b: (1 / b, -a / b**2))


class negative(Kernel):
    """y = -x.    dy/dx = -1."""

    def forward(x: Array) -> tuple[Array, Array]:
        return _unary(x, lambda x: -x), x

    def backward(dy: Array, x: Array) -> Array:
        return _unary_gradient(dy, x, lambda x: -1)


class abs(Kernel):
    """y = |x|.    dy/dx = 1 for x > 0, -1 for x < 0, and 0 at the corner x = 0."""

    def forward(x: Array) -> tuple[Array, Array]:
        return _unary(x, lambda x: -x if x < 0 else x + 0), x  # -0.0 + 0 is 0.0

    def backward(dy: Array, x: Array) -> Array:
        return _unary_gradient(dy, x, np.sign)


class power(Kernel):
    """y = x^p for a fixed number p.    dy/dx = p x^(p-1), and 0 for p = 0."""

    def forward(x: Array, exponent: float) -> tuple[Array, tuple[Array, float]]:
        return _unary(x, lambda x: x**exponent), (x, exponent)

    def backward(dy: Array, cache: tuple[Array, float]) -> Array:
        x, exponent = cache
        return _unary_gradient(dy, x, lambda x: exponent * x ** (exponent - 1) if exponent else 0)


class exp(Kernel):
    """y = e^x.    dy/dx = e^x."""

    def forward(x: Array) -> tuple[Array, Array]:
        return _unary(x, np.exp), x

    def backward(dy: Array, x: Array) -> Array:
        return _unary_gradient(dy, x, np.exp)


class log(Kernel):
    """y = ln x.    dy/dx = 1 / x."""

    def forward(x: Array) -> tuple[Array, Array]:
        return _unary(x, np.log), x

    def backward(dy: Array, x: Array) -> Array:
        return _unary_gradient(dy, x, lambda x: 1 / x)


class sqrt(Kernel):
    """y = sqrt(x).    dy/dx = 1 / (2 sqrt(x))."""

    def forward(x: Array) -> tuple[Array, Array]:
        return _unary(x, np.sqrt), x

    def backward(dy: Array, x: Array) -> Array:
        return _unary_gradient(dy, x, lambda x: 1 / (2 * np.sqrt(x)))
