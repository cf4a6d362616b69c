"""What else happens while a net trains: records, pictures, checkpoints. A `Trainer` calls them.

class Watch(Callback):
    def after_step(self, trainer):
        print(trainer.iteration, trainer.model.fc.weight.data.std())

Trainer(net, train_set, test_set, config, callbacks=[Watch()]).run()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """The base of callbacks, which does nothing: derive from it and write the methods you need.

    An object of any other class will do as well if it has one of these methods: `plot.LiveCurves`,
    for example. Callbacks are called in the order of the list.
    """

    def before_training(self, trainer: Trainer) -> None:
        """Before the first step of ``trainer.run()``, or the first after it was resumed."""

    def after_backward(self, trainer: Trainer) -> None:
        """In every iteration, when gradients are there and weights have not moved yet."""

    def after_step(self, trainer: Trainer) -> None:
        """In every iteration: weights have moved; ``trainer.iteration`` counts this step."""

    def after_epoch(self, trainer: Trainer, row: dict[str, Any]) -> None:
        """With each new `row` of ``trainer.history``, a dict."""

    def on_interrupt(self, trainer: Trainer) -> None:
        """When Ctrl-C stops the run, between two steps."""

    def after_training(self, trainer: Trainer) -> None:
        """At the end of ``trainer.run()``, however it ends."""


EVENTS = [name for name in vars(Callback) if not name.startswith("_")]


def check_callbacks(callbacks: Sequence[Any]) -> list[Any]:
    """The callbacks as a list. Raises ConfigError for anything that a Trainer would never call."""
    if not isinstance(callbacks, (list, tuple)):
        raise ConfigError("Trainer", "callbacks", "a list of callbacks", type(callbacks).__name__)
    for callback in callbacks:
        if isinstance(callback, type):
            raise ConfigError(
                "Trainer",
                "callbacks",
                "objects",
                f"the class {callback.__name__}",
                f"make one: {callback.__name__}()",
            )
        if not any(callable(getattr(callback, event, None)) for event in EVENTS):
            expected = f"objects with a method {', '.join(EVENTS[:-1])} or {EVENTS[-1]}"
            raise ConfigError(
                "Trainer", "callbacks", expected, f"a {type(callback).__name__} with none of them"
            )
    return list(callbacks)
