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

__all__ = [
    "Kernel",
    "device_function",
    "find",
    "names",
    "release_memory",
    "set_default",
    "use",
    "use_fused",
]


def __getattr__(name: str) -> Any:
    """The backends are imported when they are first asked for: ``minires.kernels.naive``."""
    if name in ("naive", "cpu", "gpu"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def release_memory() -> None:
    """Give the memory that kernels keep for later back to the system, on the CPU and the GPU.

    Kernels keep the memory of large results that nobody refers to any more, at most 128 MiB of it
    while arrays of new sizes are asked for (`kernels/cpu/memory.py`), and each thread some buffers
    of a few MiB. The next kernels will ask for it again. A result that somebody holds stays.
    """
    from .. import backend
    from .cpu import chunks, memory, workspace

    with chunks.no_kernel_running():
        memory.release()
        workspace.release()
    if backend.gpu_is_used():
        backend.free_memory()
