"""Run the tasks of an experiment: in this process, on worker processes, or on a cluster."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib

from ...errors import DeviceError
from ...training.callbacks import Callback
from ...training.progress import Progress
from ...training.trainer import Trainer
from ...types import Row
from . import cluster as clusters
from .agenda import Agenda
from .board import Board, QuietBoard
from .pool import Pool
from .task import Data, Task


def run(
    tasks: Sequence[Task],
    data: Data = None,
    *,
    workers: int = 1,
    cluster: clusters.Cluster | None = None,
    folder: Path | None = None,
    progress: bool = True,
    on_epoch: Callable[[Task], object] = lambda task: None,
    on_end: Callable[[Task, Any], object] = lambda task, result: None,
) -> None:
    """Do all tasks.

    Parameters
    ----------
    tasks : list of Task
        In an order in which no task comes before one that it waits for. Workers and clusters begin
        with the longest.
    data : object
        Given to every task. All worker processes share one copy of large arrays in it.
    workers : int
        Number of worker processes. With 1, this process does all tasks itself.
    cluster : Cluster, optional
        Do each task as a job of this cluster instead, and wait for the jobs.
    folder : Path, optional
        The folder of the run. The jobs of a cluster write to its subfolder ``cluster``, so all
        machines must see it.
    progress : bool
        Show the progress of the tasks.
    on_epoch : callable, optional
        ``on_epoch(task)`` is called in this process after each epoch of a training.
    on_end : callable, optional
        ``on_end(task, result)`` is called in this process with the result of each task.

    Raises
    ------
    MiniresError
        The first error that a task has raised. It is raised when all tasks that do not depend on
        the failed one are done; a DeviceError in this process, at once.
    ConfigError
        If jobs of an earlier run may still write into the folder, or the cluster refuses the jobs.
    ProcessError
        If the process or job of a task was killed, and that of its second try too.
    KeyboardInterrupt
        On Ctrl-C, when all trainings have finished their step and saved. A second Ctrl-C stops at
        once (`StoppedAtOnce`). Jobs of a cluster continue.
    """
    if cluster is None and folder is not None:
        clusters.check_no_jobs(folder)
    if cluster is not None and cluster.kind == "script":
        assert folder is not None
        clusters.print_script(cluster, tasks, data, folder)
    elif cluster is None and workers == 1:
        _run_here(Agenda(tasks, QuietBoard(tasks), on_end), data, on_epoch, progress)
    else:
        with (Board if progress else QuietBoard)(tasks) as board:
            # The longest first. Sorting is stable: tasks of equal cost stay in order.
            agenda = Agenda(sorted(tasks, key=lambda task: -task.cost), board, on_end)
            if cluster is not None:
                assert folder is not None
                clusters.Jobs(cluster, agenda, data, folder, on_epoch).run()
                return
            with tempfile.TemporaryDirectory(prefix="minires-") as temporary:
                file = Path(temporary) / "data"
                joblib.dump(data, file)
                Pool(workers, agenda, str(file), on_epoch).run()


def _run_here(agenda, data, on_epoch, progress):
    """Do all tasks in this process."""
    while (task := agenda.take()) is not None:
        callbacks = [_Epochs(task, on_epoch), *([Progress()] if progress else [])]
        try:
            result = task.work(data, callbacks)
        except DeviceError:  # a GPU that has failed would fail all the others too
            raise
        except Exception as error:
            agenda.fail(task, error)
        else:
            agenda.end(task, result)
    agenda.check()


class _Epochs(Callback):
    """Calls ``on_epoch(task)`` after each epoch of a training in this process."""

    def __init__(self, task: Task, on_epoch: Callable[[Task], object]) -> None:
        self.task, self.on_epoch = task, on_epoch

    def after_epoch(self, trainer: Trainer, row: Row) -> None:
        self.on_epoch(self.task)
