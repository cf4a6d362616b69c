"""Processes that mark submissions, several at a time.

One that dies costs only the submission it was marking. All of them end with this process, however
it ends, and take the submissions' own processes and folders with them.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

CONTEXT = multiprocessing.get_context("spawn")
PATIENCE = 10  # seconds that a process has to clear up, after which it is killed
TRIES = 2  # for one task: the system may have killed its process for want of memory
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGTERM") if hasattr(signal, name)
]


@dataclass
class Done:
    """What came of a task: a result, or the line that says why there is none."""

    task: int  # its place in the list of tasks
    result: Any = None
    failure: str | None = None


def each(
    function: Callable[..., Any], tasks: Sequence[Sequence[Any]], jobs: int
) -> Generator[Done, None, None]:
    """``function(*task)`` for each task, in the order in which they are done.

    Close the generator when its work is interrupted: that ends the processes.

    Parameters
    ----------
    function : callable
        One that can be pickled.
    tasks : list of tuple
    jobs : int
        How many at a time.
    """
    todo, workers = deque(range(len(tasks))), list[_Worker]()
    tries = [0] * len(tasks)
    try:
        while todo or workers:
            while todo and len(workers) < jobs:
                workers.append(_Worker(function))
                workers[-1].give(todo.popleft(), tasks)
            for end in connection.wait([worker.end for worker in workers]):
                worker = next(worker for worker in workers if worker.end is end)
                done = worker.take()
                if done is None:  # it died
                    workers.remove(worker)
                    tries[worker.task] += 1
                    if tries[worker.task] < TRIES:
                        todo.appendleft(worker.task)
                    else:
                        yield Done(worker.task, failure=worker.how_it_ended())
                    continue
                if todo:
                    worker.give(todo.popleft(), tasks)
                else:
                    workers.remove(worker)
                    worker.dismiss()
                yield done
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.wait()


class _Worker:
    """A process, and this end of the pipe to it."""

    def __init__(self, function):
        self.end, other = CONTEXT.Pipe()
        self.task = -1
        self.process = CONTEXT.Process(target=_work, args=(other, function), daemon=True)
        with _signals_wait():
            self.process.start()
        other.close()

    def give(self, task, tasks):
        self.task = task
        try:
            self.end.send(tasks[task])
        except OSError:
            pass  # it has died: `take` will notice

    def take(self):
        """What it has done, or None if it is dead."""
        try:
            result, failure = self.end.recv()
        except (EOFError, OSError):
            self.wait()
            return None
        return Done(self.task, result, failure)

    def how_it_ended(self):
        code = self.process.exitcode
        return (
            f"the process that marked it ended ({'signal' if code < 0 else 'status'} {abs(code)})"
        )

    def dismiss(self):
        """There is no more to do for it."""
        self.end.close()
        self.wait()

    def stop(self):
        """Whatever it is doing."""
        self.process.terminate()

    def wait(self):
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Within: signals that end a program wait, in this thread and in the processes it starts.

    A process that is just starting has no way yet to end in order.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # on the way it would let signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(end, function):
    """In the process: one task after the other, until there are no more."""
    for one in SIGNALS:  # Ctrl-C reaches all processes of a terminal: the first one decides
        signal.signal(one, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = end.recv()
        except (EOFError, OSError):
            return
        try:
            reply = function(*task), None
        except Exception as error:  # one submission must not keep the others from being graded
            reply = None, f"{type(error).__name__}: {error}"
        end.send(reply)


def _stop(signum, frame):
    """Leave all `with` and `finally` blocks, which end the submission and remove its folder."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)


def _end_with_parent():
    """End this process in order once the one that started it is gone."""
    connection.wait([multiprocessing.parent_process().sentinel])
    if sys.platform != "win32":
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
        time.sleep(PATIENCE)
    os._exit(1)
