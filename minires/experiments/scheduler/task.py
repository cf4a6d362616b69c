"""What is handed out to processes: a task."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...training.callbacks import Callback

#: What all tasks of a run read: data sets, for example.
Data: TypeAlias = Any


@dataclass(frozen=True)
class Task:
    """A piece of work that a process of its own can do.

    Parameters
    ----------
    name : str
        What it is called on the screen. No two tasks of a run may have the same name.
    work : callable
        ``work(data, callbacks)``, with callbacks for its `Trainer`, which show how far it has come.
        It is sent to another process, and what it returns is sent back. If its process is killed,
        it is called again, and goes on from what it has saved.
    cost : float
        How long it takes, compared to the others: multiply-adds, for example.
    memory : int
        Bytes that a process needs for it.
    after : tuple of str
        Names of tasks that must have ended before this one begins.
    """

    name: str
    work: Callable[[Data, list[Callback]], Any]
    cost: float = 1.0
    memory: int = 0
    after: tuple[str, ...] = ()
