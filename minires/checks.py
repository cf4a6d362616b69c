"""Checks of arguments, written once: what counts as a whole number or a number, and how a wrong one
is reported.

NumPy's integers and floats count like Python's everywhere, and come back as Python's, so that they
can be saved as JSON. True and False do not count as numbers.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

import numpy as np

from .errors import ConfigError, MiniresError
from .names import shown

HUGE = 10**308  # beyond it no whole number is a float, and Python prints none of 4,300 digits


def is_integer(value: object, least: float = -math.inf, most: float = math.inf) -> TypeGuard[int]:
    """Whether `value` is a whole number, of Python or NumPy, from `least` to `most`."""
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
    """Nothing, if an array of this shape can have an address for each byte.

    NumPy's own MemoryError begins below that; beyond, it says ValueError.

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
    """`value` as an int.

    Parameters
    ----------
    where, name : str
        The function and its argument, for the error.
    value : object
    least, most : int
        The range it must be in, both ends included; `most` None is no limit.
    error : type
        The class of the error.
    todo : str, optional
        What the reader can do about it.

    Raises
    ------
    ConfigError, or `error`
        If it is no whole number, or outside the range.
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
    """`value` as a Python number, if it is a finite one for which ``accepts(value)`` is true.

    `expected` says in words what it must be: "a number above 0". Other parameters and errors as for
    `integer`.
    """
    if not is_number(value) or not accepts(value):
        raise error(where, name, expected, shown(value), todo)
    return value.item() if isinstance(value, np.generic) else value


def boolean(where: str, name: str, value: object, todo: str | None = None) -> bool:
    """`value`, which must be True or False, as a bool: "no" and 0.5 would count as True.

    Raises
    ------
    ConfigError
        For anything else.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(where, name, "True or False", shown(value), todo)
    return bool(value)


def generator(where: str, rng: np.random.Generator | None) -> np.random.Generator:
    """`rng`, or one seeded at random if it is None. Raises ConfigError for what is no generator."""
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        todo = "np.random.default_rng(seed) makes one"
        raise ConfigError(where, "rng", "an np.random.Generator", shown(rng), todo)
    return rng
