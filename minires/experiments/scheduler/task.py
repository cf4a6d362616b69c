"""A task: the unit of work that is handed out to processes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...training.callbacks import Callback

#: Data that all tasks of a run read, such as data sets.
Data: TypeAlias = Any


@dataclass(frozen=True)
class Task:
    """A piece of work that a process can do on its own.

    Parameters
    ----------
    name : str
        The task's name on the screen. No two tasks of a run may have the same name.
    work : callable
        ``work(data, callbacks)`` does the task. It gives the callbacks to its `Trainer`, where they
        report progress. It is pickled for another process, and so is its result. If that process
        is killed, it is called again, and must go on from what it has saved.
    cost : float
        How long the task takes compared to other tasks, for example in multiply-adds.
    memory : int
        Bytes that a process needs for the task.
    after : tuple of str
        Names of the tasks that must have ended before this one begins.
    """

    name: str
    work: Callable[[Data, list[Callback]], Any]
    cost: float = 1.0
    memory: int = 0
    after: tuple[str, ...] = ()
