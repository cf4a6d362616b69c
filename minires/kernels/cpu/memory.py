"""Memory of results, used again once nobody refers to it.

The system hands out fresh memory page by page, fills each page with zeros first, and takes it back
just as slowly: for large arrays this costs as much as a pass over them. But a training step needs
arrays of the same sizes as the step before. So the memory of an array is kept when the array and
all views of it are gone, and handed out again for the next array of its size.

How much is kept: at most `KEPT_BYTES` whenever fresh memory is needed, the memory used last; and
nothing that was not asked for in the last `KEPT_FOR` requests. A training loop asks for the same
sizes again and again, so it needs no fresh memory and loses none. Pictures of many sizes need some.
"""

import os
import threading
import weakref
from collections import deque
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from ...types import Array, Shape

LARGE = 256 * 1024  # bytes; smaller arrays come from memory that Python keeps anyway
KEPT_BYTES = 128 * 1024**2  # unused, when fresh memory is needed
KEPT_FOR = 1000  # requests

# Size in bytes -> [(memory, number of its last request), ...], the last one used at the end.
_unused: dict[int, list[tuple[Array, int]]] = {}
_given_back: deque[tuple[Array, int]] = deque()  # to be put there at the next request
_in_use: dict[int, "_Owner"] = {}  # by their own id: a weak reference has the hash of its array
_requests = 0
_lock = threading.Lock()


class _Owner(weakref.ref[Array]):
    """Refers to the array that owns some memory; all views of it keep that array alive."""

    __slots__ = ("memory", "request")
    memory: Array
    request: int


def empty(shape: Shape, dtype: DTypeLike) -> Array:
    """An array like that of ``np.empty``: it may hold any numbers."""
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if nbytes < LARGE:
        return np.empty(shape, dtype)
    with _lock:
        memory = _take(nbytes)
    # A view of `memory` would have that as its base. Of this array, views say that it is theirs.
    array = np.frombuffer(memoryview(memory), np.uint8)
    owner = _Owner(array, _give_back)
    owner.memory, owner.request = memory, _requests
    _in_use[id(owner)] = owner
    return array.view(dtype).reshape(shape)


def release() -> None:
    """Give all memory that nobody refers to back to the system."""
    with _lock:
        _collect()
        _unused.clear()


def _give_back(owner: _Owner) -> None:
    """Called by Python when the array is gone, at any moment: so it takes no lock."""
    _given_back.append((owner.memory, owner.request))
    _in_use.pop(id(owner), None)


def _take(nbytes):
    global _requests
    _requests += 1
    _collect()
    of_this_size = _unused.get(nbytes)
    if of_this_size:
        return of_this_size.pop()[0]  # the last one used may still be in cache
    _trim(KEPT_BYTES)
    try:
        return np.empty(nbytes, np.uint8)
    except MemoryError:
        _unused.clear()
        return np.empty(nbytes, np.uint8)


def _collect():
    """Sort in what was given back since the last request."""
    while _given_back:
        memory, request = _given_back.popleft()
        _unused.setdefault(memory.nbytes, []).append((memory, request))


def _trim(most):
    """Free what is old, and the oldest until at most so many bytes are kept."""
    entries = [(request, size) for size, kept in _unused.items() for _, request in kept]
    kept_bytes = sum(size for _, size in entries)
    for request, size in sorted(entries):
        if kept_bytes <= most and _requests - request < KEPT_FOR:
            break
        of_this_size = _unused[size]
        del of_this_size[min(range(len(of_this_size)), key=lambda i: of_this_size[i][1])]
        kept_bytes -= size


def _reset_lock_after_fork():
    """The lock may be held by a thread that the child process does not have."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock_after_fork)
