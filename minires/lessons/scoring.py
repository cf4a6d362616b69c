"""The score of a notebook: all its questions, and how many were guessed right."""

from typing import TYPE_CHECKING, Any

from .html_pieces import folded, framed, inline
from .surface import display_with_handle, surface

if TYPE_CHECKING:
    from .prediction import Prediction

#: By question and cell: the latest time it was asked in this process.
_asked: dict[tuple[str, str], "Prediction"] = {}
_displayed: list[Any] = []  # where the score is shown: it changes with every guess


def count(made: "Prediction", cell: str) -> None:
    """Count a question that a cell, given by its source, asks. Asked again, it counts once."""
    _asked[made.question, cell] = made


def score() -> None:
    """Show how many predictions were right so far, and the answer to each question.

    In a live notebook the count is updated with every guess.
    """
    if surface() in ("terminal", "none"):
        print(_counted() or "no guesses yet")
        for one in _asked.values():
            print(f"- {one.question} {one.answer_as_text() if one.answer is not None else 'open'}")
        return
    _displayed.append(display_with_handle(bundle()))


def update() -> None:
    """Update the score wherever it is displayed."""
    for handle in _displayed:
        handle.update(bundle(), raw=True)


def bundle() -> dict[str, str]:
    """The score as HTML and as text, by MIME type."""
    counted = _counted()
    lines = "".join(  # the first guess must not give the answers of the others away
        f"<li>{_in_short(one) if one.guess is not None or not counted else _still_open(one)}</li>"
        for one in _asked.values()
    )
    listed = f"<ol>{lines}</ol>"
    if counted:
        content = f"<b>{counted}.</b>{listed}"
    else:
        content = folded("All questions of this notebook, with their answers", listed)
    return {"text/html": framed(content), "text/plain": counted}


def _counted() -> str:
    """How many guesses are right, in words; "" if there are none."""
    guessed = [one for one in _asked.values() if one.is_right is not None]
    right = sum(bool(one.is_right) for one in guessed)
    return f"{right} of {len(guessed)} guesses right" if guessed else ""


def _in_short(one: "Prediction") -> str:
    mark = {True: "✓ ", False: "✗ ", None: ""}[one.is_right]
    if one.answer is None:
        return _still_open(one)
    missed = one.guess if one.is_right is False else None
    guess = f" (you: {inline(one.shown(missed))})" if missed is not None else ""
    return f"{mark}{inline(one.question)} <b>{inline(one.shown(one.answer))}</b>{guess}"


def _still_open(one: "Prediction") -> str:
    return f"{inline(one.question)} <i>still open</i>"
