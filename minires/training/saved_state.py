"""Whether the state in a checkpoint is one that a run of these settings can have been in.

A digest in the file tells damage. Checkpoints of earlier versions have none, and a program that
edits a state can write a new digest: so each field is looked at, alone and beside the others.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..checks import is_integer, is_number
from ..errors import CheckpointError
from ..names import shown
from ..types import PathLike
from .config import RunConfig

ROW = (
    "epoch",
    "lr",
    "train_loss",
    "train_error",
    "test_error",
    "seconds",
    "images_per_second",
)  # the numbers in each row of the history, beside the iteration
SUMS = ("loss", "wrong", "images", "seconds")
DICTS = ("recipe", "epoch_sums", "batches", "schedule")


def check_types(state: Any, path: PathLike) -> None:
    """Raise CheckpointError if a field is missing or of another type than a run writes."""
    if not isinstance(state, dict):
        raise _no_checkpoint(path, "no state")
    for name in (*DICTS, "seed", "iteration", "history", "seconds"):
        if name not in state:
            raise _no_checkpoint(path, f"no usable {name!r}")
    for name in DICTS:
        _expect(isinstance(state[name], dict), path, name, "a dict", state[name])
    for name in ("generators", "net"):  # earlier versions did not write them
        optional = state.get(name)
        _expect(optional is None or isinstance(optional, dict), path, name, "a dict", optional)
    for name in ("shuffle", "augment"):
        saved = state["batches"].get(name)
        _expect(isinstance(saved, dict), path, f"batches, {name}", "a dict", saved)
    position = state["batches"].get("position")
    _expect(is_integer(position, 0), path, "batches, position", "a whole number", position)
    iteration, seconds, history = (state[name] for name in ("iteration", "seconds", "history"))
    _expect(is_integer(iteration, 0), path, "iteration", "a whole number", iteration)
    _expect(is_number(seconds) and seconds >= 0, path, "seconds", "a number", seconds)
    _expect(isinstance(history, list), path, "history", "a list of rows", history)
    for i, row in enumerate(history):
        where = f"history, row {i + 1}"
        _expect(isinstance(row, dict), path, where, "a dict", row)
        _expect(is_integer(row.get("iteration"), 0), path, where, "an iteration", row)
        for name in ROW:
            value = row.get(name)
            _expect(is_number(value), path, f"{where}, {name}", "a number", value)
    for name in SUMS:
        value = state["epoch_sums"].get(name)
        known = is_number(value) and (value >= 0 or name == "loss")
        _expect(known, path, f"epoch_sums, {name}", "a number", value)


def check_agreement(
    state: Mapping[str, Any],
    path: PathLike,
    config: RunConfig,
    batches_per_epoch: int,
    lr_at: Callable[[int], float],
) -> None:
    """Raise CheckpointError if fields contradict each other.

    Parameters
    ----------
    state : dict
        One that `check_types` has passed.
    path : str or Path
        The file's name, for the error.
    config : RunConfig
        A resolved one, of the run that goes on.
    batches_per_epoch : int
    lr_at : function
        The learning rate at an iteration, by the run's schedule.
    """
    assert config.iterations is not None and config.batch_size is not None  # resolved
    iteration, sums = state["iteration"], state["epoch_sums"]
    most = config.iterations
    _expect(iteration <= most, path, "iteration", f"at most {most}, as in its recipe", iteration)
    steps = state["schedule"].get("iteration")
    _same(path, "schedule, iteration", iteration, steps)
    ends = list(range(batches_per_epoch, iteration + 1, batches_per_epoch))
    if iteration == most and iteration % batches_per_epoch:
        ends.append(iteration)  # the last epoch may be shorter
    rows = [row["iteration"] for row in state["history"]]
    if ends and ends[-1] == iteration and len(rows) == len(ends) - 1:
        ends.pop()  # interrupted between the last batch of an epoch and its row
    if rows != ends:
        raise _contradiction(path, "history", f"rows of iterations {shown(ends)}", shown(rows))
    seconds = 0.0
    for i, row in enumerate(state["history"]):
        where, end = f"history, row {i + 1}", row["iteration"]
        _close(path, f"{where}, epoch", end / batches_per_epoch, row["epoch"])
        _close(path, f"{where}, lr", lr_at(end - 1), row["lr"])
        for name in ("train_error", "test_error"):
            percent = row[name]
            _expect(0 <= percent <= 100, path, f"{where}, {name}", "0 to 100", percent)
        if not seconds <= row["seconds"] <= state["seconds"]:
            expected = f"{seconds} to {state['seconds']}"
            raise _contradiction(path, f"{where}, seconds", expected, shown(row["seconds"]))
        seconds = row["seconds"]
    images = (iteration - (rows[-1] if rows else 0)) * config.batch_size
    _same(path, "epoch_sums, images", images, sums["images"])
    wrong = sums["wrong"]
    known = is_integer(wrong, 0, images)
    _expect(known, path, "epoch_sums, wrong", f"a whole number, 0 to {images}", wrong)
    done = (iteration - 1) % batches_per_epoch + 1 if iteration else 0  # batches of this epoch
    _same(path, "batches, position", done * config.batch_size, state["batches"].get("position"))


def _same(path, field, expected, got):
    if expected != got:
        raise _contradiction(path, field, shown(expected), shown(got))


def _close(path, field, expected, got):
    if not math.isclose(expected, got, rel_tol=1e-6):  # earlier versions may have rounded otherwise
        raise _contradiction(path, field, shown(expected), shown(got))


def _contradiction(path, field, expected, got):
    what = f"the state contradicts itself: {field}"
    return CheckpointError(str(path), what, expected, got, "take another checkpoint")


def _no_checkpoint(path, got):
    return CheckpointError(
        str(path), "not a checkpoint of a training run", "one written by Trainer.save", got
    )


def _expect(holds, path, field, expected, got):
    if not holds:
        raise CheckpointError(
            str(path),
            f"{field} in the saved state",
            expected,
            shown(got),
            "take another checkpoint",
        )
