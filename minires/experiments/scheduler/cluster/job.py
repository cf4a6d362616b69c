"""A job: the code that does one task on a machine of the cluster.

When the job's time is nearly over, or other jobs have priority, SLURM sends a signal. It acts like
Ctrl-C: the training saves after its step. Then the job goes back into the queue, and later goes on
with the training, with the same result to the bit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .... import backend
from ....errors import ConfigError, MiniresError, ProcessError
from ....training.callbacks import Callback
from ..reporter import Reporter
from ..task import Task
from .files import DONE, FAILED, SAVED, TaskFiles, read_data
from .settings import Cluster

if TYPE_CHECKING:
    from ....training.trainer import Trainer

BETWEEN_REPORTS = 5.0  # seconds: each report is a write to the shared folder
BETWEEN_LOOKS = 1.0  # seconds between two checks whether another process has taken over
EARLY = 60  # seconds: SLURM may send its signal this much too early


class Job:
    """A task in the form in which it is sent to another machine.

    Parameters
    ----------
    task : Task
    folder : Path
        The run's folder ``cluster``.
    cluster : Cluster
    """

    def __init__(self, task: Task, folder: Path, cluster: Cluster) -> None:
        self.task, self.folder, self.cluster = task, folder, cluster

    def __call__(self) -> tuple[str, Any]:
        """Do the task: ("done", its result), ("failed", its MiniresError) or ("saved", None)."""
        started, files = time.monotonic(), TaskFiles(self.folder, self.task.name)
        guard = Guard(files)
        with _stops() as stop:
            try:
                files.send("begun", os.uname().nodename)
                backend.set_num_threads(self.cluster.threads)
                data = read_data(self.folder)
                callbacks = [guard, Reporter(files.send, BETWEEN_REPORTS)]
                result = self.task.work(data, callbacks)
                guard.check()
                return DONE, result
            except KeyboardInterrupt:
                if stop.number is None:  # no signal of the cluster, but Ctrl-C in a terminal
                    raise
            except MiniresError as error:
                return FAILED, error
            except Exception as error:
                traceback.print_exc()  # into the log
                what = f"{type(error).__name__}: {error}"
                return FAILED, ProcessError(self.task.name, what)
        if stop.number == signal.SIGTERM:
            sys.exit(128 + signal.SIGTERM)
        seconds = time.monotonic() - started
        if guard.steps == 0 and seconds > 60 * self.cluster.limit - self.cluster.warning - EARLY:
            got = f"{self.cluster.limit:g} minutes, and it ends without a step that was saved"
            return FAILED, ConfigError("--time", self.task.name, "a longer time limit", got)
        files.send("saved")
        stop.requeue()
        return SAVED, None

    def checkpoint(self) -> Any:
        """What submitit calls when the job starts again after going back into the queue."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Guard(Callback):
    """Makes sure that only one process writes for a task.

    A machine that the cluster has lost may go on computing while its job is done again elsewhere,
    and a network file system may have no locks. So only the process that began last may write. The
    others end, without writing anything more, as soon as they notice that it has taken over.
    """

    def __init__(self, files: TaskFiles) -> None:
        self.files, self.token = files, files.take()
        self.steps, self.last = 0, 0.0

    def check(self) -> None:
        """End this process if another one has taken over."""
        self.last = time.monotonic()
        if not self.files.is_mine(self.token):
            print("another process does this task now: this one ends", file=sys.stderr, flush=True)
            os._exit(1)

    def after_step(self, trainer: Trainer) -> None:
        self.steps += 1
        if time.monotonic() - self.last >= BETWEEN_LOOKS:
            self.check()

    def after_epoch(self, trainer: Trainer, row: dict[str, Any]) -> None:
        self.check()  # the checkpoint is written next

    def on_interrupt(self, trainer: Trainer) -> None:
        self.check()


class _Stop:
    """The number of the signal that stopped this process, and the earlier handler of SIGUSR2."""

    number: int | None = None
    before: Any = signal.SIG_DFL

    def requeue(self) -> None:
        """Put the job back into the queue, which ends this process. Returns only if the cluster
        does not allow it.
        """
        try:
            if callable(self.before):  # submitit's handler saves what to call, and requeues the job
                self.before(signal.SIGUSR2, None)
            array, number = (os.environ[f"SLURM_ARRAY_{name}_ID"] for name in ("JOB", "TASK"))
            subprocess.check_call(["scontrol", "requeue", f"{array}_{number}"])
        except subprocess.CalledProcessError as error:
            if error.returncode != -signal.SIGTERM:
                return
        # The job is in the queue. If `scontrol` was ended by SIGTERM, that is a part of requeueing:
        # SLURM ends all processes of the job.
        sys.exit(1)


@contextmanager
def _stops() -> Iterator[_Stop]:
    """In the ``with`` block, SIGUSR2 (time is nearly over) and SIGTERM (``scancel``) act like
    Ctrl-C, once.
    """
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may set handlers of signals
        return

    def note(signum, frame):
        if stop.number is None:
            stop.number = signum
            signal.raise_signal(signal.SIGINT)

    numbers = (signal.SIGUSR2, signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    stop.before = before[signal.SIGUSR2]
    for number in numbers[:2]:
        signal.signal(number, note)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
