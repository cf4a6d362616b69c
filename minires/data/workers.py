"""Work handed to processes: results in the order of the tasks, and never more of them ahead than can be kept.

Decoding pictures keeps a core busy, and Python's lock would let threads take turns at parts of it. Processes do not share it.
"""

import multiprocessing
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

from ..errors import DataError

AHEAD = 2                    # tasks for each process that are handed out before their results are asked for


def submit(workers, function, *arguments):
    """Have ``function(*arguments)`` called by one of so many processes; a Future. With no workers it is called here, at once.

    `function` must be one of a module, by name, and what it takes and returns is copied between processes.
    """
    if workers:
        return _pool(workers).submit(function, *arguments)
    done = Future()
    done.set_result(function(*arguments))
    return done


def result(future):
    """The result of what was submitted. Raises DataError if the process that worked on it is gone."""
    try:
        return future.result()
    except BrokenProcessPool:
        _pool.cache_clear()
        raise DataError("workers", "a process that prepares images ended", "all at work until the end", "one that is gone",
                        "was it stopped, or memory short? take fewer workers; with 0 all is done in one process") from None


def in_order(workers, function, tasks):
    """``function(*task)`` for each of `tasks`, in their order; a generator that holds no more than a few results at a time."""
    waiting = deque()
    for task in tasks:
        waiting.append(submit(workers, function, *task))
        if len(waiting) > AHEAD * workers:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


@cache
def _pool(workers):
    # Spawned, not forked: a fork would copy the locks of threads that it does not copy.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _ignore_ctrl_c)


def _ignore_ctrl_c():
    """It is the main program's to decide when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
