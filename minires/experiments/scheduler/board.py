"""The lines on the screen while many nets train: one for each net, and one for all together."""

import sys
import time
from collections.abc import Sequence
from typing import Any, Self

from ...names import printable
from ...training.progress import bar_of, duration, epoch_line
from .task import Task


class QuietBoard:
    """Prints notes and warnings, and nothing about progress."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = {task.name: task for task in tasks}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def say(self, line: str) -> None:
        """Print a note, or a line that a worker has printed."""
        print(printable(line), file=sys.stderr, flush=True)

    def hear(self, task: Task, kind: str, *message: Any) -> None:
        """Take note of a message about a training: kind "step" or "epoch", as in `Reporter`."""

    def end(self, task: Task) -> None:
        """Take note that a task is done."""

    def show(self) -> None:
        """Update the screen."""


class Board(QuietBoard):
    """Shows progress: on a terminal with a bar for each net in training, elsewhere with a line for
    each epoch. Both show how much time all nets together still need.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__(tasks)
        self.part_done = dict.fromkeys(self.tasks, 0.0)
        self.at_start: dict[str, float] = {}  # parts that an earlier run had done already
        self.started = time.monotonic()
        self.width = 1 + max([len(printable(task.name)) for task in tasks], default=3)
        self.all = bar_of("all", total=1.0, desc="all:".ljust(self.width))
        self.bars: dict[str, Any] = {}

    def __exit__(self, *error: object) -> None:
        for bar in (*self.bars.values(), self.all):
            bar.close()

    @property
    def on_terminal(self) -> bool:
        return not self.all.disable

    def say(self, line: str) -> None:
        if self.on_terminal:
            self.all.write(printable(line), file=sys.stderr)
        else:
            super().say(line)

    def hear(self, task: Task, kind: str, *message: Any) -> None:
        if kind == "step":
            iteration, iterations, text = message
        else:
            iterations, row = message
            iteration, text = row["iteration"], ""
        part = iteration / iterations
        self.at_start.setdefault(task.name, part)
        self.part_done[task.name] = part
        if self.on_terminal:
            bar = self._bar(task)
            bar.n = part
            if text:
                bar.set_postfix_str(text, refresh=False)
        elif kind == "epoch":
            print(f"{epoch_line(task.name, iterations, row)}; all: {self.left()}", flush=True)

    def end(self, task: Task) -> None:
        self.at_start.setdefault(task.name, 1.0)  # nothing was left to do
        self.part_done[task.name] = 1.0
        if task.name in self.bars:
            self.bars.pop(task.name).close()

    def show(self) -> None:
        if self.on_terminal:
            for bar in self.bars.values():
                bar.refresh()
            self.all.n = self.done() / self.work()
            self.all.set_postfix_str(self.left(), refresh=True)

    def work(self) -> float:
        """The cost of all tasks."""
        return sum(task.cost for task in self.tasks.values())

    def done(self) -> float:
        """The cost of the work that is done."""
        return sum(task.cost * self.part_done[name] for name, task in self.tasks.items())

    def left(self) -> str:
        """The time left, in words, at the average speed so far."""
        before = sum(self.tasks[name].cost * part for name, part in self.at_start.items())
        done, seconds = self.done() - before, time.monotonic() - self.started
        if done <= 0:
            return "time left not known yet"
        left = (self.work() - self.done()) * seconds / done
        return f"{duration(left)} left"

    def _bar(self, task):
        if task.name not in self.bars:
            name = f"{printable(task.name)}:".ljust(self.width)
            self.bars[task.name] = bar_of(task.name, total=1.0, desc=name, leave=False)
        return self.bars[task.name]
