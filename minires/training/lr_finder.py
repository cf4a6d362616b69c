"""Which learning rate to begin with: the range test of Smith 2017 (arXiv:1506.01186, section 3.3).

The net is trained for some hundred steps, while the rate grows from one that is too small to one
that is too large, by the same factor each step. At first the loss hardly moves, then it falls, and
in the end it rises or explodes. A good rate lies where it falls fast, well before it turns.

::

    found = find_lr(trainer)
    print(found.suggestion)
    trainer.run()               # the same bits as without the test
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import backend, checks
from ..errors import ConfigError
from ..nn.state import ModuleState
from .from_config import gradients_for

if TYPE_CHECKING:
    from .trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-5, 10.0, 100
SMOOTHING = 0.9  # how much of the mean loss so far stays in each step
EXPLODED = 4  # times the lowest mean loss: no larger rate will do
RULE = "a tenth of the rate at which the smoothed loss was lowest"


class RangeTest(NamedTuple):
    """What `find_lr` found."""

    rows: list[dict[str, Any]]  # of each step: step, lr, loss, smoothed_loss
    suggestion: float | None  # by `RULE`; None if the loss never fell


def find_lr(
    trainer: Trainer, lowest: float = LOWEST, highest: float = HIGHEST, steps: int = STEPS
) -> RangeTest:
    """Train some steps with growing rates, and put everything back.

    Afterwards weights, optimiser, random streams and the order of the images are as before. The
    test ends early when the loss explodes.

    Parameters
    ----------
    trainer : Trainer
        One that is not running, of a single process. Its callbacks are not called.
    lowest, highest : float
        The rates of the first and of the last step. The schedule of the run does not count.
    steps : int

    Raises
    ------
    ConfigError
        For a range or a number of steps that makes no sense, or several processes.
    """
    lowest, highest = (
        checks.number("find_lr", name, value, "a number above 0", lambda x: x > 0)
        for name, value in (("lowest", lowest), ("highest", highest))
    )
    steps = checks.integer("find_lr", "steps", steps, least=10)
    if lowest >= highest:
        expected, got = "lowest below highest", f"{lowest:g} and {highest:g}"
        raise ConfigError("find_lr", "lowest and highest", expected, got)
    if trainer.world.size > 1:
        raise ConfigError("find_lr", "processes", "one", str(trainer.world.size))
    model = ModuleState(trainer.model, parameters=True)
    loader, optimizer = trainer.train_loader.state_dict(), trainer.optimizer
    lr, velocities = optimizer.lr, [backend.copy(array) for array in optimizer.velocities]
    try:
        rows = _train(trainer, np.geomspace(lowest, highest, steps))
    finally:
        model.restore()
        for parameter in trainer.model.parameters():
            parameter.changed_in_place()
        optimizer.load_state_dict({"lr": lr, "velocities": velocities})
        trainer.train_loader.load_state_dict(loader)
    return RangeTest(rows, _suggestion(rows))


def _train(trainer, rates):
    """A step with each of the rates, until the loss explodes; a row for each."""
    rows: list[dict[str, Any]] = []
    batch = gradients_for(trainer.model, trainer.config, trainer.world)
    mean, lowest = 0.0, np.inf
    for step, lr in enumerate(rates):
        images, labels = next(trainer.train_loader)
        with np.errstate(over="ignore", invalid="ignore"):  # that is what is being looked for
            loss = batch.gradients(images, labels, False).loss
        if not np.isfinite(loss):
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smoothed = mean / (1 - SMOOTHING ** (step + 1))  # as in Adam: the mean began at 0
        rows.append({"step": step, "lr": float(lr), "loss": loss, "smoothed_loss": smoothed})
        lowest = min(lowest, smoothed)
        if smoothed > EXPLODED * lowest:
            break
        trainer.optimizer.lr = float(lr)
        with np.errstate(over="ignore", invalid="ignore"):
            trainer.move_weights()
    return rows


def _suggestion(rows):
    """The rate by `RULE`; None if the loss was lowest at the start."""
    if not rows:
        return None
    best = min(rows, key=lambda row: row["smoothed_loss"])
    fell = best["smoothed_loss"] < rows[0]["smoothed_loss"]
    return float(f"{best['lr'] / 10:.1g}") if fell else None
