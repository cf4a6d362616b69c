"""How far training has come, for the person who waits."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from ..drawing.terminal import has_colours, painted
from ..names import printable
from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

BAR = "{desc} {percentage:3.0f} %{postfix} |{bar}|"  # on 80 columns there is room for all of it
WIDE = 100  # columns from which on there is room for the speed, too


def bar_of(name: str, **settings: Any) -> Any:
    """A bar on stderr for the net `name`, in its colour in the figures; disabled where stderr is no
    terminal.
    """
    from tqdm import tqdm

    colour = painted("{bar}", name) if has_colours(sys.stderr) else "{bar}"
    return tqdm(
        bar_format=BAR.replace("{bar}", colour), dynamic_ncols=True, disable=None, **settings
    )


class Progress(Callback):
    """Shows a progress bar on a terminal, and elsewhere prints a line for each epoch."""

    bar: Any = None  # until training begins

    def before_training(self, trainer: Trainer) -> None:
        self.bar = bar_of(
            trainer.name,
            total=trainer.config.iterations,
            initial=trainer.iteration,
            desc=printable(trainer.name) + ":",
        )

    def after_step(self, trainer: Trainer) -> None:
        if not self.bar.disable:
            sums = trainer.epoch_sums
            loss, error = sums["loss"] / sums["images"], 100 * sums["wrong"] / sums["images"]
            text = f"loss {loss:.3f}, error {error:.1f} %, {time_left(trainer)} left"
            if shutil.get_terminal_size().columns >= WIDE:
                text += f", {sums['images'] / sums['seconds']:.0f} images/s"
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update()

    def after_epoch(self, trainer: Trainer, row: dict[str, Any]) -> None:
        if self.bar.disable:
            line = epoch_line(trainer.name, trainer.config.iterations, row)
            stopping = trainer.early_stopping
            if stopping is not None:
                line += f", validation error {stopping.rows[-1]['val_error']:.1f} %"
                waited = len(stopping.rows) - 1 - stopping.best
                line += f" (no lower one for {waited} of {stopping.patience} epochs)" * (waited > 0)
            if not trainer.finished:
                line += f"; {time_left(trainer)} left" + " at most" * (stopping is not None)
            print(line, flush=True)

    def after_training(self, trainer: Trainer) -> None:
        if self.bar is not None:
            self.bar.close()


def time_left(trainer: Trainer) -> str:
    """How long the rest of the run takes, in words, if it goes on as it went so far."""
    assert trainer.config.iterations is not None  # resolved
    steps_left = trainer.config.iterations - trainer.iteration
    return duration(steps_left * trainer.seconds() / trainer.iteration)


def duration(seconds: float) -> str:
    """A time for people: "45 s", "3 min 20 s" or "2 h 05 min"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def epoch_line(name: str, iterations: int | None, row: dict[str, Any]) -> str:
    """What a row of a net's history says, in one line."""
    return (
        f"{printable(name)}: iteration {row['iteration']}/{iterations}, "
        f"loss {row['train_loss']:.3f}, training error {row['train_error']:.1f} %, "
        f"test error {row['test_error']:.1f} %, {row['seconds']:.0f} s"
    )
