"""What happens on the other machine: a job does one task.

When its time is over, or others go first, SLURM sends a signal. That is Ctrl-C for the training: it
saves after its step. Then the job goes back into the queue, and trains on to the same bits.
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

BETWEEN_REPORTS = 5.0  # seconds: each is a write to the shared folder
BETWEEN_LOOKS = 1.0  # seconds
EARLY = 60  # seconds that SLURM may send its signal before it should


class Job:
    """A task, as it travels to the other machine.

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
        """("done", what the task returns), ("failed", its MiniresError) or ("saved", None)."""
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
                if stop.number is None:  # a person's Ctrl-C, where the job runs before their eyes
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
        """For submitit: what is to be called when the job's turn comes again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Guard(Callback):
    """Sees to it that one process writes for a task.

    A machine that the cluster has lost may still compute: its job is done again elsewhere, and on
    a network's file system there may be no locks. So the last process that began is the one that
    writes; the others end, without another word, as soon as they see that.
    """

    def __init__(self, files: TaskFiles) -> None:
        self.files, self.token = files, files.take()
        self.steps, self.last = 0, 0.0

    def check(self) -> None:
        """End this process if another has taken over."""
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
    """The signal that asked for a stop of this process, and what the signal did before."""

    number: int | None = None
    before: Any = signal.SIG_DFL

    def requeue(self) -> None:
        """Back into the queue, which ends this process, unless the cluster does not allow it."""
        try:
            if callable(self.before):  # submitit's: it writes down what is to be called then
                self.before(signal.SIGUSR2, None)
            array, number = (os.environ[f"SLURM_ARRAY_{name}_ID"] for name in ("JOB", "TASK"))
            subprocess.check_call(["scontrol", "requeue", f"{array}_{number}"])
        except subprocess.CalledProcessError as error:
            if error.returncode != -signal.SIGTERM:
                return
        # It has worked, even if `scontrol` was ended, as all processes of a job that is requeued.
        sys.exit(1)


@contextmanager
def _stops() -> Iterator[_Stop]:
    """Within: SIGUSR2 (time is nearly over) and SIGTERM (``scancel``) do what Ctrl-C does, once."""
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # Python delivers signals to the main thread only
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
