"""Muon's matrices on all cores, with the same bits for any number of threads."""

import math
from collections.abc import Sequence

import numpy as np

from ...types import Array
from .. import common
from ..common.orthogonalization import COEFFICIENTS
from . import chunks


def orthogonalize(
    m: Array,
    coefficients: Sequence[float] = COEFFICIENTS,
    eps: float = 1e-7,
    steps: int = 5,
) -> Array:
    """What `naive.orthogonalize` defines, for a stack of matrices (..., rows, columns)."""
    matrix = m.shape[-2:]
    stack = m.reshape(math.prod(m.shape[:-2]), *matrix)
    updates = np.empty_like(stack)

    def worker(chunks):
        for first, last in chunks:
            updates[first:last] = common.orthogonalize(stack[first:last], coefficients, eps, steps)

    with chunks.one_blas_thread():
        chunks.run(worker, len(stack), math.prod(matrix) * m.itemsize)
    return updates.reshape(m.shape)


class muon(common.muon):
    """`common.muon`, which works on several matrices at a time."""

    orthogonalize = staticmethod(orthogonalize)
