"""Ctrl-Z, ``fg`` and ``bg`` for this process together with its workers.

A terminal sends Ctrl-Z to its foreground process group only, which the workers have left. Without
this they would go on computing while the command that started them seems to be stopped.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def suspended_together(workers: Callable[[], Iterable[int]]) -> Iterator[None]:
    """In the ``with`` block, Ctrl-Z stops the worker processes first, and this process with them.
    When this process goes on, so do they.

    Parameters
    ----------
    workers : callable
        ``workers()`` is called at each Ctrl-Z: the ids of the processes to be stopped.
    """
    if (
        not hasattr(signal, "SIGTSTP")  # Windows
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTSTP) is not signal.SIG_DFL
    ):
        yield
        return

    def stop(signum, frame):
        stopped = list(workers())
        try:
            _send(stopped, signal.SIGSTOP)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)  # this process stops here, until `fg` or `bg`
        finally:  # also if it goes on by an error: `kill` is a KeyboardInterrupt
            _send(stopped, signal.SIGCONT)
            signal.signal(signal.SIGTSTP, stop)

    signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)


def _send(processes, signum):
    for process in processes:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(process, signum)
