"""The degradation experiment of He et al. 2015, section 4.2: does depth harm plain nets only?

For each seed, plain and residual nets of each depth are trained in the same way on the same
batches. The error curves answer the question; the gradient norm of every layer, from
initialisation on, shows what goes on inside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import backend, models
from .. import plot as plots
from ..data import ImageDataset
from ..errors import ConfigError
from ..models.cifar import check_depth
from ..names import expanded
from ..nn import Module
from ..serialization.files import replace_text
from ..training.callbacks import Callback
from ..training.config import ALL, RunConfig
from ..training.kinds import COUNT, COUNTS, SEEDS, WORD
from ..types import Figure, PathLike
from . import degradation_page, degradation_report, net_folders, scheduler
from .records import RunFolder, of_one_run, read_config, save_figures
from .seeds import check_seeds
from .small_images import load_sets as load_sets
from .training_records import TrainingRecords, drops_in_epochs, finished_tables

FAMILIES = {"plain": models.plain, "resnet": models.resnet}
OWN_SETTINGS = ("model", "seed")  # this experiment sets them for each net
GROWING = ("depths", "seeds")  # there may be more of these when a run goes on
FROM_SEEDS, FROM_DEPTHS = 3, 3  # so many make a figure of their own
NEEDED = {  # in its config.json, besides the settings that are checked wherever they stand
    "dataset_name": WORD,
    "depths": COUNTS,
    "seeds": SEEDS,
    "train_size": COUNT,
    "image_size": COUNT,
    "batch_size": COUNT,
}


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
    train_set, test_set = load_sets(config)
    # Settings that do not suit the data, and nets too large to build, leave no folder behind.
    resolved = config.resolve(len(train_set))
    for build in FAMILIES.values():
        build(max(depths), **config.net)
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


def report(folder: PathLike) -> str:
    """The table and the verdict of the run in `folder`, from its records alone. Nets that are not
    finished are named and left out.

    Raises
    ------
    DataError
        If the records are missing, damaged or empty, or do not fit each other.
    """
    folder = expanded(folder)
    config, metrics, _ = _records(folder)
    with of_one_run(folder):
        done = _finished(config, metrics)
        unfinished = degradation_report.left_out(metrics, done)
        if not done:
            return unfinished[0]
        table = degradation_report.table(done, _parameters(config))
        missing = degradation_report.not_shown(config, done)
        verdict = [*degradation_report.verdict(done), *([missing[0]] if missing else [])]
        return "\n".join([table, *unfinished, "", *verdict])


def errors_by_epoch(folder: PathLike) -> dict[str, list[float]]:
    """Net -> the mean training error after each epoch, of the finished nets of the run in `folder`.

    Raises as `report`.
    """
    folder = expanded(folder)
    config, metrics, _ = _records(folder)
    return degradation_report.errors_by_epoch(_finished(config, metrics))


def _parameters(config):
    return {
        f"{family}-{depth}": build(depth, **config["net"]).num_parameters()
        for family, build in FAMILIES.items()
        for depth in config["depths"]
    }


def _records(folder):
    """The settings, metrics and gradients of the run in `folder`; raises as `report`."""
    config = read_config(folder, "degradation", NEEDED)
    metrics, gradients = finished_tables(folder, nets_of(config))
    return config, metrics, gradients


def nets_of(config: Mapping[str, Any]) -> list[net_folders.Net]:
    """(net, seed) of every net that the run with these settings trains, in that order."""
    return [
        (f"{family}-{depth}", seed)
        for seed in config["seeds"]
        for depth in config["depths"]
        for family in FAMILIES
    ]


def all_iterations(config: Mapping[str, Any]) -> int:
    """The steps of training of each net in the run with these settings."""
    if config["iterations"]:
        return config["iterations"]
    return max(1, round(config["epochs"] * (config["train_size"] // config["batch_size"])))


def _finished(config, metrics):
    """The rows of the nets that were trained to the end."""
    last, iterations = degradation_report.final_rows(metrics), all_iterations(config)
    return [row for row in metrics if last[row["net"], row["seed"]]["iteration"] >= iterations]


def plot(folder: PathLike) -> list[Path]:
    """Draw the `figures` of the run in `folder` from its tables, as ``degradation.png`` and so on.

    Returns their paths. Raises as `figures` does, and CheckpointError if they cannot be written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)


def write_page(folder: PathLike) -> Path:
    """Write ``report.html``: verdict, figures, table, settings, and a slider over the steps of
    training that moves the gradient norm of every layer. It needs no other file.

    Returns its path. Raises as `figures` does, and CheckpointError if it cannot be written.
    """
    folder = expanded(folder)
    config, metrics, gradients = _records(folder)
    with of_one_run(folder):
        done = _finished(config, metrics)
        drawn = []
        for theme in (plots.LIGHT, plots.DARK):
            with plots.use_theme(theme):
                drawn.append(_figures(config, metrics, gradients))
        light, dark = drawn
        text = degradation_page.html(
            config,
            _caption(config),
            done,
            gradients,
            _parameters(config),
            {name: (plots.picture(light[name]), plots.picture(dark[name])) for name in light},
            degradation_report.left_out(metrics, done),
        )
    replace_text(folder / degradation_page.NAME, text)
    return folder / degradation_page.NAME


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figures of the run in `folder`, by name, from its tables.

    Returns
    -------
    dict
        ``degradation`` (error curves) and ``gradients`` (norms by layer); from three seeds on
        ``seeds`` (where each ends), and from three depths on ``depths`` (error against depth).

    Raises
    ------
    DataError
        If the tables are missing, damaged or empty, or do not fit each other.
    """
    folder = expanded(folder)
    config, metrics, gradients = _records(folder)
    with of_one_run(folder):
        return _figures(config, metrics, gradients)


def _figures(config, metrics, gradients):
    caption = _caption(config)
    batches_per_epoch = config["train_size"] // config["batch_size"]
    iterations = config["iterations"] or config["epochs"] * batches_per_epoch
    done = _finished(config, metrics)
    compared = degradation_report.differences_in_words(done)
    if missing := degradation_report.not_shown(config, done):
        compared.append(missing[1])
    last = max(row["epoch"] for row in metrics)
    drops = drops_in_epochs(config, iterations, batches_per_epoch, last)
    drawn = {
        "degradation": plots.error_curves(metrics, "; ".join([caption, *compared]), drops),
        "gradients": plots.gradient_norms(gradients, caption),
    }
    finals = list(degradation_report.final_rows(done).values())
    if len({row["seed"] for row in finals}) >= FROM_SEEDS:
        drawn["seeds"] = plots.every_seed(finals, caption, degradation_report.intervals(finals))
    if len({row["net"].split("-")[1] for row in finals}) >= FROM_DEPTHS:
        drawn["depths"] = plots.errors_by_depth(finals, caption)
    return drawn


def _caption(config):
    size, net = config["image_size"], config["net"]
    return ", ".join(
        [
            config["dataset_name"],
            f"{config['train_size']:,} images of {size}x{size}",
            *(f"{name} {value}" for name, value in net.items()),
            f"batch {config['batch_size']}",
            f"lr {config['lr']:g}",
        ]
    )
