"""The errors minires raises. Each says where, what is wrong, what was expected, what came, and what
to do.

Every class also derives from the built-in exception that a NumPy or PyTorch user would catch, so
``except ValueError`` works on a wrong shape.
"""

import os
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from .names import printable, shortened, shown

LONGEST_PLACE = 1000  # characters of a file or option: a path may have thousands
LONGEST_NAME = 100  # letters of a wrong name that are repeated, or compared with the right ones


class MiniresError(Exception):
    """One line: ``where: what: expected ..., got ...; what to do``.

    Parameters
    ----------
    where : str
        The function, file or option concerned.
    what : str
        What is wrong.
    expected, got : str, optional
        What would have been right, and what came instead.
    todo : str, optional
        What the reader can do about it.
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
        # NumPy writes arrays over several lines, and the names of files may hold anything.
        super().__init__(printable(" ".join(part.strip() for part in line.splitlines())))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args)  # the message is whole: no parts to ask for


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
    """Something is wanted that the tape does not hold, or no longer holds."""


class GradcheckError(MiniresError, AssertionError):
    """A gradient that differs from the slope it should be."""


class DataError(MiniresError, ValueError):
    """A data file that is missing, truncated, corrupt or unsafe, or labels out of range."""


class ConfigError(MiniresError, ValueError):
    """A setting that cannot be met: depth, batch size, output folder, unknown name."""


class CheckpointError(MiniresError, RuntimeError):
    """A checkpoint that is missing, damaged, or belongs to other settings."""


class DivergenceError(MiniresError, ArithmeticError):
    """Training produced a number that is not finite."""


class WeightsWarning(UserWarning):
    """What was recognised in weights that others saved, and what their file cannot say."""


def unknown_name(where: str, kind: str, name: object, known: Collection[object]) -> ConfigError:
    """A ConfigError for a name that is not among `known`, suggesting the nearest one."""
    near = nearest(name, known)
    return ConfigError(
        where,
        f"unknown {kind}",
        "one of " + ", ".join(map(str, known)),
        shown(name),
        near and f"did you mean {near!r}?",
    )


#: What settings are called in other libraries, and here.
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
    """The one of `known` that `name` was most likely meant to be, or None; upper and lower case
    count as the same, and so do the words of other libraries (`OTHER_NAMES`). None too for a name
    of more than a hundred letters.
    """
    by_lower_case = {str(k).lower(): str(k) for k in known}
    others = {other: own for other, own in OTHER_NAMES.items() if own in by_lower_case}
    by_lower_case = others | by_lower_case
    text = name if isinstance(name, str) else shown(name)
    if len(text) > LONGEST_NAME:  # comparing a long text would take minutes
        return None
    near = get_close_matches(text.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[near[0]] if near else None
