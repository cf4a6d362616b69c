"""The trainings of the degradation experiment.

For each seed, plain and residual nets of each depth are trained in the same way on the same
batches. Their error curves show whether depth hurts, and the gradient norms of all layers, recorded
from initialisation on, show what happens inside the nets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import backend, models
from ...data import ImageDataset
from ...errors import ConfigError
from ...models.cifar import check_depth
from ...names import expanded
from ...nn import Module
from ...training.callbacks import Callback
from ...training.config import ALL, RunConfig
from ...types import PathLike
from .. import net_folders, scheduler
from ..before_data import expected_images
from ..records import RunFolder, check_new
from ..seeds import check_seeds
from ..small_images import load_sets
from ..training_records import TrainingRecords

#: Family of nets -> the function that builds one of a given depth.
FAMILIES = {"plain": models.plain, "resnet": models.resnet}
OWN_SETTINGS = ("model", "seed")  # settings that differ from net to net within a run
GROWING = ("depths", "seeds")  # settings that may become longer when a run is resumed


def run(
    config: RunConfig,
    out: PathLike,
    depths: Sequence[int] = (20, 56),
    seeds: int | Sequence[int] = 1,
    resume: bool = False,
    progress: bool = True,
    workers: int | None = 1,
    cluster: scheduler.Cluster | None = None,
    on_start: Callable[[Mapping[str, Any], float], object] | None = None,
) -> None:
    """Train plain and residual nets of these depths with these seeds, and record them in `out`.

    Writes ``config.json``, ``metrics.csv`` and ``gradients.csv``, and for each net a subfolder of
    ``nets`` with its checkpoint.

    Parameters
    ----------
    config : RunConfig
        The data, and how each net is built and trained; for example one of `PRESETS`. An
        interrupted run may be resumed on another device, where results differ by rounding.
    out : str or Path
        A new or empty folder, unless `resume`.
    depths : sequence of int
        Numbers of layers, each 6n + 2.
    seeds : int or sequence of int
        A number n means seeds 0 to n - 1; a sequence lists the seeds. The seed in `config` is
        ignored.
    resume : bool
        Go on with an interrupted run. The result is the same to the bit as without the
        interruption. Seeds and depths may be added, and `workers` may change.
    progress : bool
    workers : int or None
        Number of processes, each of which trains one net at a time. None means as many as the
        machine has cores and memory for, and one on a GPU. The results are the same to the bit with
        any number.
    cluster : scheduler.Cluster, optional
        Train each net as a job of this cluster, and wait for the jobs. `workers` is then ignored.
    on_start : callable, optional
        ``on_start(settings, cost)`` is called before the first step with the settings that
        ``config.json`` holds, and the multiply-adds of all trainings together.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        If settings are impossible, a file cannot be used, or a training diverges. If one net cannot
        be trained, the others still are.
    ProcessError
        If a worker or job is killed twice with the same net.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved. Jobs of a cluster continue.
    """
    device = backend.check_device(config.device, "--device")
    out = expanded(out)
    seeds = check_seeds("degradation", seeds)
    workers = scheduler.check_workers(workers, "degradation")
    if cluster is not None:
        cluster.check()
    if not isinstance(depths, (list, tuple, range)) or not depths:
        raise ConfigError(
            "degradation", "depths", "a list of depths, such as (20, 56)", repr(depths)
        )
    for depth in depths:
        check_depth(depth)
    depths = list(map(int, depths))
    for name, usual in (("weights", None), ("train", ALL), ("patience", None)):
        if getattr(config, name) != usual:
            todo = "minires train and minires finetune support it"
            raise ConfigError("degradation", name, repr(usual), repr(getattr(config, name)), todo)
    # Before images are drawn: settings that do not suit them, nets too large to build, a folder
    # that is not free.
    check_new(out, resume)
    expected_images(config)
    for build in FAMILIES.values():
        build(max(depths), **config.net)
    train_set, test_set = load_sets(config)
    resolved = config.resolve(len(train_set))
    config = replace(
        config,
        batch_size=resolved.batch_size,
        iterations=resolved.iterations if config.epochs is None else None,
        image_size=train_set.input_shape[0],
        train_size=len(train_set),
        test_size=len(test_set),
    )

    trainings = [
        _Training(family, depth, seed, config, out, train_set.name)
        for seed in seeds
        for depth in depths
        for family in FAMILIES
    ]
    nets = [(training.net, training.seed) for training in trainings]
    tasks = [training.task(train_set) for training in trainings]
    if device == "gpu" and workers is None:
        workers = 1
    workers = 1 if cluster is not None else scheduler.fitting_workers(tasks, workers)
    settings = {"depths": depths, "seeds": seeds, **_settings(config, train_set.name)}
    with RunFolder(out, settings, GROWING, resume, device) as folder:
        net_folders.adopt(folder, {(one.net, one.seed): one.settings for one in trainings})
        net_folders.restore(folder, nets)
        if on_start is not None:
            on_start(settings, sum(task.cost for task in tasks))
        try:
            scheduler.run(
                tasks,
                (train_set, test_set),
                workers=workers,
                cluster=cluster,
                folder=out,
                progress=progress,
                on_epoch=lambda task: net_folders.gather(folder, nets),
            )
        finally:
            net_folders.gather(folder, nets)


@dataclass(frozen=True)
class _Training:
    """The training of one net with one seed, for the scheduler."""

    family: str
    depth: int
    seed: int
    config: RunConfig
    out: Path
    dataset_name: str

    @property
    def net(self) -> str:
        return f"{self.family}-{self.depth}"

    @property
    def own_config(self) -> RunConfig:
        return replace(self.config.for_depth(self.depth), seed=self.seed)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings in the ``config.json`` of this net."""
        own = {"model": self.net, "seed": self.seed}
        return _settings(self.own_config, self.dataset_name) | own

    def build(self, classes: int) -> Module:
        build = FAMILIES[self.family]
        model = build(self.depth, num_classes=classes, seed=self.seed, **self.config.net)
        model.recompute = self.config.recompute
        return model

    def task(self, train_set: ImageDataset) -> scheduler.Task:
        model, resolved = self.build(len(train_set.classes)), self.config.resolve(len(train_set))
        cost, memory = scheduler.needs(model, train_set.input_shape, resolved)
        return scheduler.Task(f"{self.net}, seed {self.seed}", self.train, cost, memory)

    def train(self, sets: tuple[ImageDataset, ImageDataset], callbacks: Sequence[Callback]) -> None:
        train_set, test_set = sets
        folder = net_folders.folder_of(self.out, self.net, self.seed)
        device = self.config.device
        # Wait: a process of an interrupted run may still be finishing a step in this folder.
        with RunFolder(folder, self.settings, resume=True, device=device, wait=True) as own_folder:
            TrainingRecords(own_folder, progress=False).train(
                self.net,
                self.build(len(train_set.classes)),
                train_set,
                test_set,
                self.own_config,
                callbacks=callbacks,
            )


def _settings(config, dataset_name):
    """The settings that the ``config.json`` of a run shares with those of its nets."""
    decided = {name: value for name, value in config.deciding().items() if name not in OWN_SETTINGS}
    return {"experiment": "degradation", **decided, "dataset_name": dataset_name}
