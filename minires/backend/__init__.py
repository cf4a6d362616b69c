"""Which device arrays live on, which library computes on them, and how many threads the CPU kernels
use.

No other folder of minires imports CuPy, and this one does so only when a GPU is first needed.
"""

from .cupy_import import cupy, gpu_is_used
from .devices import (
    DEVICES,
    as_array,
    assign,
    check_device,
    copy,
    device_of,
    is_array,
    move,
)
from .gpu import (
    allow_tf32,
    describe,
    free_memory,
    gpu_errors,
    out_of_memory_errors,
    synchronize,
)
from .threads import (
    available_cores,
    blas_libraries,
    limit_blas,
    num_threads,
    set_num_threads,
    share_cores,
)

__all__ = [
    "DEVICES",
    "allow_tf32",
    "as_array",
    "assign",
    "available_cores",
    "blas_libraries",
    "check_device",
    "copy",
    "cupy",
    "describe",
    "device_of",
    "free_memory",
    "gpu_errors",
    "gpu_is_used",
    "is_array",
    "limit_blas",
    "move",
    "num_threads",
    "out_of_memory_errors",
    "set_num_threads",
    "share_cores",
    "synchronize",
]
