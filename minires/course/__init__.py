"""Coursework: assignments that grade themselves.

A notebook of an assignment begins with ``begin("a2")``, which keeps minires's own solution out of
reach, and has cells with ``check("a2.im2col", im2col)``, which say what is wrong with an answer.
`minires course` builds, checks and grades.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import unknown_name
from . import choices, hold_back
from .compare import WrongAnswer
from .locked import lock

__all__ = ["WrongAnswer", "begin", "check", "personal"]

_graded_elsewhere = (
    False  # set in the process of a submission: the checks run in another, out of its reach
)
_variants: dict[str, dict[str, str]] = {}  # of this notebook: assignment -> its options


def begin(assignment: str) -> None:
    """The first line of an assignment: from here on, what it asks for is not in minires.

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
    """Say whose variant of an assignment this notebook is; `minires course build` writes this line.

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
    """Check an answer; say what is wrong with it, or that it is right.

    Parameters
    ----------
    task : str
        Its name, such as "a2.im2col".
    *answers
        What the student wrote: functions, classes, results.
    hidden : bool
        With numbers that were not on view.
    seed : int, optional
        What those are drawn from; graders give it.
    variant : dict, optional
        What the student's variant asks for; graders give it. By default that of `personal`.

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

    with (
        warnings.catch_warnings()
    ):  # on the way to a right answer; graders take a warning for a failure
        warnings.simplefilter("ignore")
        try:
            checks.run(task, answers, hidden, seed, variant)
        except WrongAnswer as wrong:
            wrong.args = (f"{wrong}{causes.failed(answers)}",)
            if hidden:  # a report may be shown around while others still work
                wrong.picture = ""
            total.failed(task)
            raise
        causes.passed(answers)
    if not hidden:
        print(f"✓ {task}   {total.passed(task)}")


lock(__name__, *__all__, "_graded_elsewhere")
