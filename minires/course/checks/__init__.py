"""What the tasks of the assignments ask for, and the mistakes that are often made in them.

Each module holds the checks of one assignment. A check gets what a student wrote and a `Trial`,
calls it with numbers drawn for the occasion, and compares with a definition of its own, never with
the kernels of minires, which are out of reach by then.
"""

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from ...errors import ConfigError, unknown_name
from ..compare import Trial
from ..locked import lock
from ..notebooks import KEYS

Check: TypeAlias = Callable[..., None]  # of the answers and a Trial

_tasks: dict[str, Check] = {}


def task(name: str) -> Callable[[Check], Check]:
    """Decorator: this function checks the task `name`."""

    def register(function: Check) -> Check:
        _tasks[name] = function
        return function

    return register


def tasks(assignment: str) -> list[str]:
    """The names of an assignment's tasks, in order."""
    if assignment not in KEYS:
        raise unknown_name("check", "assignment", assignment, KEYS)
    import_module(f"{__name__}.{assignment}")
    return [name for name in _tasks if name.startswith(f"{assignment}.")]


def run(name: str, answers: Sequence[Any], hidden: bool) -> None:
    """Run the check of a task: with the seed on view, or with two others.

    The hidden seeds depend on the environment variable MINIRES_COURSE_SEED, so that every course
    can have its own.
    """
    known = tasks(str(name).split(".")[0])
    if name not in known:
        raise unknown_name("check", "task", name, known)
    for seed in seeds(hidden):
        _tasks[name](*answers, Trial(seed, hidden))


def seeds(hidden: bool) -> list[int]:
    """Those of the numbers on view, or those that MINIRES_COURSE_SEED leads to.

    Raises
    ------
    ConfigError
        If that is not a whole number from 0 on.
    """
    if not hidden:
        return [0]
    text = os.environ.get("MINIRES_COURSE_SEED", "1")
    if not text.isdecimal():
        raise ConfigError("MINIRES_COURSE_SEED", "not a seed", "a whole number from 0 on", text)
    return [1000 * int(text) + 1, 1000 * int(text) + 2]


lock(__name__, "run", "seeds", "task", "tasks")
