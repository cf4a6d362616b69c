"""Coursework: assignments that grade themselves.

The notebook of an assignment begins with ``begin("a2")``, which puts minires's own solution out of
reach. Its cells with ``check("a2.im2col", im2col)`` say what is wrong with an answer. The command
`minires course` builds, checks and grades.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import unknown_name
from . import choices, hold_back
from .compare import WrongAnswer
from .locked import lock

__all__ = ["WrongAnswer", "begin", "check", "personal"]

# True in the process of a submission: its checks run in another process, out of its reach.
_graded_elsewhere = False
_variants: dict[str, dict[str, str]] = {}  # of the student of this notebook: assignment -> options


def begin(assignment: str) -> None:
    """Begin an assignment: from here on, minires's own solution cannot be called.

    Parameters
    ----------
    assignment : {"a1", ..., "a6"}

    Raises
    ------
    ConfigError
        If there is no such assignment.
    """
    hold_back.start(assignment)


def personal(assignment: str, student: str) -> None:
    """Choose a student's variant of an assignment; `minires course build` writes this line.

    Parameters
    ----------
    assignment : {"a1", ..., "a6"}
    student : str
        The id that the variant was drawn from.

    Raises
    ------
    ConfigError
        If there is no such assignment.
    """
    if assignment not in choices.CHOICES:
        raise unknown_name("personal", "assignment", assignment, choices.CHOICES)
    _variants[assignment] = choices.variant(assignment, student)
    if not _graded_elsewhere:
        print(f"This notebook is for {student}. In it:")
        for line in choices.words(assignment, student):
            print(f"- {line}")


def check(
    task: str,
    *answers: Any,
    hidden: bool = False,
    seed: int | None = None,
    variant: Mapping[str, str] | None = None,
) -> None:
    """Check an answer: print that it is right, or say what is wrong with it.

    Parameters
    ----------
    task : str
        Its name, such as "a2.im2col".
    *answers
        What the student wrote: functions, classes, results.
    hidden : bool
        Use the hidden numbers instead of the visible ones.
    seed : int, optional
        The number that the hidden seeds are made from; graders pass it. See `checks.seeds`.
    variant : dict, optional
        Options of the student's variant; graders pass it. Default: what `personal` chose.

    Raises
    ------
    WrongAnswer
        If an answer is wrong.
    ConfigError
        If there is no such task.
    """
    if _graded_elsewhere:
        return
    import warnings

    if variant is None:
        variant = _variants.get(str(task).split(".")[0])

    from . import causes, checks, total

    # Warnings may come on the way to a right answer, and graders would take them for failures.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            checks.run(task, answers, hidden, seed, variant)
        except WrongAnswer as wrong:
            wrong.args = (f"{wrong}{causes.failed(answers)}",)
            if hidden:  # a report may be passed on while other students still work
                wrong.picture = ""
            total.failed(task)
            raise
        causes.passed(answers)
    if not hidden:
        print(f"✓ {task}   {total.passed(task)}")


lock(__name__, *__all__, "_graded_elsewhere")
