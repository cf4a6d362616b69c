"""Matrix products, one term at a time."""

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel


class matmul(Kernel):
    """y[..., i, j] = sum over k of a[..., i, k] b[..., k, j].

    The axes before the last two broadcast. Every term a b of the sum passes dL/dy on to both its
    factors: da gets dy b, db gets dy a.
    """

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        y = np.zeros(shapes.matmul(a.shape, b.shape), a.dtype)
        for out, left, right in _terms(a.shape, b.shape, y.shape):
            y[out] += a[left] * b[right]
        return y, (a, b)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = cache
        da, db = np.zeros_like(a), np.zeros_like(b)
        for out, left, right in _terms(a.shape, b.shape, dy.shape):
            da[left] += dy[out] * b[right]
            db[right] += dy[out] * a[left]
        return da, db


class linear(Kernel):
    """y[n, j] = sum over i of x[n, i] w[i, j], plus b[j].    x (N, in), w (in, out), b (out,)."""

    def forward(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.linear(x.shape, w.shape, b.shape)
        y = np.empty((x.shape[0], w.shape[1]), x.dtype)
        for n, j in np.ndindex(y.shape):
            y[n, j] = b[j]
            for i in range(x.shape[1]):
                y[n, j] += x[n, i] * w[i, j]
        return y, (x, w)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        x, w = cache
        dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(w[0])
        for n, j in np.ndindex(dy.shape):
            db[j] += dy[n, j]
            for i in range(x.shape[1]):
                dx[n, i] += dy[n, j] * w[i, j]
                dw[i, j] += dy[n, j] * x[n, i]
        return dx, dw, db


def _terms(a_shape, b_shape, y_shape):
    """Every term of every sum, as the indices of its output and its two factors."""
    for out in np.ndindex(y_shape):
        *batch, i, j = out
        left, right = (
            tuple(
                0 if size == 1 else n
                for n, size in zip(batch[len(batch) - (len(shape) - 2) :], shape)
            )
            for shape in (a_shape, b_shape)
        )
        for k in range(a_shape[-1]):
            yield out, (*left, i, k), (*right, k, j)
