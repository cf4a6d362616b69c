"""Do all tasks of an experiment: in this process, on workers, or on a cluster."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib

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
        Those that others wait for stand before them.
    data : object
        Handed to every task. On workers, large arrays in it are in memory once, whatever their
        number.
    workers : int
        Processes to do them in; with 1, this process does them itself.
    cluster : Cluster, optional
        Do them there instead, a job each, and wait for them.
    folder : Path, optional
        That of the run, where a cluster's jobs leave word in ``cluster``. All machines must see it.
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
    ConfigError
        If jobs of an earlier run may still write into the folder, or the cluster refuses the jobs.
    ProcessError
        If the process or job of a task was killed, and that of its second try too.
    KeyboardInterrupt
        On Ctrl-C, when all trainings have finished their step and saved. A second Ctrl-C stops at
        once (`StoppedAtOnce`). Jobs of a cluster go on.
    """
    if cluster is None and folder is not None:
        clusters.check_no_jobs(folder)
    if cluster is not None and cluster.kind == "script":
        assert folder is not None
        clusters.print_script(cluster, tasks, data, folder)
    elif cluster is None and workers == 1:
        for task in tasks:
            callbacks = [_Epochs(task, on_epoch), *([Progress()] if progress else [])]
            on_end(task, task.work(data, callbacks))
    else:
        with (Board if progress else QuietBoard)(tasks) as board:
            agenda = Agenda(tasks, board, on_end)
            if cluster is not None:
                assert folder is not None
                clusters.Jobs(cluster, agenda, data, folder, on_epoch).run()
                return
            with tempfile.TemporaryDirectory(prefix="minires-") as temporary:
                file = Path(temporary) / "data"
                joblib.dump(data, file)
                Pool(workers, agenda, str(file), on_epoch).run()


class _Epochs(Callback):
    """Tells of the epochs of a training in this process."""

    def __init__(self, task: Task, on_epoch: Callable[[Task], object]) -> None:
        self.task, self.on_epoch = task, on_epoch

    def after_epoch(self, trainer: Trainer, row: Row) -> None:
        self.on_epoch(self.task)
