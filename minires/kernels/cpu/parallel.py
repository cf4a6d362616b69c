"""Share a batch among threads, and work through each share in pieces that stay in the processor's cache.

NumPy releases Python's lock inside its loops and matrix products, so plain threads use all cores. Three rules make
it pay: each thread works on one contiguous share; each has its own scratch arrays, reused from call to call (fresh
memory must first be mapped by the operating system, which queues up the threads); and BLAS runs single-threaded
inside, since the cores are taken already.

Which thread does what depends only on the number of threads, and results are combined in the order of the shares,
so two runs with the same number of threads agree to the bit.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import prod

import numpy as np

from ... import backend

PIECE_BYTES = 2 * 1024 ** 2    # scratch data of one piece: stays in a core's share of cache, long enough to be worth a call
SHARE_BYTES = 1 * 1024 ** 2    # a thread with less to do costs more to wake than it saves
MOST_FRAMES = 64               # kept a thread, before they are made anew

_local = threading.local()
_turn = threading.RLock()      # Python threads that call kernels take turns: each call uses all cores, and sets BLAS


def run(work, items, bytes_per_item):
    """Call ``work(start, stop)`` for shares that cover ``range(items)``; return the results in the order of the shares.

    There are as many shares as threads, or fewer where `items` of `bytes_per_item` are too little to be worth it.
    An exception in any share is raised here, after all have ended.
    """
    count = max(1, min(backend.num_threads(), items, items * bytes_per_item // SHARE_BYTES))
    bounds = [items * i // count for i in range(count + 1)]
    shares = list(zip(bounds, bounds[1:]))
    with _turn, _blas().limit(limits=1):
        if count == 1:
            return [work(*shares[0])]
        others = [_pool(count - 1).submit(work, *share) for share in shares[1:]]
        try:
            results = [work(*shares[0])]
        finally:
            for other in others:
                other.exception()             # wait: no thread may still be writing once we return
        return results + [other.result() for other in others]


def pieces(start, stop, bytes_per_item):
    """Cut ``range(start, stop)`` into consecutive (start, stop) whose scratch data fits the cache."""
    size = max(1, PIECE_BYTES // max(1, bytes_per_item))
    return [(first, min(first + size, stop)) for first in range(start, stop, size)]


def scratch(name, shape, dtype):
    """This thread's scratch array of that name: reused from call to call, so its content is whatever was left there."""
    arrays = vars(_local).setdefault("arrays", {})
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    if name not in arrays or arrays[name].nbytes < nbytes:
        arrays[name] = np.empty(nbytes, np.uint8)
    return arrays[name][:nbytes].view(dtype).reshape(shape)


def framed(key, count, shape, dtype):
    """This thread's `count` arrays of `shape` for that key: zeros at first, and as they were left from then on.

    Whoever always writes the same places of them has a frame of zeros around these for nothing.
    """
    frames = vars(_local).setdefault("frames", {})
    key = key, shape, np.dtype(dtype)
    if key not in frames or len(frames[key]) < count:
        if len(frames) >= MOST_FRAMES:
            frames.clear()
        frames[key] = np.zeros((count, *shape), dtype)
    return frames[key][:count]


@cache
def _pool(workers):
    return ThreadPoolExecutor(workers, thread_name_prefix="minires")


@cache
def _blas():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _start_anew_after_fork():
    """Threads do not survive a fork, and a lock may be held by one that is gone: the child starts its own."""
    global _turn
    _pool.cache_clear()
    _turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
