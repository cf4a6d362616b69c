"""Probes that several assignments use."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..across import Answer


def seconds(function: Answer, *arguments: Any) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)


def expect_shapes(name: str, given: Sequence[Any], wanted: Sequence[Any]) -> None:
    """That a function which a student's code calls is given arrays of the shapes of those in
    `wanted`: others might make it compute for hours.

    Raises
    ------
    ValueError
        If not: it is for the student's code.
    """
    shapes, right = ([getattr(one, "shape", None) for one in many] for many in (given, wanted))
    if not all(isinstance(one, np.ndarray) for one in given) or shapes != right:
        raise ValueError(
            f"{name} takes arrays of the shapes {', '.join(map(str, right))} here, and was called "
            f"with {', '.join(map(_described, given))}"
        )


def _described(value):
    return str(value.shape) if isinstance(value, np.ndarray) else type(value).__name__
