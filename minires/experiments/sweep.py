"""Sweeps: several runs of ``minires train`` that differ in settings or in the seed.

Each run has a folder of its own, like any run of ``minires train``. ``sweep.csv`` lists the results
of all runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from .. import backend
from .. import plot as plots
from ..errors import ConfigError
from ..names import expanded
from ..serialization.weights import WeightsFile, open_weights
from ..training.callbacks import Callback
from ..training.config import FOLDER, RunConfig
from ..training.kinds import WORDS
from ..types import Figure, PathLike, Row
from . import scheduler, single_net
from .model_setup import build, complete
from .records import RunFolder, check_new, of_one_run, read_config, read_table, save_figures
from .seeds import check_seeds
from .training_tables import METRICS, TEXT, nothing_to_show
from .validation_records import kept_epoch, read_validation

NAME = "sweep"
RESULTS = ("train_error", "test_error", "parameters", "seconds")
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


def configs(
    base: RunConfig, values: Mapping[str, Sequence[Any]], seeds: int | Sequence[int] = 1
) -> dict[str, RunConfig]:
    """The settings of all runs: every combination of the values, with each seed.

    Parameters
    ----------
    base : RunConfig
        The common settings of all runs.
    values : dict
        Setting -> its values. ``net.width`` is the net's own setting ``width``.
    seeds : int or sequence of int
        The number of seeds, beginning with the seed of `base`, or the seeds themselves.

    Returns
    -------
    dict
        Name -> RunConfig. The name is also that of the run's folder:
        ``lr=0.1,net.width=8,seed=0``.

    Raises
    ------
    ConfigError
        If a setting does not exist, a value is impossible or occurs twice, or cannot be a part of
        the name of a folder.
    """
    if seeds != 1:
        if "seed" in values:
            raise ConfigError("sweep", "seed", "--seeds or seeds to sweep over", "both")
        values = {**values, "seed": check_seeds("sweep", seeds, base.seed)}
    found = {}
    for combination in product(*values.values()):
        changes = dict(zip(values, combination))
        name = ",".join(f"{key}={value}" for key, value in changes.items())
        if name in found:
            raise ConfigError("sweep", "the same run twice", "different values", name)
        if name.count("=") + name.count(",") != 2 * len(changes) - 1 or "/" in name:
            raise ConfigError("sweep", "values name folders", "no comma, = or / in them", name)
        found[name] = _changed(base, changes)
    return found


def _changed(base, changes):
    own = {key.removeprefix("net."): one for key, one in changes.items() if "." in key}
    settings = {key: value for key, value in changes.items() if "." not in key}
    other = [key for key in changes if "." in key and not key.startswith("net.")]
    known = vars(base)
    for key in [*other, *(key for key in settings if key not in known or key == "net")]:
        raise ConfigError(
            "sweep", key, "a setting of minires train, or net. and one of the net's own", repr(key)
        )
    return replace(base, **settings, net={**base.net, **own})


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
    check_new(out, resume)
    if cluster is not None:
        cluster.check()
    for name, config in runs.items():
        device = backend.check_device(config.device, "--device")
        file = None if config.weights is None else open_weights(config.weights)
        completed[name] = config = complete(config, file)
        net = tuple(str(getattr(config, name)) for name in (*OF_DATA, *OF_NET))
        single_net.check_before_data(config, file, build_net=net not in nets)
        nets.add(net)
    for name, config in completed.items():
        file = None if config.weights is None else open_weights(config.weights)
        key = _key(config)
        if key not in sets:
            sets[key] = single_net.load_sets(config, file, progress)
        tasks.append(_Run(name, config, out).task(file, sets[key][0]))
    if device == "gpu" and workers is None:
        workers = 1
    workers = 1 if cluster is not None else scheduler.fitting_workers(tasks, workers)
    settings = {
        "experiment": NAME,
        "runs": list(runs),
        "dataset_name": _names(sets),
        "common": _common(completed),
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


def _common(runs):
    """The settings that all runs of a sweep share: the ones that are not in their names."""
    swept = {key for name in runs for key in settings_of(name)}
    one = next(iter(runs.values())).deciding()
    one["net"] = {key: own for key, own in one["net"].items() if f"net.{key}" not in swept}
    return {key: value for key, value in one.items() if key not in swept and key != "seed"}


def _key(config):
    """A key that is the same for runs that use the same images."""
    shuffled = (config.seed,) if config.dataset == FOLDER else ()
    return (*(getattr(config, name) for name in OF_DATA), *shuffled)


def _names(sets):
    return ", ".join(dict.fromkeys(train.name for train, _ in sets.values()))


def settings_of(name: str) -> dict[str, str]:
    """The settings in the name of a run: ``lr=0.1,seed=0`` as a dict."""
    pairs = (part.partition("=") for part in name.split(","))
    return {key: value for key, _, value in pairs}


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


def write_table(folder: RunFolder, runs: Sequence[str]) -> None:
    """Write ``sweep.csv``, with the results of all finished runs.

    Raises DataError if the records of a run are damaged, and CheckpointError if the table cannot be
    written.
    """
    swept = list(dict.fromkeys(key for name in runs for key in settings_of(name)))
    folder.table("sweep", (*swept, *RESULTS), swept).replace(_results(folder.path, runs))


def _results(out: Path, runs: Sequence[str]) -> list[Row]:
    rows = []
    for name in runs:
        folder = out / name
        if (folder / "evaluation.json").exists():  # a run writes this file last
            config = read_config(folder, single_net.NAME, single_net.NEEDED)
            metrics = read_table(folder / "metrics.csv", METRICS, TEXT)
            last = kept_epoch(metrics, read_validation(folder, config))
            its = {"parameters": config["parameters"]} | {
                key: last[key] for key in RESULTS if key in last
            }
            rows.append({**settings_of(name), **its})
    return rows


def report(folder: PathLike) -> str:
    """The results of the sweep in `folder` as a table in plain text, with the lowest test error
    first.

    Raises DataError if the records are missing, damaged or empty.
    """
    columns, rows = _read(expanded(folder))
    lines = [[*columns, "training error", "test error", "parameters", "time"]]
    for row in sorted(rows, key=lambda row: row["test_error"]):
        lines.append(
            [
                *(row[name] for name in columns),
                f"{row['train_error']:.1f} %",
                f"{row['test_error']:.1f} %",
                f"{row['parameters']:,}",
                f"{row['seconds']:.0f} s",
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i < len(columns) else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


def _read(folder):
    """The names of the swept settings, and the rows of ``sweep.csv``."""
    config = read_config(folder, NAME, {"runs": WORDS})
    columns = list(dict.fromkeys(key for name in config["runs"] for key in settings_of(name)))
    rows = read_table(folder / "sweep.csv", (*columns, *RESULTS), columns)
    if not rows:
        raise nothing_to_show(folder, "at least one finished run")
    return columns, rows


def plot(folder: PathLike) -> list[Path]:
    """Draw ``sweep.png`` from the table in `folder`, and return its path in a list.

    Raises DataError as `figures` does, and CheckpointError if the file cannot be written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figure of the sweep in `folder`: the errors of each combination of settings, with a dot
    for each seed.

    Raises DataError if the records are missing, damaged or empty.
    """
    folder = expanded(folder)
    columns, rows = _read(folder)
    settings = [name for name in columns if name != "seed"]
    with of_one_run(folder):
        groups: dict[str, list[Row]] = {}
        for row in rows:
            label = ", ".join(f"{name} {row[name]}" for name in settings) or "all seeds"
            groups.setdefault(label, []).append(row)
        return {"sweep": plots.sweep(groups, read_config(folder)["dataset_name"])}
