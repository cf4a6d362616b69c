"""What is left to do of a run's tasks, wherever they are done."""

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import MiniresError, ProcessError
from .board import QuietBoard
from .task import Task

TRIES = 2  # of a task whose process is killed


class Agenda:
    """Which tasks wait, which have ended, and what went wrong.

    Parameters
    ----------
    tasks : list of Task
    board : QuietBoard
        Hears of ends and errors.
    on_end : callable
        ``on_end(task, result)``.
    """

    def __init__(
        self, tasks: Sequence[Task], board: QuietBoard, on_end: Callable[[Task, Any], object]
    ) -> None:
        self.waiting = sorted(tasks, key=lambda task: -task.cost)  # stable: equal ones in order
        self.ended: set[str] = set()
        self.tries: dict[str, int] = {}
        self.errors: list[Exception] = []
        self.board, self.on_end = board, on_end

    def take(self, name: str | None = None) -> Task | None:
        """The longest of the tasks that need not wait for another, to be done now; or, if it has
        begun already, the one of that name.
        """
        for task in self.waiting:
            if task.name == name or name is None and self.ended.issuperset(task.after):
                self.waiting.remove(task)
                self.tries[task.name] = self.tries.get(task.name, 0) + 1
                return task
        return None

    def end(self, task: Task, result: Any) -> None:
        """A task is done."""
        self.ended.add(task.name)
        self.board.end(task)
        self.on_end(task, result)

    def again(self, task: Task) -> None:
        """A task has been stopped, to go on later: that is no try that failed."""
        self.tries[task.name] -= 1
        self.waiting.insert(0, task)

    def lost(self, task: Task, note: str, error: MiniresError) -> None:
        """What did a task is gone without a word: once more, with a note, or it is an error."""
        if self.tries[task.name] < TRIES:
            self.board.say(f"note: {note}; it goes on from its last checkpoint")
            self.waiting.insert(0, task)
        else:
            self.fail(task, error)

    def fail(self, task: Task, error: Exception) -> None:
        """Remember an error; what needs this task is not tried."""
        if self.errors:
            self.board.say(f"error: {error}")
        self.errors.append(error)
        self.board.end(task)
        lost = {task.name}
        while more := {one.name for one in self.waiting if lost.intersection(one.after)} - lost:
            lost |= more
        self.waiting = [one for one in self.waiting if one.name not in lost]

    def stop(self) -> None:
        """Give out nothing more, and tell nobody of what ends."""
        self.waiting, self.on_end = [], lambda task, result: None

    def check(self) -> None:
        """Raise the first error, when all that could be done is done; or an error if something was
        left out.
        """
        if self.errors:
            raise self.errors[0]
        if self.waiting:
            names = ", ".join(task.name for task in self.waiting)
            raise ProcessError(names, "never begun", todo="--resume goes on; please report this")
