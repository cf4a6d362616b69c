"""A simulated GPU: the part of CuPy that minires uses, with kernels compiled from the same source
to run on the CPU.

Put `cupy` in the place of the module of that name, and the whole library runs on "gpu" arrays on
any machine with a C++ compiler. It is slow, and stricter than a GPU: a wrong number or a hidden
copy on a GPU is an error here.
"""

from . import cupy
from .compiler import missing
from .device import launches, limit_memory, lose_device, reset, thread_order

__all__ = ["cupy", "launches", "limit_memory", "lose_device", "missing", "reset", "thread_order"]
