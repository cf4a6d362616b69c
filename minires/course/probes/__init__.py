"""Questions about what a student wrote that take more than one call: each works with the code, and
reports arrays and numbers.

It is given the student's function or class first. That may live in another process (see
`across`), so a probe never looks into it but by the functions of `across`, and counts, compares
and takes the time on its own side.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def find(name: str) -> Callable[..., Any]:
    """The probe "a1.order": the function `order` of the module `a1`."""
    module, function = name.split(".")
    return getattr(import_module(f"{__name__}.{module}"), function)
