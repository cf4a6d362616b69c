"""Work handed to processes: results in the order of the tasks, and never more of them ahead than
can be kept.

Decoding pictures keeps a core busy, and Python's lock would let threads take turns at parts of it.
Processes do not share it.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Any

from .. import signals
from ..errors import DataError

AHEAD = 2  # tasks for each process that are handed out before their results are asked for


def submit(workers: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Have ``function(*arguments)`` called by one of so many processes; a Future. With no workers
    it is called here, at once.

    `function` must be one of a module, by name, and what it takes and returns is copied between
    processes.
    """
    if workers:
        # A process that starts now inherits the wait, before it can ask for it itself.
        with signals.waiting(), _loss_reported():
            return _pool(workers).submit(function, *arguments)
    done: Future[Any] = Future()
    done.set_result(function(*arguments))
    return done


def result(future: Future[Any]) -> Any:
    """The result of what was submitted. Raises DataError if the process that worked on it is
    gone.
    """
    with _loss_reported():
        return future.result()


def check_guarded() -> None:
    """Raise RuntimeError in a process that has just been started and runs the main program anew,
    which lacks the line ``if __name__ == "__main__":``.

    It would wait for the process that started it, which waits for it in turn. Python itself refuses
    to start further processes there, in the same way.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError('the program lacks the line  if __name__ == "__main__":')


@contextmanager
def _loss_reported():
    try:
        yield
    except BrokenProcessPool:
        _pool.cache_clear()
        raise DataError(
            "workers",
            "a process that prepares images ended",
            "all at work until the end",
            "one that is gone",
            'does your program lack the line  if __name__ == "__main__":  around what it '
            "does? Or was memory short? With workers=0 (--workers 0) all is done in one process",
        ) from None


def in_order(
    workers: int,
    function: Callable[..., Any],
    tasks: Iterable[tuple[Any, ...]],
    ahead: int | None = None,
) -> Iterator[Any]:
    """``function(*task)`` for each of `tasks`, in their order; a generator that holds no more than
    `ahead` results at a time, by default a few for each process. With no workers it holds none.
    """
    ahead = AHEAD * workers if ahead is None or not workers else ahead
    waiting: deque[Future[Any]] = deque()
    for task in tasks:
        waiting.append(submit(workers, function, *task))
        if len(waiting) > ahead:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


@cache
def _pool(workers):
    # Spawned, not forked: a fork would copy the locks of threads that it does not copy.
    return ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _follow_the_main_program
    )


def _follow_the_main_program():
    """It decides when to stop: Ctrl-C is not for this process, which ends when that one is gone,
    however it went.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(os, "setpgrp"):
        # what is sent to the main program's group, as `timeout` does, would leave it without
        # workers
        os.setpgrp()
    threading.Thread(
        target=_end_with, args=(multiprocessing.parent_process().sentinel,), daemon=True
    ).start()


def _end_with(sentinel):
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
