"""The results of a degradation run: its report, figures and page, all from its records alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import plot as plots
from ...names import expanded
from ...serialization.files import replace_text
from ...training.kinds import COUNT, COUNTS, SEEDS, WORD
from ...types import Figure, PathLike
from .. import net_folders
from ..records import of_one_run, read_config, save_figures
from ..training_tables import drops_in_epochs, finished_tables
from . import page, verdict
from .training import FAMILIES

CLASSES = 10  # of CIFAR-10, and of the drawn images
FROM_SEEDS, FROM_DEPTHS = 3, 3  # from this number on, there is a figure about seeds or depths
#: What config.json must hold, besides the settings that every run must have.
NEEDED = {
    "dataset_name": WORD,
    "depths": COUNTS,
    "seeds": SEEDS,
    "train_size": COUNT,
    "image_size": COUNT,
    "batch_size": COUNT,
}


def report(folder: PathLike) -> str:
    """The table and the verdict of the run in `folder`, as lines of text.

    Nets that are not finished are named, and left out of both.

    Raises
    ------
    DataError
        If the records are missing, damaged or empty, or contradict each other.
    """
    folder = expanded(folder)
    config, metrics, _ = _records(folder)
    with of_one_run(folder):
        done = _finished(config, metrics)
        unfinished = verdict.left_out(metrics, done)
        if not done:
            return unfinished[0]
        table = verdict.table(done, _parameters(config))
        missing = verdict.not_shown(config, done)
        lines = [*verdict.verdict(done), *([missing[0]] if missing else [])]
        return "\n".join([table, *unfinished, "", *lines])


def errors_by_epoch(folder: PathLike) -> dict[str, list[float]]:
    """Net -> its training error in percent after each epoch, averaged over the seeds, for the
    finished nets of the run in `folder`.

    Raises DataError as `report` does.
    """
    folder = expanded(folder)
    config, metrics, _ = _records(folder)
    return verdict.errors_by_epoch(_finished(config, metrics))


def _parameters(config):
    return {
        f"{family}-{depth}": build(depth, **config["net"]).num_parameters()
        for family, build in FAMILIES.items()
        for depth in config["depths"]
    }


def _records(folder):
    """The settings, metrics and gradients of the run in `folder`; raises the errors of `report`."""
    config = read_config(folder, "degradation", NEEDED)
    metrics, gradients = finished_tables(folder, nets_of(config))
    return config, metrics, gradients


def nets_of(config: Mapping[str, Any]) -> list[net_folders.Net]:
    """(net, seed) of every net that a run with these settings trains, in the order of training."""
    return [
        (f"{family}-{depth}", seed)
        for seed in config["seeds"]
        for depth in config["depths"]
        for family in FAMILIES
    ]


def all_iterations(config: Mapping[str, Any]) -> int:
    """The number of training steps of each net in a run with these settings."""
    if config["iterations"]:
        return config["iterations"]
    return max(1, round(config["epochs"] * (config["train_size"] // config["batch_size"])))


def _finished(config, metrics):
    """The rows of metrics of all nets that have been trained to the end."""
    last, iterations = verdict.final_rows(metrics), all_iterations(config)
    return [row for row in metrics if last[row["net"], row["seed"]]["iteration"] >= iterations]


def plot(folder: PathLike) -> list[Path]:
    """Draw the `figures` of the run in `folder`, and save them there as ``degradation.png`` and so
    on.

    Returns their paths. Raises DataError as `figures` does, and CheckpointError if a file cannot be
    written.
    """
    folder = expanded(folder)
    with of_one_run(folder):
        return save_figures(figures(folder), folder)


def write_page(folder: PathLike) -> Path:
    """Write the page ``report.html`` to the folder of a run: verdict, figures, table, settings, and
    a slider that shows the gradient norm of every layer at any recorded step.

    The page contains its figures. Returns its path. Raises DataError as `figures` does, and
    CheckpointError if the page cannot be written.
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
        text = page.html(
            config,
            _caption(config),
            done,
            gradients,
            _parameters(config),
            {name: (plots.picture(light[name]), plots.picture(dark[name])) for name in light},
            verdict.left_out(metrics, done),
        )
    replace_text(folder / page.NAME, text)
    return folder / page.NAME


def figures(folder: PathLike) -> dict[str, Figure]:
    """The figures of the run in `folder`, by name, drawn from its tables.

    Returns
    -------
    dict
        ``degradation`` (error curves) and ``gradients`` (norms by layer); with three seeds or more
        also ``seeds`` (final errors of each), and with three depths or more ``depths`` (error
        against depth).

    Raises
    ------
    DataError
        If the tables are missing, damaged or empty, or contradict each other.
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
    compared = verdict.differences_in_words(done)
    if missing := verdict.not_shown(config, done):
        compared.append(missing[1])
    last = max(row["epoch"] for row in metrics)
    drops = drops_in_epochs(config, iterations, batches_per_epoch, last)
    drawn = {
        "degradation": plots.error_curves(metrics, "; ".join([caption, *compared]), drops, CLASSES),
        "gradients": plots.gradient_norms(gradients, caption),
    }
    finals = list(verdict.final_rows(done).values())
    if len({row["seed"] for row in finals}) >= FROM_SEEDS:
        drawn["seeds"] = plots.every_seed(finals, caption, verdict.intervals(finals))
    if len({row["net"].split("-")[1] for row in finals}) >= FROM_DEPTHS:
        drawn["depths"] = plots.errors_by_depth(finals, caption, CLASSES)
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
