"""What the tasks of the assignments ask for, and the mistakes that are often made in them.

Each folder holds the checks of one assignment. A check gets what a student wrote and a `Trial`,
calls it with numbers drawn for the occasion, and compares with a definition of its own, never with
the kernels of minires, which are out of reach by then.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from ...errors import ConfigError, unknown_name
from ...names import shown
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


def run(
    name: str,
    answers: Sequence[Any],
    hidden: bool,
    seed: int | None = None,
    variant: Mapping[str, str] | None = None,
) -> None:
    """Run the check of a task: with the seed on view, or with two others that `seed` leads to, and
    as the variant of a student asks for it.
    """
    known = tasks(str(name).split(".")[0])
    if name not in known:
        raise unknown_name("check", "task", name, known)
    for one in seeds(hidden, seed, name):
        _tasks[name](*answers, Trial(one, hidden, variant or {}))


def seeds(hidden: bool, seed: int | None = None, name: str = "") -> list[int]:
    """The seeds of a check's numbers: the one on view, or the two hidden ones.

    Some checks hand theirs to the submission's code, as when it draws initial weights. So every
    task has its own, and none of them leads back to `seed` or to those of other tasks.

    Parameters
    ----------
    hidden : bool
    seed : int, optional
        What the hidden ones are made from. `minires course grade` draws it, and hands it on from
        function to function: the process of a submission never holds it. Without it, as under
        nbgrader, it is that of the environment variable MINIRES_COURSE_SEED, else 1.
    name : str
        Of the task.

    Returns
    -------
    list of int
        Below 2**32, as `numpy.random.seed` wants it; the first is odd and the second even, by which
        some checks choose between two cases.

    Raises
    ------
    ConfigError
        If MINIRES_COURSE_SEED is not a whole number from 0 on.
    """
    if not hidden:
        return [0]
    if seed is None:
        seed = fixed_seed()
    digest = hashlib.sha256(f"{1 if seed is None else seed}/{name}".encode()).digest()
    first, second = (int.from_bytes(part, "big") >> 1 for part in (digest[:4], digest[4:8]))
    return [2 * first + 1, 2 * second]


def fixed_seed() -> int | None:
    """The hidden seed that the environment variable MINIRES_COURSE_SEED gives, if it is set.

    Raises
    ------
    ConfigError
        If it is not a whole number from 0 on.
    """
    text = os.environ.get("MINIRES_COURSE_SEED")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 30):
        raise ConfigError(
            "MINIRES_COURSE_SEED", "not a seed", "a whole number from 0 on", shown(text)
        )
    return int(text)


lock(__name__, "fixed_seed", "run", "seeds", "task", "tasks")
