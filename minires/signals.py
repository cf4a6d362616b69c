"""Ctrl-C and other signals that wait while a process starts."""

import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager


@contextmanager
def waiting(signals: Collection[int] = (signal.SIGINT,)) -> Iterator[None]:
    """Within the block these signals wait, in this thread and in processes that it starts.

    A process that is just starting has no way yet to end in order. It must let the signals through
    itself once it has one. On Windows nothing waits.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    # Python starts this helper before its first process, and then lets signals through whether they
    # waited or not. So it is started now.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
