"""The trainings of the degradation experiment.

For each seed, plain and residual nets of each depth are trained in the same way on the same
batches. The error curves answer the question; the gradient norm of every layer, from
initialisation on, shows what goes on inside.
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

FAMILIES = {"plain": models.plain, "resnet": models.resnet}
OWN_SETTINGS = ("model", "seed")  # this experiment sets them for each net
GROWING = ("depths", "seeds")  # there may be more of these when a run goes on


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
    """Train all nets into the folder `out`.

    Writes ``config.json``, ``metrics.csv`` and ``gradients.csv``, and a folder for each net, with
    its checkpoint, in ``nets``.

    Parameters
    ----------
    config : RunConfig
        How each net is built and trained, and on what; one of `PRESETS`, for example. Results on
        another device differ by rounding, so an interrupted run may go on there.
    out : str or Path
        A new or empty folder, unless `resume`.
    depths : sequence of int
        6n + 2 each.
    seeds : int or sequence of int
        Each net is trained with seeds 0 to `seeds` - 1, or with those in the sequence, whatever
        seed the config has.
    resume : bool
        Go on with an interrupted run, to the same bits. There may be more seeds and depths now, and
        another number of workers.
    progress : bool
    workers : int or None
        Processes that train at the same time, each a net; None for as many as the machine has cores
        and memory for, and one on a GPU. The bits are the same with any number.
    cluster : scheduler.Cluster, optional
        Train there, a job for each net, and wait for them; then `workers` does not count.
    on_start : callable, optional
        ``on_start(settings, cost)`` is called before the first step: the settings as
        ``config.json`` has them, and the multiply-adds of all trainings.

    Raises
    ------
    ConfigError, DataError, DeviceError, CheckpointError, DivergenceError
        For settings that cannot be met, unusable files, and training that blows up. If one net
        cannot be trained, the others still are.
    ProcessError
        If a worker or job is killed twice with the same net.
    KeyboardInterrupt
        On Ctrl-C, after everything has been saved. Jobs of a cluster go on.
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
    for name, usual in (("weights", None), ("train", ALL)):
        if getattr(config, name) != usual:
            todo = "minires train and finetune know it"
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
    """One net and seed: a task for a worker."""

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
        """What its ``config.json`` holds."""
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
        # A process that did this before may still be finishing a step.
        with RunFolder(folder, self.settings, resume=True, device=device, wait=True) as its:
            TrainingRecords(its, progress=False).train(
                self.net,
                self.build(len(train_set.classes)),
                train_set,
                test_set,
                self.own_config,
                callbacks=callbacks,
            )


def _settings(config, dataset_name):
    """What the ``config.json`` of a run and those of its nets have in common."""
    decided = {name: value for name, value in config.deciding().items() if name not in OWN_SETTINGS}
    return {"experiment": "degradation", **decided, "dataset_name": dataset_name}
