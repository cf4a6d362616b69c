"""Look at what a student's function gave back, and say what is wrong with it in words that help.

NumPy's functions are bound when this module is imported: a submission that replaces ``np.allclose``
changes nothing here.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy import abs as absolute
from numpy import all as every
from numpy import argmax, array_equal, asarray, isfinite, isnan, median, ndarray, unravel_index

from ..types import Array, ArrayLike
from . import choices
from .across import Answer, call_and_look
from .array_picture import picture

#: The sentence that names a mistake, and what it gives.
Mistakes: TypeAlias = Sequence[tuple[str, ArrayLike]]

FOLDER = Path(__file__).parent
_default_rng = np.random.default_rng
_errstate = np.errstate


class WrongAnswer(AssertionError):
    """What a check has to say, on one line, and below it a picture of the numbers if there is one.
    Notebooks show these alone, without the lines of the check.
    """

    def __init__(self, message: str = "", picture: str = "") -> None:
        super().__init__(message)
        self.picture = picture

    def _render_traceback_(self):  # IPython calls it
        return [f"✗ {self}", *self.picture.splitlines()]


@dataclass
class Trial:
    """One go of a check: `rng` draws its input; `hidden` goes draw others than a student saw.

    `variant` holds the options of the student's variant: name of a choice -> key.
    """

    seed: int
    hidden: bool
    variant: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = _default_rng([self.seed, 2015])

    def option(self, choice: str) -> str:
        """What the student's variant asks for; without one, what the shared notebook does."""
        return self.variant.get(choice, choices.SHARED[choice])

    def normal(self, *shape: int, dtype: Any = np.float64) -> Array:
        """Numbers from a normal distribution."""
        return self.rng.standard_normal(shape).astype(dtype)

    def factor(self, low: float, high: float) -> float:
        """A number between two others."""
        return float(self.rng.uniform(low, high))

    def generator(self) -> np.random.Generator:
        """One to hand out: it can be turned back, and yet does not say what `rng` drew before."""
        return _default_rng(self.rng.integers(2**63))

    def ask(
        self, cases: Sequence[tuple[Any, ...]], question: Callable[..., Any]
    ) -> Iterator[tuple[Any, ...]]:
        """Each case with ``question(*case)`` after it.

        The questions are asked in an order drawn by `rng`: otherwise a function could know the
        answers by counting how often it has been called. The results come in the order of the
        cases, and so does the first WrongAnswer that a question raises.
        """
        answers: dict[int, Any] = {}
        for i in self.rng.permutation(len(cases)).tolist():
            try:
                answers[i] = question(*cases[i])
            except WrongAnswer as error:
                answers[i] = error
        for i, case in enumerate(cases):
            if isinstance(answers[i], WrongAnswer):
                raise answers[i]
            yield *case, answers[i]


def call(function: Answer, *args: Any, name: str | None = None, **settings: Any) -> Any:
    """What a student's function returns; arrays that go in must come out unchanged.

    Raises
    ------
    WrongAnswer
        If it is not written yet, stops with an error, or changes its input.
    """
    name = name or str(getattr(function, "__name__", "your answer"))
    if not callable(function):
        raise WrongAnswer(
            f"{name}: expected a function, got {_article(type(function).__name__)}. Write it with "
            "`def`, and give the check its name alone, without calling it"
        )
    with reported(name):
        result, after = call_and_look(function, args, settings)
    changed = [
        i
        for i, (old, now) in enumerate(zip(args, after))
        if isinstance(old, ndarray)
        and not (isinstance(now, ndarray) and array_equal(old, now, equal_nan=True))
    ]
    if changed:
        raise WrongAnswer(
            f"{name} changes its argument number {changed[0] + 1} in place: after the call "
            "it must hold what it held "
            "before, for somebody else may still need it. Make a new array (y = a + b), or "
            "copy first (a.copy())"
        )
    return result


def probe(name: str, target: Answer, *args: Any) -> Any:
    """Let a function of `probes`, such as "a1.order", work with what a student wrote, and return
    what it reports.
    """
    from . import probes

    with reported(getattr(target, "__name__", "your code")):
        return probes.find(name)(target, *args)


class reported:
    """Within: an error in a student's code becomes a WrongAnswer that says where it happened."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> "reported":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if kind is None or issubclass(kind, (WrongAnswer, KeyboardInterrupt, SystemExit)):
            return False
        message = (
            owner(trace, lambda filename: not _is_ours(filename))
            if kind is NotImplementedError
            else str(error)
        )
        raise WrongAnswer(stopped(self.name, kind.__name__, message, place(trace))) from None


def place(trace: TracebackType | None) -> str:
    """Where in a student's code an error happened: "line 3: y = x + z", or "" if it was
    elsewhere.
    """
    frames = [frame for frame in traceback.extract_tb(trace) if not _is_ours(frame.filename)]
    return f"line {frames[-1].lineno}: {frames[-1].line}".rstrip(": ") if frames else ""


def owner(trace: TracebackType | None, is_students: Callable[[str], bool]) -> str:
    """The function or class of a student's code that an error came from last, or ""."""
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_students(code.co_filename):
            found = getattr(code, "co_qualname", code.co_name).split(".")[0]
        trace = trace.tb_next
    return found if found.isidentifier() and found != "__init__" else ""


def _is_ours(filename: str) -> bool:
    """Whether a frame is of minires, of an installed package, or of Python itself."""
    return (
        filename.startswith("<frozen")
        or "site-packages" in filename
        or FOLDER.parent in Path(filename).parents
        or "/lib/python3" in filename
    )


def stopped(name: str, kind: str, message: str, where: str) -> str:
    """The message about an error in a student's code."""
    if kind == "NotImplementedError":
        missing = message if message.isidentifier() else name
        return (
            f"{missing} is not written yet"
            if missing == name or " " not in name
            else f"{name} stopped: {missing} is not written yet"
        )
    return f"{name} stopped with {kind}: {message}" + (f" ({where})" if where else "")


def expect(
    what: str,
    got: Any,
    want: ArrayLike,
    mistakes: Mistakes | None = None,
    tolerance: float = 1e-6,
    dtype: Any = None,
) -> None:
    """Compare an array, or a number, with what it should be.

    Parameters
    ----------
    what : str
        What it is, e.g. "unbroadcast: the gradient of shape (3, 1)".
    got : object
        What the student's function returned.
    want : array_like
    mistakes : list of (str, array_like), optional
        Typical mistakes, the most frequent first: the sentence that names one, which completes "It
        looks as if ...", and what it would have given.
    tolerance : float
        Largest difference, as a share of the largest number expected.
    dtype : optional
        The dtype it must have; by default any of the kind of `want`.

    Raises
    ------
    WrongAnswer
        What, expected, got, and what it looks like.
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
        raise WrongAnswer(f"{what}: expected {_kind(want)}, got {_article(type(got).__name__)}")
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
    if _same(got, want, tolerance):
        return
    shown = picture(got, want, tolerance)
    if looks:
        raise WrongAnswer(f"{what}: wrong values{_because(looks)}", shown)
    if not every(isfinite(got)):
        raise WrongAnswer(
            f"{what}: {int((~isfinite(got)).sum())} of {got.size} values are "
            f"{'nan' if isnan(got).any() else 'infinite'}",
            shown,
        )
    raise WrongAnswer(
        f"{what}: wrong values: "
        f"{_first_difference(got, want, tolerance)}{_because(_factor(got, want, tolerance))}",
        shown,
    )


def expect_that(condition: object, message: str) -> None:
    """Raise a WrongAnswer with `message` unless `condition`."""
    if not condition:
        raise WrongAnswer(message)


def expect_tuple(what: str, got: Any, length: int, names: str) -> Sequence[Any]:
    """That a function returned so many things.

    Raises
    ------
    WrongAnswer
        If not; it says which ones, by their `names`.
    """
    if not isinstance(got, (tuple, list)) or len(got) != length:
        came = (
            "None; is a `return` missing?"
            if got is None
            else f"{len(got)} of them"
            if isinstance(got, (tuple, list))
            else _article(type(got).__name__)
        )
        raise WrongAnswer(f"{what}: expected {length} things, {names}, got {came}")
    return got


def _same(a: Array, b: Array, tolerance: float) -> bool:
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    if a.size == 0:
        return True
    a, b = a.astype(float), b.astype(float)
    with _errstate(all="ignore"):
        return bool(
            every(
                (absolute(a - b) <= tolerance * max([1e-30, *absolute(b[~isnan(b)]).ravel()]))
                | (isnan(a) & isnan(b))
            )
        )


def _first_difference(got: Array, want: Array, tolerance: float) -> str:
    difference = absolute(got.astype(float) - want)
    wrong = difference > tolerance * max(1e-30, float(absolute(want).max()))
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
    """'... every value is c times what it should be', if that is so."""
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


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def _dtype_hint(got, want):
    if want == np.float32 and got == np.float64:
        return (
            "float64 has crept in, and takes twice the memory and time. It comes from an array "
            "made without dtype=, as by np.zeros(3), from a NumPy float64 number, or from astype"
        )
    if got.kind in "iu":
        return "whole numbers: has something been rounded, or divided by // ?"
    return "make new arrays with the dtype of what came in"
