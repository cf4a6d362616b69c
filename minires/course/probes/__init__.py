"""Questions about what a student wrote that take more than one call: each runs beside the code, and
reports arrays and numbers.

A probe knows no right answers. It is given the student's function or class first.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

#: What a student wrote: it may be anything, and where it is graded a `Remote` stands for it.
Answer: TypeAlias = Any


def find(name: str) -> Callable[..., Any]:
    """The probe "a1.order": the function `order` of the module `a1`."""
    module, function = name.split(".")
    return getattr(import_module(f"{__name__}.{module}"), function)
