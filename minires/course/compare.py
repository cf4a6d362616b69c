"""Compare a student's result with what it should be, and say in words what is wrong with it.

NumPy's functions are bound when this module is imported: a submission that replaces ``np.allclose``
changes nothing here.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy import abs as absolute
from numpy import argmax, asarray, isfinite, isnan, median, ndarray, unravel_index

from ..types import Array, ArrayLike
from .array_picture import picture

#: Pairs (sentence, array): the sentence that names a mistake, and the result of the mistake.
Mistakes: TypeAlias = Sequence[tuple[str, ArrayLike]]

_errstate = np.errstate


class WrongAnswer(AssertionError):
    """The message of a check on one line, and perhaps a picture of the numbers.

    Notebooks show only these two, without a traceback.
    """

    def __init__(self, message: str = "", picture: str = "") -> None:
        super().__init__(message)
        self.picture = picture

    def _render_traceback_(self):  # called by IPython
        return [f"✗ {self}", *self.picture.splitlines()]


def expect(
    what: str,
    got: Any,
    want: ArrayLike,
    mistakes: Mistakes | None = None,
    tolerance: float = 1e-6,
    dtype: Any = None,
) -> None:
    """Compare an array or a number with what it should be.

    Parameters
    ----------
    what : str
        What is compared, e.g. "unbroadcast: the gradient of shape (3, 1)".
    got : object
        What the student's function returned.
    want : array_like
    mistakes : list of (str, array_like), optional
        Typical mistakes, the most frequent first: a sentence that completes "It looks as if ...",
        and the result of the mistake. Sentences that begin with "it ", "every" or "the sign" stand
        alone.
    tolerance : float
        The largest difference that counts as right, as a share of the largest number in `want`.
    dtype : optional
        The dtype that `got` must have; by default any dtype of numbers.

    Raises
    ------
    WrongAnswer
        If `got` differs: what was expected, what came, and which mistake it looks like.
    """
    want = asarray(want)
    if got is None:
        raise WrongAnswer(
            f"{what}: expected {_kind(want)}, got None; is a `return` missing, or a part "
            "not written yet?"
        )
    if (
        not isinstance(got, (ndarray, np.generic, int, float))
        or isinstance(got, bool)
        and want.dtype != bool
    ):
        raise WrongAnswer(f"{what}: expected {_kind(want)}, got {article(type(got).__name__)}")
    got = asarray(got)
    known = [
        (sentence, asarray(wrong))
        for sentence, wrong in (mistakes or ())
        if not _same(asarray(wrong), want, tolerance)
    ]
    looks = next((sentence for sentence, wrong in known if _same(got, wrong, tolerance)), None)
    if got.shape != want.shape:
        hint = looks or (got.T.shape == want.shape and "it looks transposed") or None
        if want.ndim and got.ndim:
            shapes = f"expected shape {want.shape}, got {got.shape}"
        else:
            shapes = f"expected {_kind(want)}, got {_kind(got)}"
        raise WrongAnswer(f"{what}: {shapes}" + _because(hint))
    if dtype is not None and got.dtype != dtype:
        raise WrongAnswer(
            f"{what}: expected dtype {np.dtype(dtype)}, got {got.dtype}; "
            + _dtype_hint(got.dtype, np.dtype(dtype))
        )
    if got.dtype.kind not in "fiub":
        raise WrongAnswer(f"{what}: expected numbers, got dtype {got.dtype}")
    wrong = differs(got, want, tolerance)
    if not wrong.any():
        return
    shown = picture(got, want, wrong)
    if looks:
        raise WrongAnswer(f"{what}: wrong values{_because(looks)}", shown)
    lost = isfinite(want) & ~isfinite(got)
    if lost.any():
        raise WrongAnswer(
            f"{what}: {int(lost.sum())} of {got.size} values are "
            f"{'nan' if isnan(got[lost]).any() else 'infinite'}",
            shown,
        )
    raise WrongAnswer(
        f"{what}: wrong values: "
        f"{_first_difference(got, want, wrong)}{_because(_factor(got, want, tolerance))}",
        shown,
    )


def expect_that(condition: object, message: str) -> None:
    """Raise a WrongAnswer with `message` unless `condition`."""
    if not condition:
        raise WrongAnswer(message)


def expect_tuple(what: str, got: Any, length: int, names: str) -> Sequence[Any]:
    """Check that a function returned `length` results, and return them.

    Raises
    ------
    WrongAnswer
        If it returned anything else; the message lists the expected `names`.
    """
    if not isinstance(got, (tuple, list)) or len(got) != length:
        came = (
            "None; is a `return` missing?"
            if got is None
            else f"{len(got)} of them"
            if isinstance(got, (tuple, list))
            else article(type(got).__name__)
        )
        raise WrongAnswer(f"{what}: expected {length} results, {names}, got {came}")
    return got


def differs(got: Array, want: Array, tolerance: float) -> Array:
    """A mask of the numbers that differ by more than `tolerance` times the largest finite number of
    `want`. Of the others, inf is equal to inf, and nan to nan.
    """
    mine, right = got.astype(float), want.astype(float)
    with _errstate(all="ignore"):
        largest = absolute(right[isfinite(right)]).max(initial=1e-30)
        near = isfinite(right) & (absolute(mine - right) <= tolerance * largest)
        return asarray(~(near | (mine == right) | (isnan(mine) & isnan(right))))


def _same(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two arrays agree in shape and numbers."""
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    return not differs(a, b, tolerance).any()


def _first_difference(got: Array, want: Array, wrong: Array) -> str:
    """How many numbers differ, and the first of them, expected and got."""
    if got.ndim == 0:
        return _two(want, got)
    first = tuple(int(i) for i in unravel_index(argmax(wrong), wrong.shape))
    return f"{int(wrong.sum())} of {got.size} differ, the first at {list(first)}: " + _two(
        want[first], got[first]
    )


def _two(want: Any, got: Any) -> str:
    """Two numbers that differ, with as many digits as it takes to see that."""
    digits = next((n for n in range(6, 17) if f"{want:.{n}g}" != f"{got:.{n}g}"), 17)
    return f"expected {want:.{digits}g}, got {got:.{digits}g}"


def _factor(got: Array, want: Array, tolerance: float) -> str | None:
    """The sentence "every value is c times what it should be" if all are wrong by one factor, or
    None.
    """
    big = absolute(want) > 1e-3 * absolute(want).max()
    if big.sum() < 1 or want.size < 3:
        return None
    factor = float(median(got[big] / want[big]))
    if (
        factor
        and absolute(factor - 1) > 100 * tolerance
        and _same(asarray(got), factor * want, 10 * tolerance)
    ):
        return (
            "the sign is wrong everywhere"
            if absolute(factor + 1) < 1e-6
            else f"every value is {factor:.4g} times what it should be"
        )
    return None


def _because(hint):
    return (
        f". It looks as if {hint}"
        if hint and not hint.startswith(("it ", "every", "the sign"))
        else f": {hint}"
        if hint
        else ""
    )


def _kind(want: Array) -> str:
    return f"an array of shape {want.shape}" if want.ndim else "a number"


def article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def _dtype_hint(got, want):
    if want == np.float32 and got == np.float64:
        return (
            "float64 has crept in, and takes twice the memory and time. It may come from an array "
            "made without dtype=, such as np.zeros(3), from a NumPy float64 number, or from astype"
        )
    if got.kind in "iu":
        return "whole numbers: did you round, or divide by // ?"
    return "make new arrays with the dtype of the arguments"
