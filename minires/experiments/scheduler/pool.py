"""Run tasks on worker processes, the longest first.

A worker is a process that joblib's loky starts and watches. Each worker has its own executor, so
that the others go on if one of them is killed.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import BrokenProcessPool

from ... import backend, signals
from ...errors import ProcessError
from ...training.interrupt import StoppedAtOnce
from . import worker
from .agenda import Agenda
from .suspending import suspended_together
from .task import Task

EVERY = 0.25  # seconds: the workers are checked at least this often


class Pool:
    """The workers of one run.

    Parameters
    ----------
    workers : int
    agenda : Agenda
        The tasks.
    data_file : str
        The file with the tasks' data: see `worker.start`.
    on_epoch : callable
        ``on_epoch(task)`` is called after each epoch of a training.
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
        """Do all tasks. Raises the errors of `scheduler.run`."""
        with suspended_together(self.processes):
            try:
                while self.hand_out() or self.busy():
                    self.listen()
                self.agenda.check()
            except BaseException:  # Ctrl-C, or a file that this process cannot write
                self.stop()
                raise
            finally:
                self.kill()

    def processes(self) -> list[int]:
        """The ids of the worker processes, even while they are starting."""
        return [process for one in self.workers for process in one.executor._processes or ()]

    def busy(self) -> list["_Worker"]:
        """The workers that have a task."""
        return [one for one in self.workers if one.task is not None]

    def hand_out(self) -> bool:
        """Give tasks to workers that have none. Returns whether any task was given."""
        given = False
        for one in self.workers:
            if one.task is None and (task := self.agenda.take()) is not None:
                one.give(task)
                given = True
        return given

    def listen(self) -> None:
        """Wait for messages of the workers, read them, and see which tasks are done."""
        wait([one.connection for one in self.busy()], EVERY)
        for one in self.busy():
            self.read(one)
            if one.future.done():
                self.read(one)
                self.end(one)
        self.board.show()

    def read(self, one: "_Worker") -> None:
        """Read all messages that one worker has sent."""
        with suppress(EOFError, OSError):
            while one.connection.poll():
                kind, *message = one.connection.recv()
                if kind == "line":
                    self.board.say(message[0])
                else:
                    self.board.hear(one.task, kind, *message)
                    if kind == "epoch":
                        self.on_epoch(one.task)

    def end(self, one: "_Worker") -> None:
        """Deal with a task that is no longer running: done, failed, or its process killed."""
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
                    todo="if memory was full, use fewer --workers; --resume goes on",
                ),
            )
        except Exception as error:  # raised by the task
            self.agenda.fail(task, error)
        else:
            if is_done:
                self.agenda.end(task, result)

    def stop(self) -> None:
        """Let all trainings finish their step and save. Raises StoppedAtOnce on another Ctrl-C."""
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
        """End all worker processes."""
        for one in self.workers:
            one.kill()


class _Worker:
    """A worker process, as this process sees it.

    Parameters
    ----------
    threads : int
        Number of threads that it computes with.
    data_file : str
    """

    def __init__(self, threads: int, data_file: str) -> None:
        self.threads, self.data_file = threads, data_file
        self.task: Any = None  # the Task that it is doing, if any
        self.begin()

    def begin(self) -> None:
        """Make an executor and a pipe. The process itself starts with its first task."""
        context = get_context("loky")
        self.connection, theirs = context.Pipe()
        self.executor = ProcessPoolExecutor(
            1,
            context=context,
            initializer=worker.start,
            initargs=(theirs, self.threads, self.data_file),
        )

    def give(self, task: Task) -> None:
        with signals.waiting():  # so that Ctrl-C cannot kill a new process before it is ready
            self.future = self.executor.submit(worker.do, task)
            # Inside, too: a Ctrl-C between the two lines would pair this task with an old result.
            self.task = task

    def stop(self) -> None:
        """Let the training finish its step and save."""
        with suppress(OSError):
            self.connection.send(worker.STOP)

    def kill(self) -> None:
        """End the process."""
        self.executor.shutdown(wait=True, kill_workers=True)
        self.connection.close()


def _signal(error):
    """The signal that ended a process, such as "SIGKILL(-9)", from the text of loky's error."""
    found = re.search(r"\{(.*)\}", str(error))
    return found[1] if found else "unknown signal"
