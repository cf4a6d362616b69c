"""Arrays in, arrays out: every computation minires differentiates, as pairs of plain functions.

Three backends hold the same kernels under the same names: `naive` in loops that read like the definition, `cpu` in fast
NumPy, `gpu` in CUDA for arrays of CuPy; in `common` is what any array library writes alike. `find` chooses by name and
by where the arrays live, `use` swaps in your own.
"""

from importlib import import_module

from .registry import find, names, device_function, use_fused, use
from .kernel import Kernel

__all__ = ["Kernel", "find", "names", "device_function", "use_fused", "use"]


def __getattr__(name):
    """The backends are imported when they are first asked for: ``minires.kernels.naive``."""
    if name in ("naive", "cpu", "gpu"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
