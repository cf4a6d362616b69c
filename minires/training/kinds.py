"""What a setting may be: kinds of values, with the words that an error uses for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import checks
from ..errors import ConfigError, nearest
from ..names import shown


@dataclass(frozen=True)
class Kind:
    """A kind of values.

    Parameters
    ----------
    words : str
        What is expected: "a whole number of at least 1".
    accepts : callable
        Value -> whether it is of this kind. Numbers of NumPy count as numbers.
    known : tuple of str
        The words that can be chosen, if there are only a few: an error suggests the nearest.
    """

    words: str
    accepts: Callable[[Any], bool]
    known: tuple[str, ...] = ()

    def check(self, where: str, name: str, value: Any) -> Any:
        """`value` as plain Python; raises ConfigError if it is of another kind. An array is taken
        for a list of its numbers.
        """
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if not self.accepts(value):
            near = nearest(value, self.known)
            todo = near and f"did you mean {near!r}?"
            raise ConfigError(where, name, self.words, shown(value), todo)
        return plain(value)


def plain(value: Any) -> Any:
    """`value` as plain Python, to be compared and saved as JSON: lists become tuples."""
    if isinstance(value, (list, tuple)):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value


def one_of(*words: str) -> Kind:
    """One of a few words."""
    return Kind(f"one of {', '.join(words)}", lambda value: value in words, words)


def _rising(values, accepts):
    return (
        isinstance(values, (list, tuple))
        and all(map(accepts, values))
        and list(values) == sorted(set(values))
    )


def _number(accepts):
    return lambda value: checks.is_number(value) and accepts(value)


def _whole(least):
    return lambda value: checks.is_integer(value, least=least)


def _some(kind):
    return lambda values: (
        isinstance(values, (list, tuple)) and len(values) > 0 and all(map(kind.accepts, values))
    )


COUNT = Kind("a whole number of at least 1", _whole(1))
NUMBER = Kind("a whole number of at least 0", _whole(0))
POSITIVE = Kind("a finite number above 0", _number(lambda value: value > 0))
NOT_NEGATIVE = Kind("a finite number of at least 0", _number(lambda value: value >= 0))
PART = Kind("a number above 0 and at most 1", _number(lambda value: 0 < value <= 1))
PERCENT = Kind("a number from 0 to 100", _number(lambda value: 0 <= value <= 100))
FRACTION = Kind("a number between 0 and 1", _number(lambda value: 0 < value < 1))
LESS_THAN_ALL = Kind("a number of at least 0, below 1", _number(lambda value: 0 <= value < 1))
FRACTIONS = Kind(
    "rising numbers between 0 and 1",
    lambda value: _rising(value, _number(lambda part: 0 < part < 1)),
)
SEEDS = Kind(
    "rising whole numbers of at least 0, one or more",
    lambda value: _rising(value, _whole(0)) and len(value) > 0,
)
ITERATIONS = Kind("rising whole numbers of at least 0", lambda value: _rising(value, _whole(0)))
WORD = Kind("a word", lambda value: isinstance(value, str) and value != "")
COUNTS = Kind("a list of whole numbers of at least 1", _some(COUNT))
WORDS = Kind("a list of words", _some(WORD))
BALANCED = "balanced"  # class weights that follow from the numbers of images
WEIGHTS = Kind(
    "balanced, or a number above 0 for each class (0 for one without images)",
    lambda value: (
        value == BALANCED
        if isinstance(value, str)
        else isinstance(value, (list, tuple))
        and len(value) > 1
        and all(map(NOT_NEGATIVE.accepts, value))
        and any(value)
    ),
    (BALANCED,),
)
YES_OR_NO = Kind("true or false", lambda value: isinstance(value, (bool, np.bool_)))
