"""Work with a student's answers, in whichever process they are.

In a notebook, checks and students' functions live in one process. When a submission is graded, its
functions live in another process behind a wall, and a `Remote` stands for each: using the `Remote`
uses the function over there, and numbers, texts and arrays come back. The functions of this module
work in both cases, so that a check is written once and always decides in its own process.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from ..errors import GraphError
from ..types import Array

#: A student's answer, of any type, or a `Remote` that stands for it.
Answer: TypeAlias = Any


class Remote:
    """A stand-in for an object in a submission's process.

    Its attributes are read and set over there, and calls run over there. Numbers, texts, arrays,
    and lists, tuples and dicts of them come back as they are; every other result is a `Remote`. Two
    are equal if they stand for the same object.

    Parameters
    ----------
    ask : callable
        ``ask(request, *arguments, what=...)``: sends a request and returns the answer.
    reference : dict
        The other process's description of the object: its number, its type and perhaps its name.
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
    """A function for a student's code to call, whose arguments stay in the other process.

    The function gets a `Remote` for every argument that is no number or text. If it returns a
    `Remote`, the student's code gets the object itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.__name__ = function, function.__name__

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return self.function(*arguments, **settings)


def beside(thing: Answer, module: str) -> Any:
    """Import a module in the process where `thing` is."""
    return thing._ask("imported", module) if isinstance(thing, Remote) else import_module(module)


def hold(thing: Answer, name: str) -> Any:
    """An attribute of a thing; an array in another process stays there and is not copied."""
    if not isinstance(thing, Remote):
        return getattr(thing, name)
    there, value = thing._ask("attribute", thing, name, True)
    if not there:
        raise AttributeError(f"{thing._kind} has no attribute {name!r}")
    return value


def hold_result(function: Answer, *arguments: Any, **settings: Any) -> Any:
    """Call a function, and leave its result in the process where the function is."""
    if not isinstance(function, Remote):
        return function(*arguments, **settings)
    return function._ask("call", function, arguments, settings, True, what=function.__name__)


def fetch(thing: Answer) -> Any:
    """The value of a held thing, copied to this process: the reverse of `hold`."""
    return thing._ask("value", thing) if isinstance(thing, Remote) else thing


def is_a(thing: Answer, kind: Any) -> bool:
    """Like ``isinstance``; a class in another process is given as a `Remote`."""
    if isinstance(kind, Remote):
        return bool(beside(kind, "builtins").isinstance(thing, kind))
    return isinstance(thing, kind)


def type_name(thing: Answer) -> str:
    """The name of a thing's class."""
    return thing._kind if isinstance(thing, Remote) else type(thing).__name__


def attribute(thing: Answer, name: str, default: Any = None) -> Any:
    """An attribute of a thing, also one that begins with _, or `default` if there is none."""
    if not isinstance(thing, Remote):
        return getattr(thing, name, default)
    there, value = thing._ask("attribute", thing, name, False)
    return value if there else default


def items(thing: Answer) -> list[Any]:
    """All items of an iterable, as a list.

    Raises
    ------
    TypeError
        If the other process returns anything but a list.
    """
    found = beside(thing, "builtins").list(thing)
    if not isinstance(found, (list, tuple)):  # another process may answer anything
        raise TypeError(f"expected a list, got {type(found).__name__}")
    return list(found)


def contents(thing: Answer) -> Any:
    """A list, tuple or dictionary of another process, copied to a plain one; anything else
    unchanged.

    Subclasses of list and tuple, and all mappings, count too.
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
    """Write numbers into the array `thing.name`, which stays the same array."""
    beside(thing, "numpy").copyto(hold(thing, name), values)


def call_and_look(
    function: Answer, arguments: Sequence[Any], settings: Mapping[str, Any] | None = None
) -> tuple[Any, list[Any]]:
    """Call a function with copies of the arguments; return its result, and the copies after the
    call.
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
        If `values` is anything else, or has more than `most` numbers.
    """
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise TypeError(f"expected a list of numbers, got {type(values).__name__}")
    count = values.size if isinstance(values, np.ndarray) else len(values)
    if count > most:
        raise ValueError(f"expected a list of numbers, got {count:,} of them")
    try:
        array = np.asarray(values, dtype=float).ravel()
    except GraphError as error:  # they are Tensors on the tape
        raise TypeError(str(error)) from None
    if array.size > most:
        raise ValueError(f"expected a list of numbers, got {array.size:,} of them")
    return array
