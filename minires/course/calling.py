"""Call a student's code, and say where it stopped and why."""

import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from numpy import array_equal, ndarray

from .across import Answer, call_and_look
from .compare import WrongAnswer, article
from .meanings import meaning

FOLDER = Path(__file__).parent


def call(function: Answer, *args: Any, name: str | None = None, **settings: Any) -> Any:
    """Call a student's function and return its result; it must not change the arrays it gets.

    Raises
    ------
    WrongAnswer
        If the function is not written yet, stops with an error, or changes an argument.
    """
    name = name or str(getattr(function, "__name__", "your answer"))
    if not callable(function):
        raise WrongAnswer(
            f"{name}: expected a function, got {article(type(function).__name__)}. Write it with "
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
            f"{name} changes its argument number {changed[0] + 1} in place: the array must be the "
            "same after the call, because other code may still need it. Make a new array (y = a "
            "+ b), or copy first (a.copy())"
        )
    return result


def probe(name: str, target: Answer, *args: Any) -> Any:
    """Run a probe, such as "a1.order", on a student's answer, and return its report.

    Raises
    ------
    WrongAnswer
        If the student's code stops with an error.
    """
    from . import probes

    with reported(getattr(target, "__name__", "your code")):
        return probes.find(name)(target, *args)


class reported:
    """Context manager: an error in a student's code becomes a WrongAnswer that says where it
    happened.
    """

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
    """The line of a student's code where an error happened, such as "line 3: y = x + z", or ""."""
    frames = [frame for frame in traceback.extract_tb(trace) if not _is_ours(frame.filename)]
    return f"line {frames[-1].lineno}: {frames[-1].line}".rstrip(": ") if frames else ""


def owner(trace: TracebackType | None, is_students: Callable[[str], bool]) -> str:
    """The innermost function or class of a student's code that an error came from, or ""."""
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_students(code.co_filename):
            found = getattr(code, "co_qualname", code.co_name).split(".")[0]
        trace = trace.tb_next
    return found if found.isidentifier() and found != "__init__" else ""


def _is_ours(filename: str) -> bool:
    """Whether a file belongs to minires, to an installed package, or to Python itself."""
    return (
        filename.startswith("<frozen")
        or "site-packages" in filename
        or FOLDER.parent in Path(filename).parents
        or "/lib/python3" in filename
    )


def stopped(name: str, kind: str, message: str, where: str) -> str:
    """The message about an error in a student's code.

    Parameters
    ----------
    name : str
        What was called.
    kind : str
        The class of the error.
    message : str
        Its text; for NotImplementedError the name of the function that is not written.
    where : str
        The line, from `place`.
    """
    if kind == "NotImplementedError":
        missing = message if message.isidentifier() else name
        return (
            f"{missing} is not written yet"
            if missing == name or " " not in name
            else f"{name} stopped: {missing} is not written yet"
        )
    what_to_do = meaning(message)
    return (
        f"{name} stopped with {kind}: {message}"
        + (f" ({where})" if where else "")
        + (f". {what_to_do}" if what_to_do else "")
    )
