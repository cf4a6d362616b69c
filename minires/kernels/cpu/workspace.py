"""Memory used again: for the results of kernels, and for the buffers of each thread.

The system hands out fresh memory page by page, fills each page with zeros first, and takes it back
just as slowly: for large arrays this costs as much as a pass over them. But a training step needs
arrays of the same sizes as the step before. So the memory of results is kept, and a block that
nobody else refers to is handed out again. Buffers that a kernel fills and reads within one call are
kept for each thread.
"""

import os
import sys
import threading
from collections.abc import Hashable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ...types import Array, Shape

LARGE = 256 * 1024  # bytes; smaller arrays come from memory that Python keeps anyway
KEPT_FOR = 1000  # requests; a block unused for longer goes back to the system
MAX_ZERO_PADDED = 64  # buffers kept by each thread; at one more, all are dropped

# Size in bytes -> [[array, number of its last request], ...].
_blocks: dict[int, list[list[Any]]] = {}
_requests = 0
_lock = threading.Lock()
_local = threading.local()


# Results: memory that lives as long as someone refers to it.


def empty(shape: Shape, dtype: DTypeLike) -> Array:
    """An array like that of ``np.empty``: it may hold any numbers."""
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if nbytes < LARGE:
        return np.empty(shape, dtype)
    with _lock:
        return _unused_block(nbytes).view(dtype).reshape(shape)


def _unused_block(nbytes):
    """A block of memory that nobody else refers to.

    A view of a block counts as a reference, and so does a view of a view: NumPy keeps `base` for
    that.
    """
    global _requests
    _requests += 1
    blocks = _blocks.setdefault(nbytes, [])
    for i in reversed(range(len(blocks))):  # the last one used may still be in cache
        if _references(blocks[i]) == UNUSED:
            blocks.append(blocks.pop(i))
            break
    else:
        _give_back_unused(KEPT_FOR)
        try:
            block = np.empty(nbytes, np.uint8)
        except MemoryError:
            _give_back_unused(0)
            block = np.empty(nbytes, np.uint8)
        blocks.append([block, 0])
    blocks[-1][1] = _requests
    return blocks[-1][0]


def _give_back_unused(requests):
    """Free the blocks that nobody refers to and that the last so many requests did not use."""
    for blocks in _blocks.values():
        blocks[:] = [
            entry
            for entry in blocks
            if _references(entry) > UNUSED or _requests - entry[1] < requests
        ]


def _references(entry):
    return sys.getrefcount(entry[0])


# Buffers: memory that a thread needs within one call of a kernel.


def scratch(name: str, shape: Shape, dtype: DTypeLike) -> Array:
    """This thread's buffer of that name. The next call uses it again: it may hold any numbers."""
    buffers = vars(_local).setdefault("scratch", {})
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if name not in buffers or buffers[name].nbytes < nbytes:
        buffers[name] = np.empty(nbytes, np.uint8)
    return buffers[name][:nbytes].view(dtype).reshape(shape)


def zero_padded_buffer(key: Hashable, count: int, shape: Shape, dtype: DTypeLike) -> Array:
    """This thread's buffer (count, *shape) of that key: zeros at first, then as it was left.

    A caller that always writes the same interior gets a border of zeros for free.
    """
    buffers = vars(_local).setdefault("zero_padded", {})
    key = key, shape, np.dtype(dtype)
    if key not in buffers or len(buffers[key]) < count:
        if len(buffers) >= MAX_ZERO_PADDED:
            buffers.clear()
        buffers[key] = np.zeros((count, *shape), dtype)
    return buffers[key][:count]


def _reset_lock_after_fork():
    """The lock may be held by a thread that the child process does not have."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock_after_fork)

UNUSED = _references([np.empty(0)])  # from the entry itself, and from the call that counts
