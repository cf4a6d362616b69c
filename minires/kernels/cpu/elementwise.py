"""Addition of large arrays on all cores. Broadcasting is left to `common`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...types import Array, Shape
from .. import common
from . import chunks, memory


class add(common.add):
    """y = a + b.    dL/da = dL/db = dL/dy."""

    def forward(a: Array, b: Array) -> tuple[Array, tuple[Shape, Shape]]:
        if a.shape != b.shape:
            return common.add.forward(a, b)
        return in_chunks(np.add, a, b), (a.shape, b.shape)


def in_chunks(function: Callable[..., Any], *arrays: Array) -> Array:
    """The result of an elementwise function of arrays of one shape, computed chunk by chunk.

    The function is called with a chunk of each array, and `out`, the same chunk of the result.
    """
    y = memory.empty(arrays[0].shape, arrays[0].dtype)
    flat, flat_y = [np.ascontiguousarray(array).reshape(-1) for array in arrays], y.reshape(-1)

    def worker(chunks):
        for first, last in chunks:
            function(*(array[first:last] for array in flat), out=flat_y[first:last])

    chunks.run(worker, y.size, y.itemsize)
    return y
