"""Report the progress of a training to the process that waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...training.callbacks import Callback

if TYPE_CHECKING:
    from ...training.trainer import Trainer


class Reporter(Callback):
    """Sends messages while a net trains: the current step, and the row of each epoch.

    Parameters
    ----------
    send : callable
        ``send(kind, *message)`` with ``"step", iteration, iterations, text`` or
        ``"epoch", iterations, row``, which are the arguments of `Board.hear`.
    seconds : float
        Least time between two messages about steps.
    """

    def __init__(self, send: Callable[..., object], seconds: float) -> None:
        self.send, self.seconds, self.last = send, seconds, 0.0

    def before_training(self, trainer: Trainer) -> None:
        self.send("step", trainer.iteration, trainer.config.iterations, "")

    def after_step(self, trainer: Trainer) -> None:
        now = time.monotonic()
        if now - self.last >= self.seconds:
            self.last, sums = now, trainer.epoch_sums
            loss, error = sums["loss"] / sums["images"], 100 * sums["wrong"] / sums["images"]
            text = f"loss {loss:.3f}, error {error:.1f} %"
            self.send("step", trainer.iteration, trainer.config.iterations, text)

    def after_epoch(self, trainer: Trainer, row: dict[str, Any]) -> None:
        self.send("epoch", trainer.config.iterations, row)
