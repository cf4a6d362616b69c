"""Matrix products."""

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel
from .elementwise import unbroadcast


class matmul(Kernel):
    """y = a @ b over the last two axes; the axes before them broadcast.

    dL/da = dL/dy b^T,  dL/db = a^T dL/dy.
    """

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.matmul(a.shape, b.shape)
        return a @ b, (a, b)

    def backward(
        dy: Array, cache: tuple[Array, Array], needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        a, b = cache
        da = unbroadcast(dy @ np.swapaxes(b, -1, -2), a.shape) if needs[0] else None
        db = unbroadcast(np.swapaxes(a, -1, -2) @ dy, b.shape) if needs[1] else None
        return da, db


class linear(Kernel):
    """y = x w + b, with x (N, in), w (in, out), b (out,).

    dL/dx = dL/dy w^T,  dL/dw = x^T dL/dy,  dL/db = sum over the batch of dL/dy.
    """

    def forward(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.linear(x.shape, w.shape, b.shape)
        return x @ w + b, (x, w)

    def backward(
        dy: Array, cache: tuple[Array, Array], needs: tuple[bool, ...] = (True, True, True)
    ) -> tuple[Array | None, Array, Array]:
        x, w = cache
        dx = dy @ w.T if needs[0] else None
        return dx, x.T @ dy, dy.sum(axis=0)
