"""Work with what a student wrote, wherever it is.

In a notebook a check and a student's function live in one process. Where a submission is graded,
the function lives in another one, behind a wall, and a `Remote` stands for it: what is done to a
`Remote` is done over there, and numbers, texts and arrays come back. The functions here do the
same on either side, so that a check is written once, and decides in its own process.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from ..errors import GraphError
from ..types import Array

#: What a student wrote: it may be anything, or a `Remote` that stands for it.
Answer: TypeAlias = Any


class Remote:
    """Something that lives in a submission's process.

    Attributes are read and set over there, and it can be called. What comes back is a number, a
    text or an array as it is, a list, tuple or dict of such, and a `Remote` for everything else.
    Two are equal if they stand for the same thing.

    Parameters
    ----------
    ask : callable
        ``ask(request, *arguments, what=...)``: sends a request and returns the answer.
    reference : dict
        What the other process calls it.
    """

    def __init__(self, ask: Callable[..., Any], reference: Mapping[str, Any]) -> None:
        kind = str(reference.get("type"))[:100]
        vars(self).update(
            _ask=ask,
            _number=int(reference["ref"]),
            _kind=kind,
            __name__=str(reference.get("name") or f"a {kind}")[:100],
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        there, value = self._ask("attribute", self, name, False)
        if not there:
            raise AttributeError(f"{self._kind} has no attribute {name!r}")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("assign", self, name, value)

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return self._ask("call", self, arguments, settings, False, what=self.__name__)

    def __enter__(self) -> Any:
        return attribute(self, "__enter__")()

    def __exit__(self, *exception: object) -> bool:
        return bool(attribute(self, "__exit__")(None, None, None))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and self._number == other._number

    def __hash__(self) -> int:
        return self._number

    def __repr__(self) -> str:
        return f"<{self.__name__} of a submission>"


class ByReference:
    """A function for a student's code to call, whose arguments stay where they are: for what is no
    number or text it is given a `Remote`, and hands back the thing itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.__name__ = function, function.__name__

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return self.function(*arguments, **settings)


def beside(thing: Answer, module: str) -> Any:
    """The module of that name, in the process where `thing` is."""
    return thing._ask("imported", module) if isinstance(thing, Remote) else import_module(module)


def hold(thing: Answer, name: str) -> Any:
    """An attribute; an array in another process stays there, and is not copied."""
    if not isinstance(thing, Remote):
        return getattr(thing, name)
    there, value = thing._ask("attribute", thing, name, True)
    if not there:
        raise AttributeError(f"{thing._kind} has no attribute {name!r}")
    return value


def hold_result(function: Answer, *arguments: Any, **settings: Any) -> Any:
    """What a function returns, which stays in the process where the function is."""
    if not isinstance(function, Remote):
        return function(*arguments, **settings)
    return function._ask("call", function, arguments, settings, True, what=function.__name__)


def fetch(thing: Answer) -> Any:
    """The reverse of `hold`: the numbers themselves."""
    return thing._ask("value", thing) if isinstance(thing, Remote) else thing


def is_a(thing: Answer, kind: Any) -> bool:
    """``isinstance``. A class in another process is given as a `Remote`."""
    if isinstance(kind, Remote):
        return bool(beside(kind, "builtins").isinstance(thing, kind))
    return isinstance(thing, kind)


def type_name(thing: Answer) -> str:
    """The name of its class."""
    return thing._kind if isinstance(thing, Remote) else type(thing).__name__


def attribute(thing: Answer, name: str, default: Any = None) -> Any:
    """An attribute, whatever its name begins with, or `default` if there is none."""
    if not isinstance(thing, Remote):
        return getattr(thing, name, default)
    there, value = thing._ask("attribute", thing, name, False)
    return value if there else default


def items(thing: Answer) -> list[Any]:
    """All that it yields, as a list."""
    found = beside(thing, "builtins").list(thing)
    if not isinstance(found, (list, tuple)):  # another process may say anything
        raise TypeError(f"expected a list, got {type(found).__name__}")
    return list(found)


def contents(thing: Answer) -> Any:
    """A kind of list, tuple or dictionary in another process as a plain one, with what is in it;
    anything else as it is.
    """
    if not isinstance(thing, Remote):
        return thing
    names, kinds = beside(thing, "builtins"), beside(thing, "collections.abc")
    if is_a(thing, kinds.Mapping):
        return names.dict(thing)
    if is_a(thing, names.list):
        return items(thing)
    return tuple(items(thing)) if is_a(thing, names.tuple) else thing


def set_values(thing: Answer, name: str, values: Array) -> None:
    """Put numbers into the array that is its attribute `name`, which stays the same array."""
    beside(thing, "numpy").copyto(hold(thing, name), values)


def call_and_look(
    function: Answer, arguments: Sequence[Any], settings: Mapping[str, Any] | None = None
) -> tuple[Any, list[Any]]:
    """What a function returns, and what its arguments are after the call. The arguments
    that are given here stay as they are.
    """
    settings = dict(settings or {})
    if isinstance(function, Remote):
        result, after = function._ask(
            "call_and_look", function, arguments, settings, what=function.__name__
        )
        return result, list(after)
    arguments = [one.copy() if isinstance(one, np.ndarray) else one for one in arguments]
    return function(*arguments, **settings), arguments


def as_numbers(values: Any, most: int = 100_000) -> Array:
    """A list, tuple or array of numbers as an array of float64 with one axis.

    Raises
    ------
    TypeError, ValueError
        If it is something else, or has more than `most` numbers.
    """
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise TypeError(f"expected a list of numbers, got {type(values).__name__}")
    count = values.size if isinstance(values, np.ndarray) else len(values)
    if count > most:
        raise ValueError(f"expected a list of numbers, got {count:,} of them")
    try:
        array = np.asarray(values, dtype=float).ravel()
    except GraphError as error:  # Tensors on the tape
        raise TypeError(str(error)) from None
    if array.size > most:
        raise ValueError(f"expected a list of numbers, got {array.size:,} of them")
    return array
