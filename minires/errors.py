"""The errors minires raises. Each says where, what is wrong, what was expected, what it got, and
what to do.

Every class also derives from the built-in exception that a NumPy or PyTorch user would catch, so
``except ValueError`` works on a wrong shape.
"""

import os
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from .names import printable, shortened, shown

LONGEST_PLACE = 1000  # characters of a file or option that are shown; a path may have thousands
LONGEST_NAME = 100  # letters of a wrong name that are shown, or compared with the right ones


class MiniresError(Exception):
    """One line: ``where: what: expected ..., got ...; what to do``.

    Parameters
    ----------
    where : str
        The function, file or option concerned.
    what : str
        What is wrong.
    expected, got : str, optional
        What would have been right, and what was found instead.
    todo : str, optional
        What the reader can do about the error.
    """

    def __init__(
        self,
        where: str | os.PathLike[str],
        what: str,
        expected: str | None = None,
        got: str | None = None,
        todo: str | None = None,
    ) -> None:
        comparison = [
            f"{word} {value}"
            for word, value in (("expected", expected), ("got", got))
            if value is not None
        ]
        line = f"{shortened(str(where), LONGEST_PLACE)}: {what}"
        if comparison:
            line += ": " + ", ".join(comparison)
        if todo:
            line += f"; {todo}"
        # NumPy writes arrays on several lines, and file names may hold any character.
        super().__init__(printable(" ".join(part.strip() for part in line.splitlines())))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args)  # unpickled with its message: the parts are gone


def _rebuild(kind, args):
    error = kind.__new__(kind)
    error.args = args
    return error


class ShapeError(MiniresError, ValueError):
    """Arrays whose shapes do not fit the operation."""


class DtypeError(MiniresError, TypeError):
    """Arrays of a type the operation does not take, or of two types mixed."""


class DeviceError(MiniresError, RuntimeError):
    """A device that is missing, or arrays that live on two devices."""


class ProcessError(MiniresError, RuntimeError):
    """A process that works for this one was killed, or does not answer."""


class GraphError(MiniresError, RuntimeError):
    """A gradient or value that the tape does not hold, or no longer holds."""


class GradcheckError(MiniresError, AssertionError):
    """A gradient that differs from the slope found by finite differences."""


class DataError(MiniresError, ValueError):
    """A data file that is missing, truncated, corrupt or unsafe, or labels out of range."""


class ConfigError(MiniresError, ValueError):
    """A setting that is not possible: a depth, a batch size, an output folder, an unknown name."""


class CheckpointError(MiniresError, RuntimeError):
    """A checkpoint that is missing, damaged, or belongs to other settings."""


class DivergenceError(MiniresError, ArithmeticError):
    """Training produced a number that is not finite."""


class WeightsWarning(UserWarning):
    """Says how weights from another library were recognised, and what their file leaves open."""


#: More names than these are not listed beside a suggestion.
MANY_NAMES = 20


def unknown_name(where: str, kind: str, name: object, known: Collection[object]) -> ConfigError:
    """A ConfigError for a name that is not among `known`, suggesting the nearest one.

    The names are listed, unless there are many and the nearest one will do.
    """
    near = nearest(name, known)
    names = ", ".join(map(str, known))
    return ConfigError(
        where,
        f"unknown {kind}",
        f"one of {len(known)} names" if near and len(known) > MANY_NAMES else f"one of {names}",
        shown(name),
        near and f"did you mean {near!r}?",
    )


#: The name of a setting in other libraries -> its name here.
OTHER_NAMES = {
    "learning_rate": "lr",
    "num_epochs": "epochs",
    "steps": "iterations",
    "max_steps": "iterations",
    "wd": "weight_decay",
    "scheduler": "schedule",
    "num_workers": "workers",
    "data_dir": "data",
    "output_dir": "out",
    "random_seed": "seed",
    "img_size": "image_size",
}


def nearest(name: object, known: Collection[object]) -> str | None:
    """The name in `known` that was most likely meant by `name`, or None if none is near.

    Upper and lower case count as the same. Names from other libraries (`OTHER_NAMES`) are
    recognised. A name of more than `LONGEST_NAME` letters is near to none.
    """
    by_lower_case = {str(k).lower(): str(k) for k in known}
    others = {other: own for other, own in OTHER_NAMES.items() if own in by_lower_case}
    by_lower_case = others | by_lower_case
    text = name if isinstance(name, str) else shown(name)
    if len(text) > LONGEST_NAME:  # comparing a long text would take minutes
        return None
    near = get_close_matches(text.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[near[0]] if near else None
