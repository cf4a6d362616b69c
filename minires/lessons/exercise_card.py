"""Exercises: a card with the task, folded hints and solution, and a check that names mistakes."""

import textwrap
from inspect import signature
from typing import Any

from ..course.checks import expect_answers
from ..course.compare import WrongAnswer
from ..errors import ConfigError
from .exercises import find
from .exercises.kinds import LEVELS, Exercise
from .html_pieces import code, folded, framed, inline, paragraphs
from .surface import surface

WIDTH = 88  # of a message: Jupyter breaks longer lines in the middle of a word


def exercise(key: str) -> None:
    """Show the card of an exercise; the answer goes into the cell below.

    Parameters
    ----------
    key : str
        The notebook and a name, such as "04.dilation".

    Raises
    ------
    ConfigError
        If there is no such exercise.
    """
    one = find(key)
    if surface() in ("terminal", "none"):
        print(as_text(one))
        return
    from IPython.display import display

    display({"text/html": as_html(one), "text/plain": as_text(one)}, raw=True)


def check(key: str, *answers: Any) -> None:
    """Say whether an answer to an exercise is right, or what is wrong with it.

    It prints its result and raises no error about an answer, so that a notebook runs on past
    exercises that are not done.

    Parameters
    ----------
    key : str
        The key of the exercise, such as "04.dilation".
    *answers
        What you wrote: functions, classes, results.

    Raises
    ------
    ConfigError
        If there is no such exercise, it has no check, or an answer is missing.
    """
    one = find(key)
    if one.check is None:
        raise ConfigError(
            "check", f"{key} is a question to answer in words", todo="open its answer and compare"
        )
    expect_answers(key, list(signature(one.check).parameters), answers)
    if any(_is_empty(answer) for answer in answers):
        print(f"· {key}: not done yet")
        return
    try:
        one.check(*answers)
    except WrongAnswer as error:
        said = textwrap.fill(
            f"✗ {key}: {error}",
            WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        print("\n".join(filter(None, (said, error.picture))))
    else:
        print(f"✓ {key}")


def _not_written(): ...


def _is_empty(answer: Any) -> bool:
    """Whether an answer is still empty: None, ..., or a function without code."""
    written = getattr(getattr(answer, "__code__", None), "co_code", None)
    return answer is None or answer is ... or written == _not_written.__code__.co_code


def as_html(one: Exercise) -> str:
    """The card of an exercise as HTML. Each hint is inside the one before, so that they open one at
    a time.
    """
    hints = ""
    for i, hint in reversed(list(enumerate(one.hints, 1))):
        hints = folded(f"Hint {i} of {len(one.hints)}", paragraphs(hint) + hints)
    if one.level == 0:
        solution = folded("What a good answer says", paragraphs(one.solution))
    else:
        solution = folded("A solution (try first)", code(one.solution))
    return framed(f"<b>{_title(one)}</b>{paragraphs(one.text)}{hints}{solution}")


def as_text(one: Exercise) -> str:
    """The task of an exercise as plain text, for a terminal."""
    return f"{_title(one)}\n\n{one.text.strip()}"


def _title(one: Exercise) -> str:
    if one.level == 0:
        return f"Explain it to a friend · {inline(one.title)}"
    return f"{'★' * one.level}{'☆' * (3 - one.level)} {LEVELS[one.level]} · {inline(one.title)}"
