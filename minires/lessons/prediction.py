"""A prediction before a result: the question, the guess, and the answer.

A guess, even a wrong one, makes the answer stick (Richland, Kornell and Kao 2009, "The pretesting
effect"). So the output of the next cell is held back until there is a guess.
"""

import math
import re
from collections.abc import Sequence
from numbers import Real
from typing import Any

from .. import checks
from ..errors import ConfigError
from . import holding, scoring
from .html_pieces import folded, framed, inline
from .surface import display_with_handle, surface


class Prediction:
    """A question, its guess and its answer. `predict` makes one.

    Attributes
    ----------
    guess : str, float or None
    answer : str, float or None
        None until `reveal` is called.
    """

    def __init__(
        self, question: str, choices: Sequence[str] | None, unit: str, within: float
    ) -> None:
        self.question, self.choices, self.unit, self.within = question, choices, unit, within
        self.guess: str | float | None = None
        self.answer: str | float | None = None
        self.why = ""
        self._handle: Any = None  # the displayed question, so that it can be updated

    def reveal(self, answer: str | float, why: str = "") -> None:
        """Give the answer, in the cell that works it out.

        Parameters
        ----------
        answer : str or float
            One of the choices, or a number.
        why : str
            A sentence or two, shown after the answer; may hold `code`, **bold** and *slanted*
            parts.

        Raises
        ------
        ConfigError
            If the answer is none of the choices, or not a finite number.
        """
        self.answer, self.why = _answer("reveal", answer, self.choices), why
        if holding.is_running():
            return  # a held cell's output is shown later, and this answer with it
        if self._handle is None:
            print(self.answer_as_text())
        elif self.guess is not None:
            _display(self.verdict())
        self.update()

    @property
    def is_right(self) -> bool | None:
        """Whether the guess is right; None while there is no guess or no answer."""
        if self.guess is None or self.answer is None:
            return None
        if isinstance(self.answer, str) or isinstance(self.guess, str):
            return self.guess == self.answer
        return abs(self.guess - self.answer) <= self.within

    def make_guess(self, guess: str | float) -> None:
        """Keep a guess, and show the output that was held back for it.

        Raises
        ------
        ConfigError
            If it is none of the choices, or not a finite number.
        """
        if isinstance(guess, str) and self.choices is None:  # "36 %"
            guess = _with_a_point(guess.strip().removesuffix(self.unit).rstrip("% "))
        self.guess = _answer("the guess", guess, self.choices)
        self.update()
        holding.release()
        scoring.update()

    def update(self) -> None:
        """Update the question where it is displayed."""
        if self._handle is not None and (self.guess is not None or self.answer is not None):
            self._handle.update({"text/html": self.html(), "text/plain": self.text()}, raw=True)

    # As HTML, for a notebook and its pages

    def html(self) -> str:
        """The question as HTML: with the guess, or with all choices, whose verdicts are folded."""
        title = f"<b>Predict.</b> {inline(self.question)}"
        if self.guess is not None:
            said = f"<br>Your guess: <b>{inline(self.shown(self.guess))}</b>"
            return framed(title + said + self.verdict())
        if self.answer is None:
            listed = "".join(f"<li>{inline(choice)}</li>" for choice in self.choices or ())
            return framed(title + (f"<ul>{listed}</ul>" if listed else ""))
        if self.choices is None:
            answer = folded("Write your number down, then open the answer", self._answer_as_html())
            return framed(title + answer)
        parts = [
            folded(
                inline(choice),
                self._answer_as_html("✓ Yes. " if choice == self.answer else "✗ No. "),
            )
            for choice in self.choices
        ]
        return framed(f"{title}<br><small>Open the one you believe in.</small>{''.join(parts)}")

    def verdict(self) -> str:
        """The verdict on the guess and the answer, as HTML; "" while there is no guess or no
        answer.
        """
        if self.is_right is None:
            return ""
        return self._answer_as_html("✓ Right. " if self.is_right else "✗ Not this time. ")

    def _answer_as_html(self, first: str = "") -> str:
        assert self.answer is not None
        near = f" (± {self.within:g} counts as right)" if self.within else ""
        return f"<p>{first}<b>{inline(self.shown(self.answer))}</b>{near}. {inline(self.why)}</p>"

    # As text, for a terminal

    def text(self) -> str:
        """The question as plain text, with the choices, the guess and the answer as far as they are
        known.
        """
        lines = [f"Predict: {self.question}"]
        lines += [f"  {i}. {choice}" for i, choice in enumerate(self.choices or (), 1)]
        if self.guess is not None:
            lines.append(f"  your guess: {self.shown(self.guess)}")
        if self.is_right is not None:
            lines.append(self.answer_as_text())
        return "\n".join(lines)

    def answer_as_text(self) -> str:
        """The answer on one line of plain text."""
        assert self.answer is not None
        first = {True: "Right: ", False: "Not this time: ", None: "The answer: "}[self.is_right]
        return f"{first}{self.shown(self.answer)}. {self.why}".rstrip()

    def shown(self, value: str | float) -> str:
        """A guess or an answer as readers see it: a number with its unit."""
        if isinstance(value, str):
            return value
        whole = f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
        return f"{whole} {self.unit}".rstrip()

    def _ipython_display_(self) -> None:
        """Show nothing as the last line of a cell: the question is already there."""


def predict(
    question: str,
    choices: Sequence[str] | None = None,
    *,
    unit: str = "",
    within: float = 0.0,
    cells: int = 1,
) -> Prediction:
    """Ask for a guess before the next cell shows its result.

    A live notebook shows buttons, or a field for a number, and holds back the output of the next
    cell (or of the next `cells`) until there is a guess. On a page that nobody runs, choices and
    result open with a click. In a terminal, the guess is read with ``input``.

    Parameters
    ----------
    question : str
        May hold `code`, **bold** and *slanted* parts.
    choices : list of str, optional
        Two or more choices; without them the guess is a number.
    unit : str
        The unit of the number, such as "%".
    within : float
        How far a number may be off and still count as right.
    cells : int
        How many cells wait for the guess: 2 if the one after the next shows the answer too. They
        wait for the other questions of this cell as well.

    Returns
    -------
    Prediction
        Call its ``reveal(answer, why)`` in the next cell.

    Raises
    ------
    ConfigError
        If a choice is missing or comes twice, `within` is negative, or `cells` is not a whole
        number of at least 1.

    Examples
    --------
    >>> rows = predict("How many rows does the matrix have?")   # doctest: +SKIP
    >>> rows.reveal(len(matrix), "One for each output.")  # doctest: +SKIP
    """
    checks.integer("predict", "cells", cells, 1)
    made = Prediction(question, _choices(choices), unit, _tolerance(within))
    scoring.count(made, holding.source_of_this_cell())
    where = surface()
    if where in ("widgets", "page"):
        bundle = {"text/html": made.html(), "text/plain": made.text()}
        if where == "widgets":
            from .question_widgets import bundle_of

            # Without HTML: some front ends would show it instead of the widgets.
            bundle = {**bundle_of(made), "text/plain": made.text()}
        made._handle = display_with_handle(bundle)
        holding.wait_for(made, needs_guess=where == "widgets", cells=cells)
    elif where == "terminal":
        print(made.text())
        _ask_in_terminal(made)
    else:
        print(made.text())
    return made


def _ask_in_terminal(made: Prediction) -> None:
    """Read a guess with ``input``, until one makes sense or there is no more input."""
    prompt = f"1 to {len(made.choices)}: " if made.choices else f"your number, {made.unit}: "
    while made.guess is None:
        try:
            typed = input(prompt.replace(", :", ":")).strip()
        except EOFError:
            return
        try:
            if made.choices and typed.isdecimal() and 1 <= int(typed) <= len(made.choices):
                made.make_guess(made.choices[int(typed) - 1])
            else:
                made.make_guess(typed)
        except ConfigError:
            print(f"expected {'the number of a choice' if made.choices else 'a number'}")


def _choices(choices: Sequence[str] | None) -> list[str] | None:
    if choices is None:
        return None
    if isinstance(choices, str) or not all(isinstance(one, str) for one in choices):
        raise ConfigError("predict", "choices", "a list of texts, or none for a number", "others")
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise ConfigError(
            "predict", "choices", "two or more different ones", ", ".join(choices) or "none"
        )
    return list(choices)


def _tolerance(within: float) -> float:
    if isinstance(within, bool) or not isinstance(within, Real) or not 0 <= within < math.inf:
        raise ConfigError("predict", "within", "a number of at least 0", str(within))
    return float(within)


def _answer(where: str, value: Any, choices: Sequence[str] | None) -> str | float:
    if choices is not None:
        if value not in choices:
            raise ConfigError(where, "not a choice", f"one of {', '.join(choices)}", str(value))
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(where, "not a number", "a finite number", str(value))
    return number


def _with_a_point(typed: str) -> str:
    """A number as Python writes it: 1,036 is a thousand and more, 0,5 is a half."""
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?", typed):
        return typed.replace(",", "")
    return typed.replace(",", ".")


def _display(html: str) -> None:
    from IPython.display import HTML, display

    display(HTML(html))
