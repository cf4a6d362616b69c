"""Tasks on worker processes, the longest first.

A worker is a process that joblib's loky starts and watches. Each has an executor of its own: if one
is killed, the others do not notice.
"""

import re
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import BrokenProcessPool

from ... import backend
from ...errors import ProcessError
from ...training.callbacks import Callback
from ...training.interrupt import StoppedAtOnce
from ...training.progress import Progress
from ...training.trainer import Trainer
from ...types import Row
from . import worker
from .board import Board, QuietBoard
from .task import Data, Task

TRIES = 2  # of a task whose process is killed
EVERY = 0.25  # seconds between two looks at the workers


def run(
    tasks: Sequence[Task],
    data: Data = None,
    *,
    workers: int = 1,
    progress: bool = True,
    on_epoch: Callable[[Task], object] = lambda task: None,
    on_end: Callable[[Task, Any], object] = lambda task, result: None,
) -> None:
    """Do all tasks.

    Parameters
    ----------
    tasks : list of Task
        Those that others wait for stand before them.
    data : object
        Handed to every task. Large arrays in it are in memory once, whatever the number of workers.
    workers : int
        Processes to do them in; with 1, this process does them itself.
    progress : bool
        Show how far they have come.
    on_epoch : callable, optional
        ``on_epoch(task)`` is called in this process whenever a training has ended an epoch.
    on_end : callable, optional
        ``on_end(task, result)`` is called in this process with what each task returns.

    Raises
    ------
    MiniresError
        What a task has raised: the first of them, when all others are done.
    ProcessError
        If the process of a task was killed, and that of its second try too.
    KeyboardInterrupt
        On Ctrl-C, when all trainings have finished their step and saved. A second Ctrl-C stops at
        once (`StoppedAtOnce`).
    """
    if workers == 1:
        for task in tasks:
            callbacks = [_Epochs(task, on_epoch), *([Progress()] if progress else [])]
            on_end(task, task.work(data, callbacks))
        return
    with tempfile.TemporaryDirectory(prefix="minires-") as folder:
        file = Path(folder) / "data"
        joblib.dump(data, file)
        with (Board if progress else QuietBoard)(tasks) as board:
            pool = _Pool(tasks, workers, str(file), board, on_epoch, on_end)
            try:
                pool.run()
            except BaseException:  # Ctrl-C, or this process cannot write what it has to
                pool.stop()
                raise
            finally:
                pool.kill()


class _Epochs(Callback):
    """Tells of the epochs of a training in this process."""

    def __init__(self, task: Task, on_epoch: Callable[[Task], object]) -> None:
        self.task, self.on_epoch = task, on_epoch

    def after_epoch(self, trainer: Trainer, row: Row) -> None:
        self.on_epoch(self.task)


class _Pool:
    """The workers of one run, and what is left to do."""

    def __init__(
        self,
        tasks: Sequence[Task],
        workers: int,
        data_file: str,
        board: QuietBoard,
        on_epoch: Callable[[Task], object],
        on_end: Callable[[Task, Any], object],
    ) -> None:
        self.waiting = sorted(tasks, key=lambda task: -task.cost)  # stable: equal ones in order
        self.ended: set[str] = set()
        self.tries: dict[str, int] = {}
        self.errors: list[Exception] = []
        self.board, self.on_epoch, self.on_end = board, on_epoch, on_end
        threads = max(1, backend.num_threads() // workers)
        self.workers = [_Worker(threads, data_file) for _ in range(workers)]

    def run(self) -> None:
        """Until all tasks are done."""
        while self.hand_out() or self.busy():
            self.listen()
        if self.errors:
            raise self.errors[0]

    def busy(self) -> list["_Worker"]:
        return [one for one in self.workers if one.task is not None]

    def hand_out(self) -> bool:
        """Give tasks to workers that have none; whether any was given."""
        given = False
        for one in self.workers:
            if one.task is None and (task := self.next()) is not None:
                self.waiting.remove(task)
                self.tries[task.name] = self.tries.get(task.name, 0) + 1
                one.give(task)
                given = True
        return given

    def next(self) -> Task | None:
        """The longest task of those that need not wait for another."""
        return next((task for task in self.waiting if self.ended.issuperset(task.after)), None)

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
            if self.tries[task.name] < TRIES:
                self.board.say(
                    f"note: the process of {task.name} was killed ({_signal(error)}); it goes on "
                    "from its last checkpoint"
                )
                self.waiting.insert(0, task)
                return
            self.fail(
                task,
                ProcessError(
                    task.name,
                    f"its process was killed twice ({_signal(error)})",
                    todo="if memory was full, take fewer --workers; --resume goes on",
                ),
            )
        except Exception as error:  # raised by the task
            self.fail(task, error)
        else:
            if is_done:
                self.ended.add(task.name)
                self.board.end(task)
                self.on_end(task, result)

    def fail(self, task: Task, error: Exception) -> None:
        """Remember an error; what needs this task is not tried."""
        if self.errors:
            self.board.say(f"error: {error}")
        self.errors.append(error)
        self.board.end(task)
        lost = {task.name}
        while more := {one.name for one in self.waiting if lost.intersection(one.after)} - lost:
            lost |= more
        self.waiting = [one for one in self.waiting if one.name not in lost]

    def stop(self) -> None:
        """Let all trainings finish their step and save; with another Ctrl-C, do not wait."""
        self.waiting, self.on_epoch, self.on_end = [], lambda task: None, lambda task, result: None
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
        self.task = task
        with _interrupts_blocked():  # the new process is not to die of a Ctrl-C before it begins
            self.future = self.executor.submit(worker.do, task)

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
