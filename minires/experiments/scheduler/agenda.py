"""The agenda of a run: which of its tasks wait, which have ended, and which have failed."""

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import MiniresError, ProcessError
from .board import QuietBoard
from .task import Task

TRIES = 2  # how often a task is tried whose process is killed


class Agenda:
    """Keeps track of the tasks of a run: in this process, on workers and on a cluster.

    Parameters
    ----------
    tasks : list of Task
        In the order in which they are taken, as far as they need not wait for others.
    board : QuietBoard
        Shows which tasks have ended, and errors.
    on_end : callable
        ``on_end(task, result)`` is called for each task that is done.
    """

    def __init__(
        self, tasks: Sequence[Task], board: QuietBoard, on_end: Callable[[Task, Any], object]
    ) -> None:
        self.waiting = list(tasks)
        self.ended: set[str] = set()
        self.tries: dict[str, int] = {}
        self.errors: list[Exception] = []
        self.board, self.on_end = board, on_end

    def take(self, name: str | None = None) -> Task | None:
        """Take a task off the agenda, to be done now: the first one that waits for no other task,
        or the task with this name, whose job has begun already. None if there is no such task.
        """
        for task in self.waiting:
            if task.name == name or name is None and self.ended.issuperset(task.after):
                self.waiting.remove(task)
                self.tries[task.name] = self.tries.get(task.name, 0) + 1
                return task
        return None

    def end(self, task: Task, result: Any) -> None:
        """Record that a task is done."""
        self.ended.add(task.name)
        self.board.end(task)
        self.on_end(task, result)

    def again(self, task: Task) -> None:
        """Put back a task that was stopped in order to go on later. This does not count as a
        failed try.
        """
        self.tries[task.name] -= 1
        self.waiting.insert(0, task)

    def lost(self, task: Task, note: str, error: MiniresError) -> None:
        """Deal with a task whose process or job has disappeared: try it again and print `note`, or
        after the last try record `error`.
        """
        if self.tries[task.name] < TRIES:
            self.board.say(f"note: {note}; it goes on from its last checkpoint")
            self.waiting.insert(0, task)
        else:
            self.fail(task, error)

    def fail(self, task: Task, error: Exception) -> None:
        """Record an error, and drop all tasks that need this one, directly or through others."""
        failed = {task.name}
        while more := {one.name for one in self.waiting if failed.intersection(one.after)} - failed:
            failed |= more
        self.waiting = [one for one in self.waiting if one.name not in failed]
        if self.errors or self.waiting:  # `check` raises the first error only, and at the end
            self.board.say(f"error: {error}")
        self.errors.append(error)
        self.board.end(task)

    def stop(self) -> None:
        """Hand out no more tasks, and stop calling `on_end`."""
        self.waiting, self.on_end = [], lambda task, result: None

    def check(self) -> None:
        """Raise the first recorded error, or ProcessError if tasks were never begun. Called when
        there is nothing left to hand out.
        """
        if self.errors:
            raise self.errors[0]
        if self.waiting:
            names = ", ".join(task.name for task in self.waiting)
            raise ProcessError(names, "never begun", todo="--resume goes on; please report this")
