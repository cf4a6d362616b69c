"""A pool of processes that mark submissions, several at a time.

A process that dies, takes too long or needs too much memory costs only the submission it was
marking. All processes end with this one, however it ends, and clean up the submissions' own
processes and folders.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from .. import signals
from .sandbox import headroom, line

CONTEXT = multiprocessing.get_context("spawn")
PATIENCE = 10  # seconds that a process has to clean up before it is killed
TRIES = 2  # for one task: the system may have killed its process because memory was short
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGTERM") if hasattr(signal, name)
]


@dataclass
class Done:
    """The outcome of a task: a result, or the line that says why there is none."""

    task: int  # its position in the list of tasks
    result: Any = None
    failure: str | None = None


def each(
    function: Callable[..., Any],
    tasks: Sequence[Sequence[Any]],
    jobs: int,
    seconds: float | None = None,
    memory: int | None = None,
) -> Generator[Done, None, None]:
    """Run ``function(*task)`` for each task, and yield the outcomes as they arrive.

    Close the generator if you stop early: that ends the processes.

    Parameters
    ----------
    function : callable
        It must be possible to pickle it.
    tasks : list of tuple
    jobs : int
        How many at a time.
    seconds : float, optional
        Time limit for one task. A process that takes longer is ended, and the task is not tried
        again.
    memory : int, optional
        Bytes by which a process may grow, if the system has such a limit.
    """
    todo, workers = deque(range(len(tasks))), list[_Worker]()
    tries = [0] * len(tasks)
    try:
        while todo or workers:
            while todo and len(workers) < jobs:
                workers.append(_Worker(function, seconds, memory))
                workers[-1].give(todo.popleft(), tasks)
            ends = [worker.end for worker in workers]
            for end in connection.wait(ends, _soonest(workers)):
                worker = next(worker for worker in workers if worker.end is end)
                done = worker.take()
                if done is None:  # it died
                    workers.remove(worker)
                    tries[worker.task] += 1
                    if worker.is_late:
                        yield Done(worker.task, failure=worker.how_it_ended())
                    elif tries[worker.task] < TRIES:
                        todo.appendleft(worker.task)
                    else:
                        yield Done(worker.task, failure=worker.how_it_ended())
                    continue
                if todo and not worker.is_late and not worker.is_busy:
                    worker.give(todo.popleft(), tasks)
                else:
                    workers.remove(worker)
                    worker.dismiss()
                yield done
            for worker in workers:
                worker.mind_the_time()
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.wait()


def _soonest(workers):
    """Seconds until the next process is late; None if there is no time limit."""
    ends = [worker.deadline for worker in workers if worker.deadline is not None]
    return max(0.0, min(ends) - time.monotonic()) if ends else None


class _Worker:
    """A process, and this end of the pipe to it."""

    def __init__(self, function, seconds=None, memory=None):
        self.end, other = CONTEXT.Pipe()
        self.task, self.seconds, self.deadline, self.is_late = -1, seconds, None, False
        self.is_busy = False  # a thread of its last task still runs, so it gets no other task
        self.process = CONTEXT.Process(target=_work, args=(other, function, memory), daemon=True)
        with signals.waiting(SIGNALS):
            self.process.start()
        other.close()

    def give(self, task, tasks):
        self.task = task
        if self.seconds is not None:
            self.deadline = time.monotonic() + self.seconds
        try:
            self.end.send(tasks[task])
        except OSError:
            pass  # it has died: `take` will notice

    def take(self):
        """The outcome of its task, or None if the process is dead."""
        try:
            result, failure, self.is_busy = self.end.recv()
        except (EOFError, OSError):
            self.wait()
            return None
        return Done(self.task, result, failure)

    def mind_the_time(self):
        """Ask a process that is late to clean up and end; kill it if it does not."""
        if self.deadline is None or time.monotonic() < self.deadline:
            return
        if self.is_late:
            self.process.kill()
        else:
            self.stop()
        self.is_late, self.deadline = True, time.monotonic() + PATIENCE

    def how_it_ended(self):
        if self.is_late:
            return f"marking it took longer than {self.seconds:g} seconds and was stopped"
        code = self.process.exitcode
        return (
            f"the process that marked it ended ({'signal' if code < 0 else 'status'} {abs(code)})"
        )

    def dismiss(self):
        """End the process in order: there is no more work for it."""
        self.end.close()
        self.wait()

    def stop(self):
        """Ask the process to end, whatever it is doing."""
        self.process.terminate()

    def wait(self):
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _work(end, function, memory):
    """The work of a process: one task after the other, until the pipe is closed."""
    if memory is not None:
        headroom.limit(memory)
    for one in SIGNALS:  # Ctrl-C reaches all processes of a terminal, but the parent decides
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
        except MemoryError:
            reply = None, "marking it took more memory than it may have"
        except Exception as error:  # one submission must not keep the others from being graded
            reply = None, f"{type(error).__name__}: {error}"
        end.send((*reply, line.is_waiting()))


def _stop(signum, frame):
    """End this process in order: `with` and `finally` blocks end the submission and remove its
    folder.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)


def _end_with_parent():
    """End this process in order once the one that started it is gone."""
    connection.wait([multiprocessing.parent_process().sentinel])
    if sys.platform != "win32":
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
        time.sleep(PATIENCE)
    os._exit(1)
