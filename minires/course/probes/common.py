"""What several probes use: times, and checks of shapes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..across import Answer


def seconds(function: Answer, *arguments: Any) -> float:
    """The shortest time of three calls of a function, in seconds."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)


def expect_shapes(name: str, given: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Check that a student's code calls a function with arrays of the shapes in `wanted`.

    Other shapes might make this process compute for hours.

    Raises
    ------
    ValueError
        If the shapes differ. It goes back to the student's code.
    """
    shapes, right = ([getattr(one, "shape", None) for one in many] for many in (given, wanted))
    if not all(isinstance(one, np.ndarray) for one in given) or shapes != right:
        raise ValueError(
            f"{name} takes arrays of the shapes {', '.join(map(str, right))} here, and was called "
            f"with {', '.join(map(_described, given))}"
        )


def _described(value):
    """The shape of an array, or the type of anything else."""
    return str(value.shape) if isinstance(value, np.ndarray) else type(value).__name__
