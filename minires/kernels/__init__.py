"""Arrays in, arrays out: every computation minires differentiates, as pairs of plain functions.

Three backends hold the same kernels under the same names: `naive` in loops that read like the
definition, `cpu` in fast NumPy, `gpu` in CUDA for CuPy's arrays; `common` holds kernels that read
the same for any array library. `find` chooses by name and by where the arrays live; `use` swaps in
your own for a ``with`` block (`scope.py` says what that means), `set_default` for good.
"""

from importlib import import_module
from typing import Any

from .kernel import Kernel
from .registry import device_function, find, names, set_default, use, use_fused

__all__ = ["Kernel", "device_function", "find", "names", "set_default", "use", "use_fused"]


def __getattr__(name: str) -> Any:
    """The backends are imported when they are first asked for: ``minires.kernels.naive``."""
    if name in ("naive", "cpu", "gpu"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
