"""Train the nets of a sweep, several at a time if the machine has room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import backend
from ...errors import ConfigError
from ...names import expanded
from ...serialization.weights import WeightsFile, open_weights
from ...training.callbacks import Callback
from ...training.config import FOLDER, RunConfig
from ...types import PathLike
from .. import scheduler, single_net
from ..model_setup import build, complete
from ..records import RunFolder, check_new
from ..training_sets import load_sets
from .runs import common
from .table import NAME, write_table

#: The settings that decide which images a run uses.
OF_DATA = (
    "dataset",
    "data",
    "only",
    "weights",
    "image_size",
    "test_image_size",
    "original_pixels",
    "train_size",
    "test_size",
    "val_fraction",
    "patience",
)
OF_NET = ("model", "net", "train", "recompute", "optimizer")  # decide whether it can be built


def run(
    runs: Mapping[str, RunConfig],
    out: PathLike,
    resume: bool = False,
    progress: bool = True,
    workers: int | None = 1,
    cluster: scheduler.Cluster | None = None,
    on_start: Callable[[Mapping[str, Any]], object] | None = None,
) -> None:
    """Train the nets of all runs, each in a subfolder of `out`, and write ``sweep.csv``.

    Parameters
    ----------
    runs : dict
        From `configs`.
    out : str or Path
        A new or empty folder, unless `resume`.
    resume : bool
        Go on with an interrupted sweep. The result is the same to the bit as without the
        interruption. Runs may be added.
    progress : bool
    workers : int or None
        Number of processes that train at the same time. None means as many as the machine has cores
        and memory for, and one on a GPU. The results are the same to the bit with any number.
    cluster : scheduler.Cluster, optional
        Train each net as a job of this cluster, and wait for the jobs. `workers` is then ignored.
    on_start : callable, optional
        ``on_start(settings)`` is called before the first step, with the settings that
        ``config.json`` holds.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, ShapeError, DivergenceError
        For the same reasons as in `single_net.run`. If one run fails, the others are still
        finished.
    ProcessError
        If a worker or job is killed twice with the same run.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved. Jobs of a cluster continue.
    """
    out, completed, sets, tasks, nets = expanded(out), {}, {}, [], set()
    if not runs:
        raise ConfigError("sweep", "runs", "one or more, from sweep.configs", "none")
    workers = scheduler.check_workers(workers, "sweep")
    check_new(out, resume)
    if cluster is not None:
        cluster.check()
    for name, config in runs.items():
        backend.check_device(config.device, "--device")
        file = None if config.weights is None else open_weights(config.weights)
        completed[name] = config = complete(config, file)
        net = tuple(str(getattr(config, name)) for name in (*OF_DATA, *OF_NET))
        single_net.check_before_data(config, file, build_net=net not in nets)
        nets.add(net)
    for name, config in completed.items():
        file = None if config.weights is None else open_weights(config.weights)
        key = _key(config)
        if key not in sets:
            sets[key] = load_sets(config, file, progress)
        tasks.append(_Run(name, config, out).task(file, sets[key][0]))
    device = max(one.device for one in completed.values())  # "gpu", if one run takes it
    if device == "gpu" and workers is None:
        workers = 1
    workers = 1 if cluster is not None else scheduler.fitting_workers(tasks, workers)
    settings = {
        "experiment": NAME,
        "runs": list(runs),
        "dataset_name": _names(sets),
        "common": common(completed),
    }
    with RunFolder(out, settings, ("runs",), resume, device) as folder:
        if on_start is not None:
            on_start(settings)

        def write(*_: Any) -> None:
            write_table(folder, list(runs))

        try:
            scheduler.run(
                tasks,
                sets,
                workers=workers,
                cluster=cluster,
                folder=out,
                progress=progress,
                on_end=write,
            )
        finally:
            write()


def _key(config):
    """A key that is the same for runs that use the same images."""
    shuffled = (config.seed,) if config.dataset == FOLDER else ()
    return (*(getattr(config, name) for name in OF_DATA), *shuffled)


def _names(sets):
    return ", ".join(dict.fromkeys(train.name for train, _ in sets.values()))


@dataclass(frozen=True)
class _Run:
    """One run of the sweep, for the scheduler."""

    name: str
    config: RunConfig
    out: Path

    def __call__(self, sets: Mapping[Any, Any], callbacks: Sequence[Callback]) -> None:
        single_net.run(
            self.config,
            self.out / self.name,
            resume=True,
            progress=False,
            sets=sets[_key(self.config)],
            callbacks=callbacks,
            wait=True,
        )

    def task(self, file: WeightsFile | None, train_set: Any) -> scheduler.Task:
        model, _ = build(self.config, file, train_set.input_shape, train_set.classes)
        resolved = self.config.resolve(len(train_set))
        return scheduler.Task(
            self.name, self, *scheduler.needs(model, train_set.input_shape, resolved)
        )
