"""Work through a batch in pieces that stay in the processor's cache, on all cores.

NumPy releases Python's lock inside its loops and matrix products, so plain threads use all cores. Three rules make
it pay: threads take the next piece when they are done with one, so that none waits for a slower one; each has its own
scratch arrays, reused from call to call; and BLAS, where it is called inside, uses one thread (`one_blas_thread`),
since the cores are taken already.

Who does which piece is left to chance, but not what comes out: the pieces do not depend on the number of threads, and
their results are combined in their order. So all runs agree to the bit, with any number of threads.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from math import prod

import numpy as np

from ... import backend

MOST_PIECE_BYTES = 2 * 1024 ** 2     # of a piece: not much more than a core's cache
LEAST_PIECE_BYTES = 256 * 1024       # long enough to be worth a call
PIECES = 2                           # of small work, unless they would be smaller still
SHARE_BYTES = 1024 ** 2              # a thread with less to do costs more to wake than it saves
MOST_FRAMES = 64                     # kept a thread, before they are made anew

_local = threading.local()
_turn = threading.RLock()            # Python threads that call kernels take turns: each call uses all cores, and sets BLAS


def run(work, items, bytes_per_item, least=0):
    """Cut ``range(items)`` into pieces, and have them worked through by as many threads as it pays to use.

    Every thread calls ``work(pieces)`` and goes through `pieces`, which are (first, last) pairs handed to whoever asks
    next. What `work` yields for each piece is returned, in the order of the pieces; it may also yield nothing at all.
    An exception in any thread is raised here, after all have ended. `work` must not call kernels that share their own work. For `least` see
    `piece_size`.
    """
    if getattr(_local, "at_work", False):
        raise RuntimeError("parallel.run: called from inside work that is shared already; call kernels before or after it")
    size = piece_size(items, bytes_per_item, least)
    pieces = [(first, min(first + size, items)) for first in range(0, items, size)]
    threads = max(1, min(backend.num_threads(), len(pieces), items * bytes_per_item // SHARE_BYTES))
    results, numbered = [None] * len(pieces), enumerate(pieces)

    def share():
        current = None

        def mine():
            nonlocal current
            for current, piece in numbered:
                yield piece

        _local.at_work = True
        try:
            for result in work(mine()) or ():
                results[current] = result
        finally:
            _local.at_work = False

    with _turn:
        others = []
        try:
            others.extend(_pool(backend.num_threads() - 1).submit(share) for _ in range(threads - 1))
            share()
        finally:
            for other in others:
                if not other.cancel():        # still asleep: there is nothing left for it
                    other.exception()         # wait: no thread may still be writing once we return
        for other in others:
            if not other.cancelled():
                other.result()
    return results


def piece_size(items, bytes_per_item, least=0):
    """How many items make a piece, at most. It must not depend on the number of threads: see above.

    Pieces may be as large as `least` bytes, even if that is more than a cache holds: where so much is read for each piece anyway.
    """
    nbytes = min(max(MOST_PIECE_BYTES, least), max(LEAST_PIECE_BYTES, items * bytes_per_item // PIECES))
    return max(1, min(items, nbytes // max(1, bytes_per_item)))


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


@contextmanager
def one_blas_thread():
    """Within: BLAS uses one thread. Afterwards as many as before."""
    with _turn, _blas().limit(limits=1):
        yield


def blas_has_small_products():
    """Whether small matrices are multiplied as they lie, without first being repacked: OpenBLAS does where it finds AVX-512."""
    return any(getattr(library, "architecture", None) in ("SkylakeX", "Cooperlake", "SapphireRapids")
               for library in _blas().lib_controllers)


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
