"""Checks of arguments: what counts as a whole number or a number, and how a wrong one is reported.

NumPy's integers and floats are accepted like Python's everywhere, and returned as Python's, so that
they can be saved as JSON. True and False do not count as numbers.
"""

import math
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

import numpy as np

from .errors import ConfigError, MiniresError
from .names import shown
from .types import PathLike

HUGE = 10**308  # larger numbers do not fit into a float, and Python prints at most 4,300 digits


def is_integer(value: object, least: float = -math.inf, most: float = math.inf) -> TypeGuard[int]:
    """Whether `value` is a whole number of Python or NumPy, and from `least` to `most`."""
    return (
        isinstance(value, (int, np.integer))
        and not isinstance(value, bool)
        and bool(least <= value <= most)
        and -HUGE < int(value) < HUGE
    )


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite number, of Python or NumPy."""
    return (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and _is_finite(value)
    )


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number larger than any float
        return False


def fits_in_memory(what: str, shape: Iterable[int], itemsize: int) -> None:
    """Raise MemoryError if an array of this shape would have more bytes than there are addresses.

    For smaller arrays that do not fit, NumPy itself raises MemoryError; for these, ValueError.

    Parameters
    ----------
    what : str
        What the array holds, for the error.
    shape : iterable of int
    itemsize : int
        Bytes of an element.

    Raises
    ------
    MemoryError
    """
    if math.prod(shape) > np.iinfo(np.intp).max // itemsize:
        raise MemoryError(f"{what} of more bytes than there are addresses")


def integer(
    where: str,
    name: str,
    value: object,
    least: int = 1,
    most: int | None = None,
    error: type[MiniresError] = ConfigError,
    todo: str | None = None,
) -> int:
    """Return `value` as an int, if it is a whole number from `least` to `most`.

    Parameters
    ----------
    where, name : str
        The function and its argument, for the error.
    value : object
    least, most : int
        The smallest and the largest number allowed. With ``most=None`` there is no largest.
    error : type
        The class of the error.
    todo : str, optional
        What the reader can do about the error.

    Raises
    ------
    ConfigError, or `error`
        If `value` is not a whole number, or outside the range.
    """
    if not is_integer(value, least, math.inf if most is None else most):
        expected = (
            f"a whole number of at least {least}"
            if most is None
            else f"a whole number, {least} to {most}"
        )
        raise error(where, name, expected, shown(value), todo)
    return int(value)


def number(
    where: str,
    name: str,
    value: object,
    expected: str,
    accepts: Callable[[float], bool] = lambda value: True,
    error: type[MiniresError] = ConfigError,
    todo: str | None = None,
) -> float:
    """Return `value` as a Python number, if it is finite and ``accepts(value)`` is true.

    `expected` says in words what `accepts` asks for: "a number above 0". Other parameters and
    errors as for `integer`.
    """
    if not is_number(value) or not accepts(value):
        raise error(where, name, expected, shown(value), todo)
    return value.item() if isinstance(value, np.generic) else value


def boolean(where: str, name: str, value: object, todo: str | None = None) -> bool:
    """Return `value` as a bool, if it is True or False.

    Nothing else is accepted, because Python would count "no" and 0.5 as true.

    Raises
    ------
    ConfigError
        For any other value.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(where, name, "True or False", shown(value), todo)
    return bool(value)


def paths(where: str, name: str, value: Iterable[PathLike]) -> list[PathLike]:
    """Return several paths as a list.

    Raises
    ------
    ConfigError
        For a single path: Python would take each letter of a text for a path.
    """
    if isinstance(value, (str, bytes, os.PathLike)):
        raise ConfigError(where, name, "a list of paths", shown(value), "[path] is one")
    return list(value)


def generator(where: str, rng: np.random.Generator | None) -> np.random.Generator:
    """Return `rng`, or a generator seeded at random if it is None.

    Raises
    ------
    ConfigError
        If `rng` is neither a generator nor None.
    """
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        todo = "np.random.default_rng(seed) makes one"
        raise ConfigError(where, "rng", "an np.random.Generator", shown(rng), todo)
    return rng
