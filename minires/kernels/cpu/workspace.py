"""Buffers that a kernel fills and reads within one call: each thread keeps its own.

Their size is bounded by that of a chunk (`chunks.py`), whatever the size of the batch.
"""

import threading
import weakref
from collections.abc import Hashable
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from ...types import Array, Shape

ZERO_PADDED_BYTES = 32 * 1024**2  # kept by each thread, but for the buffer that was asked for last


class _Buffers:
    """Those of one thread."""

    def __init__(self) -> None:
        self.scratch: dict[str, Array] = {}
        self.zero_padded: dict[Hashable, Array] = {}


class _Local(threading.local):
    """Makes every thread's buffers at its first use of them."""

    def __init__(self) -> None:
        self.buffers = _Buffers()
        _all.add(self.buffers)


_all: weakref.WeakSet[_Buffers] = weakref.WeakSet()
_local = _Local()


def scratch(name: str, shape: Shape, dtype: DTypeLike) -> Array:
    """This thread's buffer of that name. The next call uses it again: it may hold any numbers."""
    buffers = _local.buffers.scratch
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if name not in buffers or buffers[name].nbytes < nbytes:
        buffers[name] = np.empty(nbytes, np.uint8)
    return buffers[name][:nbytes].view(dtype).reshape(shape)


def zero_padded_buffer(key: Hashable, count: int, shape: Shape, dtype: DTypeLike) -> Array:
    """This thread's buffer (count, *shape) of that key: zeros at first, then as it was left.

    A caller that always writes the same interior gets a border of zeros for free.
    """
    buffers = _local.buffers.zero_padded
    key = key, shape, np.dtype(dtype)
    buffer = buffers.pop(key, None)
    if buffer is None or len(buffer) < count:
        buffer = np.zeros((count, *shape), dtype)
        kept = sum(other.nbytes for other in buffers.values())
        for other in list(buffers):  # the one that was used longest ago comes first
            if kept + buffer.nbytes <= ZERO_PADDED_BYTES:
                break
            kept -= buffers.pop(other).nbytes
    buffers[key] = buffer
    return buffer[:count]


def release() -> None:
    """Free the buffers of all threads. No kernel may be running."""
    for buffers in list(_all):
        buffers.scratch.clear()
        buffers.zero_padded.clear()
