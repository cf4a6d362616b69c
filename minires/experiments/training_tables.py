"""The tables of trainings: the columns of metrics.csv, gradients.csv and updates.csv, and reading
them back.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..training.kinds import COUNT, NOT_NEGATIVE, NUMBER, PERCENT, POSITIVE, Kind
from ..types import PathLike, Row
from .records import read_table

METRICS_OF = {  # column -> the kind of its numbers
    "seed": NUMBER,
    "iteration": COUNT,
    "epoch": POSITIVE,
    "lr": NOT_NEGATIVE,
    "train_loss": NOT_NEGATIVE,
    "train_error": PERCENT,
    "test_error": PERCENT,
    "seconds": NOT_NEGATIVE,
    "images_per_second": NOT_NEGATIVE,
}
METRICS = ("net", *METRICS_OF)
GRADIENTS_OF = {"seed": NUMBER, "iteration": NUMBER, "depth": COUNT}  # norms may be infinite
GRADIENTS = ("net", "seed", "iteration", "layer", "depth", "gradient_norm", "weight_norm", "ratio")
UPDATES_OF = GRADIENTS_OF  # runs of early versions have no table of updates
UPDATES = ("net", "seed", "iteration", "layer", "depth", "update_norm", "update_ratio")
TEXT = ("net", "layer")  # columns that hold words; all others hold numbers


def finished_tables(
    folder: PathLike, trained: Collection[tuple[str, int]]
) -> list[list[dict[str, Any]]]:
    """The rows of ``metrics.csv`` and of ``gradients.csv`` in the folder of a run, each sorted by
    net, step and layer.

    Parameters
    ----------
    folder : str or Path
    trained : list of (str, int)
        The (net, seed) of the run. The tables may hold rows of no others.

    Raises
    ------
    DataError
        If a table is missing, damaged or empty, or holds rows that no run writes.
    """
    folder = Path(folder)
    rows = [
        checked_rows(folder / "metrics.csv", METRICS, METRICS_OF, trained),
        checked_rows(folder / "gradients.csv", GRADIENTS, GRADIENTS_OF, trained),
    ]
    check_once(folder / "metrics.csv", rows[0])
    if not all(rows):
        raise nothing_to_show(folder, "at least one finished epoch")
    return rows


def update_rows(folder: PathLike, trained: Collection[tuple[str, int]]) -> list[Row]:
    """The rows of ``updates.csv`` in a run's folder; none if an early version wrote it.

    Raises DataError as `finished_tables`.
    """
    path = Path(folder) / "updates.csv"
    return checked_rows(path, UPDATES, UPDATES_OF, trained) if path.exists() else []


def check_once(path: Path, metrics: Sequence[Row]) -> None:
    """Raise DataError if ``metrics.csv`` at `path` has two rows for the same step of a net.

    `metrics` are its rows, as `checked_rows` sorts them.
    """
    for row, following in zip(metrics, metrics[1:]):
        if [row[name] for name in METRICS[:3]] == [following[name] for name in METRICS[:3]]:
            where = f"{path}, {row['net']}, iteration {row['iteration']}"
            raise DataError(where, "two rows for the same step", todo="--resume corrects the table")


def nothing_to_show(folder: PathLike, expected: str) -> DataError:
    """The DataError for a run that has not got far enough; `expected` says what is needed."""
    todo = "continue the run with --resume"
    return DataError(str(folder), "nothing to show yet", expected, "empty tables", todo)


def checked_rows(
    path: Path,
    columns: Sequence[str],
    kinds: Mapping[str, Kind],
    trained: Collection[tuple[str, int]],
) -> list[Row]:
    """The rows of ``metrics.csv`` or ``gradients.csv``, sorted by net, step and layer. Nets are in
    the order of the file.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    kinds : dict
        Column -> the kind of numbers in it.
    trained : list of (str, int)
        The (net, seed) of the run.

    Raises
    ------
    DataError
        If the table is missing or damaged, a number is impossible, or a row is of another net.
    """
    rows = read_table(path, columns, TEXT)
    places: dict[tuple[str, int], int] = {}
    for row in rows:
        where = f"{path}, {row['net']}, iteration {row['iteration']}"
        for column, kind in kinds.items():
            if not kind.accepts(row[column]):
                todo = "correct it or delete the line; --resume corrects metrics.csv"
                raise DataError(where, column, kind.words, str(row[column]), todo)
        place = row["net"], row["seed"]
        if place not in trained:
            expected = ", ".join(f"{net} seed {seed}" for net, seed in trained)
            got = f"{row['net']!r} seed {row['seed']}"
            raise DataError(str(path), "a row of another net", expected, got, "delete the line")
        places.setdefault(place, len(places))
    return sorted(
        rows,
        key=lambda row: (places[row["net"], row["seed"]], row["iteration"], row.get("depth", 0)),
    )


def drops_in_epochs(
    config: Mapping[str, Any], iterations: float, batches_per_epoch: float, last: float
) -> list[float]:
    """The epochs before `last` at which the learning rate was divided by 10.

    Parameters
    ----------
    config : dict
        The settings in a ``config.json``; runs of early versions lack some of them.
    iterations, batches_per_epoch : float
        Steps of the whole training, and of an epoch.
    last : float
        The last epoch in the records.

    Returns
    -------
    list of float
        Empty if the schedule is not one of steps.
    """
    if config.get("schedule", "steps") != "steps":
        return []
    milestones = config.get("milestones")
    if milestones is None:
        milestones = [drop * iterations for drop in config["drops"]]
    epochs = [milestone / batches_per_epoch for milestone in milestones]
    return [epoch for epoch in epochs if epoch < last]
