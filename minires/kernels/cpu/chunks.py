"""Work through a batch in chunks that stay in the processor's cache, on all cores.

NumPy releases Python's lock inside its loops and matrix products, so plain threads use all cores.
Three rules make that pay: a thread that is done with one chunk takes the next, so nobody waits for
a slower thread; every thread has its own buffers (`workspace.scratch`); and BLAS uses one thread
inside (`one_blas_thread`), because the cores are busy already.

Chance decides which thread gets which chunk, but not the result: the chunks do not depend on the
number of threads, and their results are combined in order. So all runs agree to the bit, with any
number of threads.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

from ... import backend

MAX_CHUNK_BYTES = 2 * 1024**2  # not much more than a core's cache
MIN_CHUNK_BYTES = 256 * 1024  # enough work to be worth a call
MIN_CHUNKS = 2  # of small work, unless that makes chunks too small
MIN_THREAD_BYTES = 1024**2  # to wake a thread for less work costs more than it saves

_local = threading.local()
_lock = threading.RLock()  # one kernel at a time: it uses all cores and sets BLAS


def run(
    worker: Callable[[Iterator[tuple[int, int]]], Iterable[Any] | None],
    items: int,
    bytes_per_item: int,
    min_bytes: int = 0,
) -> list[Any]:
    """Cut ``range(items)`` into chunks, and work through them with as many threads as pay off.

    Parameters
    ----------
    worker : callable
        Every thread calls ``worker(chunks)`` and loops over `chunks`: (first, last) pairs, each
        handed to the thread that is free next. The worker may yield one result for each chunk. It
        must not call kernels that use threads themselves.
    items, bytes_per_item : int
        The bytes of all arrays that must stay in cache.
    min_bytes : int
        See `chunk_size`.

    Returns
    -------
    list
        The workers' results in the order of the chunks; None where a worker yielded nothing.

    Raises
    ------
    Exception
        Any exception from a worker, once all threads have ended.
    """
    if getattr(_local, "in_worker", False):
        raise RuntimeError(
            "chunks.run: called from inside a worker; call kernels before or after it"
        )
    size = chunk_size(items, bytes_per_item, min_bytes)
    chunks = [(first, min(first + size, items)) for first in range(0, items, size)]
    worth = items * bytes_per_item // MIN_THREAD_BYTES
    threads = max(1, min(backend.num_threads(), len(chunks), worth))
    results, numbered_chunks = [None] * len(chunks), enumerate(chunks)

    def work():
        number = None

        def next_chunks():
            nonlocal number
            for number, chunk in numbered_chunks:
                yield chunk

        _local.in_worker = True
        try:
            for result in worker(next_chunks()) or ():
                results[number] = result
        finally:
            _local.in_worker = False

    with _lock:
        futures = []
        try:
            for _ in range(threads - 1):
                futures.append(_pool(backend.num_threads() - 1).submit(work))
            work()
        finally:
            for future in futures:
                if not future.cancel():  # a thread that has not begun has nothing left to do
                    future.exception()  # wait: no thread may still be writing once we return
        for future in futures:
            if not future.cancelled():
                future.result()
    return results


def chunk_size(items: int, bytes_per_item: int, min_bytes: int = 0) -> int:
    """How many items make a chunk, at most. The number of threads plays no part: see above.

    A chunk may have `min_bytes` even if that is more than the cache holds. That pays where every
    chunk reads so many other bytes, such as large weights, anyway.
    """
    nbytes = min(
        max(MAX_CHUNK_BYTES, min_bytes), max(MIN_CHUNK_BYTES, items * bytes_per_item // MIN_CHUNKS)
    )
    return max(1, min(items, nbytes // max(1, bytes_per_item)))


@contextmanager
def no_kernel_running() -> Iterator[None]:
    """Within: kernels that use threads wait."""
    with _lock:
        yield


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within: BLAS uses one thread. Afterwards as many as before, even if Ctrl-C is pressed."""
    with _lock:
        before = [(library, library.num_threads) for library in _blas().lib_controllers]
        try:
            for library, _ in before:
                library.set_num_threads(1)
            yield
        finally:
            try:
                _put_back(before)
            except KeyboardInterrupt:
                _put_back(before)
                raise


def _put_back(before):
    for library, number in before:
        library.set_num_threads(number)
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()  # the next Python thread may set the number


def blas_has_small_matrix_kernels() -> bool:
    """Whether BLAS multiplies small matrices as they lie, without repacking them first.

    OpenBLAS does on processors with AVX-512.
    """
    with_avx_512 = ("SkylakeX", "Cooperlake", "SapphireRapids")
    return any(
        getattr(library, "architecture", None) in with_avx_512
        for library in _blas().lib_controllers
    )


@cache
def _pool(threads):
    return ThreadPoolExecutor(threads, thread_name_prefix="minires")


@cache
def _blas():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _start_anew_after_fork():
    """Threads do not survive a fork, and one of them may hold the lock: the child gets its own."""
    global _lock
    _pool.cache_clear()
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)
