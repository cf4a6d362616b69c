"""Experiments on a student's code that take more than one call; each reports numbers and arrays.

The first argument of a probe is the student's function or class. It may live in another process, so
a probe looks into it only through the functions of `across`, and it counts, compares and takes the
time on its own side.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def find(name: str) -> Callable[..., Any]:
    """The probe "a1.order": the function `order` of the module `a1`."""
    module, function = name.split(".")
    return getattr(import_module(f"{__name__}.{module}"), function)
