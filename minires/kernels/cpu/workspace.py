"""Memory for results, used again once nobody holds it.

The system hands out fresh memory page by page, each filled with zeros first, and takes it back as slowly: for large
arrays that costs as much as a pass over them. A training step asks for the same sizes as the one before. So blocks
are kept, and one that nobody but this list refers to is handed out again.
"""

import os
import sys
import threading
from math import prod

import numpy as np

LARGE = 256 * 1024           # bytes; smaller arrays come from memory that Python keeps anyway
KEPT_FOR = 1000              # requests; a block unused for longer goes back to the system when the next one is made

_blocks = {}                 # size in bytes -> [[array, number of the request that used it last], ...]
_requests = 0
_lock = threading.Lock()


def empty(shape, dtype):
    """An array like ``np.empty``: its content is whatever was left there."""
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if nbytes < LARGE:
        return np.empty(shape, dtype)
    with _lock:
        return _block(nbytes).view(dtype).reshape(shape)


def _block(nbytes):
    """A block that nobody refers to. Every view of it, and view of a view, does: NumPy keeps `base` for that."""
    global _requests
    _requests += 1
    blocks = _blocks.setdefault(nbytes, [])
    for i in reversed(range(len(blocks))):                # what was used last may still be in the processor's cache
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
    """Let go of the blocks that nobody refers to and nobody asked for in the last so many requests."""
    for blocks in _blocks.values():
        blocks[:] = [entry for entry in blocks if _references(entry) > UNUSED or _requests - entry[1] < requests]


def _references(entry):
    return sys.getrefcount(entry[0])


def _start_anew_after_fork():
    """A lock may be held by a thread that the child does not have."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)

UNUSED = _references([np.empty(0)])        # by the entry, and in asking
