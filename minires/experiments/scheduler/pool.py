"""Tasks on worker processes, the longest first.

A worker is a process that joblib's loky starts and watches. Each has an executor of its own: if one
is killed, the others do not notice.
"""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import BrokenProcessPool

from ... import backend
from ...errors import ProcessError
from ...training.interrupt import StoppedAtOnce
from . import worker
from .agenda import Agenda
from .task import Task

EVERY = 0.25  # seconds between two looks at the workers


class Pool:
    """The workers of one run.

    Parameters
    ----------
    workers : int
    agenda : Agenda
        What is to be done.
    data_file : str
        See `worker.start`.
    on_epoch : callable
        ``on_epoch(task)``.
    """

    def __init__(
        self,
        workers: int,
        agenda: Agenda,
        data_file: str,
        on_epoch: Callable[[Task], object],
    ) -> None:
        self.agenda, self.board, self.on_epoch = agenda, agenda.board, on_epoch
        threads = max(1, backend.num_threads() // workers)
        self.workers = [_Worker(threads, data_file) for _ in range(workers)]

    def run(self) -> None:
        """Do all tasks. Raises as `scheduler.run`."""
        try:
            while self.hand_out() or self.busy():
                self.listen()
            self.agenda.check()
        except BaseException:  # Ctrl-C, or this process cannot write what it has to
            self.stop()
            raise
        finally:
            self.kill()

    def busy(self) -> list["_Worker"]:
        return [one for one in self.workers if one.task is not None]

    def hand_out(self) -> bool:
        """Give tasks to workers that have none; whether any was given."""
        given = False
        for one in self.workers:
            if one.task is None and (task := self.agenda.take()) is not None:
                one.give(task)
                given = True
        return given

    def listen(self) -> None:
        """Hear what the workers have to say, and which of them are done."""
        wait([one.connection for one in self.busy()], EVERY)
        for one in self.busy():
            self.read(one)
            if one.future.done():
                self.read(one)
                self.end(one)
        self.board.show()

    def read(self, one: "_Worker") -> None:
        with suppress(EOFError, OSError):
            while one.connection.poll():
                kind, *message = one.connection.recv()
                if kind == "line":
                    self.board.say(message[0])
                elif kind == "begun":
                    one.process = message[0]
                else:
                    self.board.hear(one.task, kind, *message)
                    if kind == "epoch":
                        self.on_epoch(one.task)

    def end(self, one: "_Worker") -> None:
        """A worker's task is done, has failed, or its process was killed."""
        task, one.task = one.task, None
        try:
            is_done, result = one.future.result()
        except BrokenProcessPool as error:
            one.kill()
            one.begin()
            self.agenda.lost(
                task,
                f"the process of {task.name} was killed ({_signal(error)})",
                ProcessError(
                    task.name,
                    f"its process was killed twice ({_signal(error)})",
                    todo="if memory was full, take fewer --workers; --resume goes on",
                ),
            )
        except Exception as error:  # raised by the task
            self.agenda.fail(task, error)
        else:
            if is_done:
                self.agenda.end(task, result)

    def stop(self) -> None:
        """Let all trainings finish their step and save; with another Ctrl-C, do not wait."""
        self.agenda.stop()
        self.on_epoch = lambda task: None
        try:
            for one in self.busy():
                one.stop()
            while self.busy():
                self.listen()
        except KeyboardInterrupt:
            raise StoppedAtOnce from None

    def kill(self) -> None:
        for one in self.workers:
            one.kill()


class _Worker:
    """A worker process, seen from outside.

    Parameters
    ----------
    threads : int
        It computes with.
    data_file : str
    """

    def __init__(self, threads: int, data_file: str) -> None:
        self.threads, self.data_file = threads, data_file
        self.task: Any = None  # the Task in hand
        self.process: int | None = None  # its id, once it has begun
        self.begin()

    def begin(self) -> None:
        """An executor and a pipe. The process itself begins with the first task."""
        context = get_context("loky")
        self.connection, theirs = context.Pipe()
        self.executor = ProcessPoolExecutor(
            1,
            context=context,
            initializer=worker.start,
            initargs=(theirs, self.threads, self.data_file),
        )

    def give(self, task: Task) -> None:
        with _interrupts_blocked():  # the new process is not to die of a Ctrl-C before it begins
            self.future = self.executor.submit(worker.do, task)
            self.task = task  # here, because Ctrl-C between the two would let it have an old result

    def stop(self) -> None:
        with suppress(OSError):
            self.connection.send(worker.STOP)

    def kill(self) -> None:
        self.executor.shutdown(wait=True, kill_workers=True)
        self.connection.close()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Within: Ctrl-C waits. A process that begins here is born with it blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal(error):
    """By which signal a process ended, as far as loky knows: "SIGKILL"."""
    found = re.search(r"\{(.*)\}", str(error))
    return found[1] if found else "nobody knows by what"
