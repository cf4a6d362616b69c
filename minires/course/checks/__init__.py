"""The checks of all tasks, and the usual mistakes that they recognise.

Each folder holds the checks of one assignment. A check gets a student's answers and a `Trial`. It
calls the answers with random numbers and compares the results with definitions of its own, never
with the kernels of minires, which are held back during an assignment.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import signature
from typing import Any, TypeAlias

from ...errors import ConfigError, unknown_name
from ...names import shown
from ..locked import lock
from ..notebooks import KEYS
from ..trial import Trial

Check: TypeAlias = Callable[..., None]  # of the answers and a Trial

_tasks: dict[str, Check] = {}


def task(name: str) -> Callable[[Check], Check]:
    """Decorator that registers a function as the check of the task `name`."""

    def register(function: Check) -> Check:
        _tasks[name] = function
        return function

    return register


def tasks(assignment: str) -> list[str]:
    """The names of an assignment's tasks, in order.

    Raises
    ------
    ConfigError
        If there is no such assignment.
    """
    if assignment not in KEYS:
        raise unknown_name("check", "assignment", assignment, KEYS)
    import_module(f"{__name__}.{assignment}")
    return [name for name in _tasks if name.startswith(f"{assignment}.")]


def run(
    name: str,
    answers: Sequence[Any],
    hidden: bool,
    seed: int | None = None,
    variant: Mapping[str, str] | None = None,
) -> None:
    """Run the check of a task, once for each seed of `seeds`."""
    known = tasks(str(name).split(".")[0])
    if name not in known:
        raise unknown_name("check", "task", name, known)
    *expected, _ = signature(_tasks[name]).parameters  # the last is the trial
    expect_answers(name, expected, answers)
    for one in seeds(hidden, seed, name):
        _tasks[name](*answers, Trial(one, hidden, variant or {}))


def expect_answers(name: str, expected: Sequence[str], answers: Sequence[Any]) -> None:
    """See that a check gets as many answers as it needs, whose names `expected` suggests.

    Raises
    ------
    ConfigError
        If there are more or fewer.
    """
    if len(answers) != len(expected):
        call = ", ".join([f'"{name}"', *expected])
        raise ConfigError(
            "check",
            f"answers to {name}",
            f"{len(expected)} after the name",
            str(len(answers)),
            f"write check({call})",
        )


def seeds(hidden: bool, seed: int | None = None, name: str = "") -> list[int]:
    """The seeds of a check's random numbers: the visible one, or the two hidden ones.

    Some checks pass their seed to the submission's code, for example when it draws initial weights.
    So every task has seeds of its own, from which nobody can work out `seed` or the seeds of other
    tasks.

    Parameters
    ----------
    hidden : bool
    seed : int, optional
        The number that the hidden seeds are made from. `minires course grade` draws it and passes
        it from function to function; the process of a submission never holds it. Default, as under
        nbgrader: the environment variable MINIRES_COURSE_SEED, else 1.
    name : str
        Name of the task.

    Returns
    -------
    list of int
        Below 2**32, as `numpy.random.seed` requires. The first hidden seed is odd and the second
        even, so that a check which chooses by parity covers both of its cases.

    Raises
    ------
    ConfigError
        If MINIRES_COURSE_SEED is not a whole number of at least 0.
    """
    if not hidden:
        return [0]
    if seed is None:
        seed = fixed_seed()
    digest = hashlib.sha256(f"{1 if seed is None else seed}/{name}".encode()).digest()
    first, second = (int.from_bytes(part, "big") >> 1 for part in (digest[:4], digest[4:8]))
    return [2 * first + 1, 2 * second]


def fixed_seed() -> int | None:
    """The seed in the environment variable MINIRES_COURSE_SEED, or None if it is not set.

    Raises
    ------
    ConfigError
        If the variable is not a whole number of at least 0.
    """
    text = os.environ.get("MINIRES_COURSE_SEED")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 30):
        raise ConfigError(
            "MINIRES_COURSE_SEED", "not a seed", "a whole number of at least 0", shown(text)
        )
    return int(text)


lock(__name__, "fixed_seed", "run", "seeds", "task", "tasks")
