"""The validation errors that decide when a run with patience stops: ``validation.csv``.

net, seed      the training
iteration      number of steps at the end of the epoch
epoch
val_error      error in percent on the validation part of the training images

Together with the settings of the run, they tell when and why it ended, and which weights were kept.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..training.callbacks import Callback
from ..training.kinds import COUNT, PERCENT
from ..types import PathLike, Row
from .records import RunFolder, read_table

VALIDATION = ("net", "seed", "iteration", "epoch", "val_error")


class ValidationRecorder(Callback):
    """Writes the table of one training. It is small, so all of it is written after each epoch."""

    def __init__(self, folder: RunFolder, net: str, seed: int) -> None:
        self.table = folder.table("validation", VALIDATION, ("net",))
        self.net, self.seed = net, seed

    def before_training(self, trainer: Any) -> None:
        self._write(trainer)  # in a resumed run, the table may have too few or too many rows

    def after_epoch(self, trainer: Any, row: Row) -> None:
        self._write(trainer)

    def _write(self, trainer):
        self.table.replace(
            {"net": self.net, "seed": self.seed, **row} for row in trainer.early_stopping.rows
        )


def read_validation(folder: PathLike, config: Mapping[str, Any]) -> list[Row]:
    """The rows of ``validation.csv``; a run without patience has none.

    Raises DataError if the table of a run with patience is missing, empty or damaged.
    """
    if config.get("patience") is None:
        return []
    path = Path(folder) / "validation.csv"
    rows = read_table(path, VALIDATION, ("net",))
    right = all(
        COUNT.accepts(row["iteration"]) and PERCENT.accepts(row["val_error"]) for row in rows
    )
    if not rows or not right:
        expected = "a row for each epoch, with an iteration and an error from 0 to 100"
        got = "none" if not rows else "other numbers"
        raise DataError(str(path), "rows", expected, got, "--resume writes the table again")
    return rows


def kept_epoch(metrics: Sequence[Row], validation: Sequence[Row]) -> Row:
    """The row of ``metrics.csv`` for the epoch whose weights a run has kept: the epoch with the
    lowest validation error or, without validation, the last one.
    """
    if not validation:
        return metrics[-1]
    best = min(validation, key=lambda row: row["val_error"])["iteration"]
    return next((row for row in metrics if row["iteration"] == best), metrics[-1])


def how_it_ended(validation: Sequence[Row], config: Mapping[str, Any]) -> str:
    """When and why a run with patience ended, and which weights were kept, as a sentence."""
    best, last = min(validation, key=lambda row: row["val_error"]), validation[-1]
    waited = len(validation) - 1 - validation.index(best)
    if waited >= config["patience"]:
        epochs = f"{waited} epoch{'s' * (waited > 1)}"
        why = f"stopped after epoch {last['epoch']:g}: no lower validation error in {epochs}"
    else:
        why = f"trained to the end, epoch {last['epoch']:g}"
    images = config.get("validation_images")
    of = f" of {images:,} images" if images else ""
    return (
        f"{why}; kept are the weights of epoch {best['epoch']:g}, "
        f"validation error {best['val_error']:.1f} %{of}"
    )
