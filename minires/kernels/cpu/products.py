"""Matrix products on all cores, with the same bits for any number of threads.

BLAS would use its own threads. Then the bits of a product depend on how many there are, and two
processes on the same cores wait for each other in every small product.
"""

import math

import numpy as np

from ...types import Array
from .. import common, shapes
from ..common import unbroadcast
from . import chunks

CHUNK_BYTES = 4 * 1024**2  # BLAS packs both factors for every chunk: smaller ones take longer


class matmul(common.matmul):
    """y = a @ b over the last two axes; the axes before them broadcast.

    dL/da = dL/dy b^T,  dL/db = a^T dL/dy.
    """

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.matmul(a.shape, b.shape)
        return product(a, b), (a, b)

    def backward(
        dy: Array, cache: tuple[Array, Array], needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        a, b = cache
        da = unbroadcast(product(dy, b.swapaxes(-1, -2)), a.shape) if needs[0] else None
        db = unbroadcast(product(a.swapaxes(-1, -2), dy), b.shape) if needs[1] else None
        return da, db


class linear(common.linear):
    """y = x w + b, with x (N, in), w (in, out), b (out,).

    dL/dx = dL/dy w^T,  dL/dw = x^T dL/dy,  dL/db = sum over the batch of dL/dy.
    """

    def forward(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.linear(x.shape, w.shape, b.shape)
        return product(x, w) + b, (x, w)

    def backward(
        dy: Array, cache: tuple[Array, Array], needs: tuple[bool, ...] = (True, True, True)
    ) -> tuple[Array | None, Array, Array]:
        x, w = cache
        dx = product(dy, w.T) if needs[0] else None
        return dx, product(x.T, dy), dy.sum(axis=0)


def product(a: Array, b: Array) -> Array:
    """a @ b for arrays of two axes or more, in chunks along the longer side of the result."""
    rows, inner, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    before = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim + b.ndim > 4 else ()
    y = np.empty((*before, rows, columns), np.result_type(a, b))

    def some_rows(chunks):
        for first, last in chunks:
            np.matmul(a[..., first:last, :], b, out=y[..., first:last, :])

    def some_columns(chunks):
        for first, last in chunks:
            np.matmul(a, b[..., first:last], out=y[..., first:last])

    worker, longer, shorter, whole = some_rows, rows, columns, b
    if columns > rows:
        worker, longer, shorter, whole = some_columns, columns, rows, a
    bytes_each = math.prod(before) * (inner + shorter) * y.itemsize
    with chunks.one_blas_thread():
        chunks.run(worker, longer, bytes_each, max(CHUNK_BYTES, whole.nbytes))
    return y
