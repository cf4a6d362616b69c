"""Read the folder of a run of any experiment as a list of trainings, each of one net and seed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import ConfigError, DataError
from ...names import as_text, expanded, printable, shortened, shown
from ...training.kinds import COUNT, NUMBER, WORD, WORDS
from ...types import PathLike, Row
from .. import degradation, single_net, sweep
from ..records import of_one_run, read_config
from ..training_tables import (
    GRADIENTS,
    GRADIENTS_OF,
    METRICS,
    METRICS_OF,
    check_once,
    checked_rows,
    nothing_to_show,
    update_rows,
)

MOST_NAMED = 4  # how many trainings a note names; the others are only counted
LONGEST_NAME = 60  # characters of the name of a net or a run
OF_ONE_NET = {  # settings in the config.json of one net of a degradation run
    "model": WORD,
    "seed": NUMBER,
    "dataset_name": WORD,
    "train_size": COUNT,
    "batch_size": COUNT,
}
#: The settings in the line below the name of a run, and how to write them.
CAPTION = {
    "train_size": "{:,} images",
    "training_images": "{:,} images",
    "image_size": "{0}x{0} pixels",
    "batch_size": "batch {}",
    "lr": "lr {:g}",
    "epochs": "{:g} epochs",
    "iterations": "{:,} steps",
}


@dataclass(frozen=True)
class Training:
    """One net, trained with one seed.

    Parameters
    ----------
    net : str
        Its name: ``plain-20``, or for a run of a sweep its settings without the seed.
    seed : int
    metrics : list of dict
        A row for each epoch.
    gradients : list of dict
        A row for each layer and recorded step. There may be none.
    updates : list of dict
        The same for how far each step went. Runs of early versions have none.
    """

    net: str
    seed: int
    metrics: list[Row]
    gradients: list[Row]
    updates: list[Row]


@dataclass(frozen=True)
class Run:
    """The content of one folder.

    Parameters
    ----------
    path : Path
    kind : str
        The experiment that wrote the folder.
    caption : str
        The data and the main settings, in one line.
    trainings : list of Training
        At least one, each with at least one epoch.
    unfinished : list of str
        The trainings that have not reached their end, in words.
    without_gradients : list of str
        The trainings that have errors but no norms of layers.
    pooled : int
        The number of runs that were merged into this one; 0 if it is not a merged run.
    """

    path: Path
    kind: str
    caption: str
    trainings: list[Training]
    unfinished: list[str]
    without_gradients: list[str]
    pooled: int

    @property
    def notes(self) -> list[str]:
        """Sentences on what is missing in this run."""
        found = []
        if self.unfinished:
            found.append(f"Still going on when this was read: {_few(self.unfinished)}.")
        if len(self.without_gradients) == len(self.trainings):
            found.append("This folder has no norms of layers (no gradients.csv).")
        elif self.without_gradients:
            found.append(f"Without norms of layers: {_few(self.without_gradients)}.")
        return found


def read(folder: PathLike) -> Run:
    """Read the folder of a run, which may be still going on.

    Parameters
    ----------
    folder : str or Path
        A folder of ``minires degradation``, ``minires demo``, ``minires train``,
        ``minires finetune``, a sweep or ``minires merge``, or the folder of one net in it.

    Raises
    ------
    ConfigError
        If this kind of run has no error curves.
    DataError
        If the folder holds no run, no finished epoch yet, or damaged records.
    """
    folder = expanded(folder)
    config = read_config(folder)
    kind = config.get("experiment")
    if kind not in READERS:
        raise ConfigError(
            as_text(folder),
            "no error curves in this kind of run",
            f"a run of {', '.join(READERS)}",
            shown(kind) if kind else "a config.json without the name of an experiment",
            "minires plot draws it" if kind else "is this the --out folder of a run?",
        )
    with of_one_run(folder):
        trainings, unfinished = READERS[str(kind)](folder, config)
        if not trainings:
            raise nothing_to_show(folder, "at least one finished epoch")
        return Run(
            folder,
            str(kind),
            caption(config),
            trainings,
            unfinished,
            [_named(one.net, one.seed) for one in trainings if not one.gradients],
            len(config.get("sources", ())),
        )


def caption(config: Mapping[str, Any]) -> str:
    """The data and the main settings of a run in one line."""
    common = config.get("common")
    settings = {**config, **(common if isinstance(common, Mapping) else {})}
    parts = [str(settings.get("dataset_name", ""))]
    for name, words in CAPTION.items():
        value = settings.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            parts.append(words.format(value))
    own = settings.get("net")
    if isinstance(own, Mapping):
        parts += [f"{name} {value}" for name, value in own.items()]
    return shortened(printable(", ".join(filter(None, parts))), 300)


def _of_degradation(folder, config):
    if "depths" not in config and "model" in config:  # the folder of one of its nets
        config = read_config(folder, "degradation", OF_ONE_NET)
        nets = [(config["model"], config["seed"])]
    else:
        config = read_config(folder, "degradation", degradation.NEEDED)
        nets = degradation.nets_of(config)
    steps = degradation.all_iterations(config)
    return _trainings(nets, *_tables(folder, nets), dict.fromkeys(nets, steps))


def _of_one_net(folder, config):
    config = read_config(folder, single_net.NAME, single_net.NEEDED)
    net = config["model"], config["seed"]
    return _trainings([net], *_tables(folder, [net]), {net: _steps_of(folder, config)})


def _of_sweep(folder, config):
    config = read_config(folder, sweep.NAME, {"runs": WORDS})
    trainings, unfinished = [], []
    for name in config["runs"]:
        if "/" in name or "\\" in name or name in (".", ".."):  # a path out of this folder
            raise DataError(str(folder / "config.json"), "runs", "names of folders", shown(name))
        inner = folder / name
        settings = sweep.settings_of(name)
        label = _label(settings)
        if not (inner / "config.json").exists() or not (inner / "metrics.csv").exists():
            unfinished.append(f"{printable(shortened(name, LONGEST_NAME))} (not begun)")
            continue
        own = read_config(inner, single_net.NAME, single_net.NEEDED)
        net = own["model"], own["seed"]
        found, waiting = _trainings([net], *_tables(inner, [net]), {net: _steps_of(inner, own)})
        label = label or own["model"]
        trainings += [replace(one, net=label) for one in found]
        unfinished += [words.replace(own["model"], label, 1) for words in waiting]
    return trainings, unfinished


#: Experiment -> the function that reads its folders.
READERS: dict[str, Callable[[Path, Mapping[str, Any]], tuple[list[Training], list[str]]]] = {
    "degradation": _of_degradation,
    single_net.NAME: _of_one_net,
    sweep.NAME: _of_sweep,
}


def _label(settings: Mapping[str, str]) -> str:
    """The name of all runs of a sweep that share these settings, apart from the seed."""
    parts = [
        value if name == "model" else f"{name} {value}"
        for name, value in settings.items()
        if name != "seed"
    ]
    return ", ".join(parts)


def _steps_of(folder, config):
    """The number of steps after which a training is finished; 0 if it has been stopped early, so
    that it counts as finished wherever it is.
    """
    stopped = config.get("patience") is not None and (folder / "evaluation.json").exists()
    return 0 if stopped else config["all_iterations"]


def _tables(folder: Path, nets: Collection[tuple[str, int]]) -> tuple[list[Row], ...]:
    """The rows of metrics, gradients and updates in a folder. There are no gradients or updates if
    their table is missing.
    """
    metrics = checked_rows(folder / "metrics.csv", METRICS, METRICS_OF, nets)
    check_once(folder / "metrics.csv", metrics)
    path = folder / "gradients.csv"
    gradients = checked_rows(path, GRADIENTS, GRADIENTS_OF, nets) if path.exists() else []
    return metrics, gradients, update_rows(folder, nets)


def _trainings(nets, metrics, gradients, updates, steps):
    """The trainings with at least one epoch, and a few words on each unfinished training."""
    found, unfinished = [], []
    errors, *norms = map(_by_training, (metrics, gradients, updates))
    for net, seed in nets:
        rows = errors.get((net, seed), [])
        if rows:
            its = (one.get((net, seed), []) for one in norms)
            found.append(Training(net, seed, rows, *its))
        done = rows[-1]["iteration"] if rows else 0
        if done < steps[net, seed]:
            where = f"at step {done:,} of {steps[net, seed]:,}" if rows else "no epoch yet"
            unfinished.append(f"{_named(net, seed)} ({where})")
    return found, unfinished


def _by_training(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["net"], row["seed"]), []).append(row)
    return found


def _named(net: str, seed: int) -> str:
    return f"{printable(shortened(net, LONGEST_NAME))} seed {seed}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
