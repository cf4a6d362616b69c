"""The simulated GPU with CuPy's names: put this module in the place of CuPy."""

from types import SimpleNamespace

import numpy as np

from .arrays import array, asarray, empty, empty_like, ndarray, run
from .device import (
    TOTAL_MEMORY,
    CompileException,
    CUBLASError,
    CUDADriverError,
    CUDARuntimeError,
    OutOfMemoryError,
    check_alive,
    limit_memory,
    state,
)
from .kernel import RawModule

__all__ = ["RawModule", "array", "asarray", "asnumpy", "empty", "empty_like", "ndarray"]
__version__ = "14.2.0 (simulated)"


def asnumpy(a):
    """A copy of `a` on the host; an array that is already there is returned as it is."""
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def full(shape, fill_value, dtype=None):
    a = empty(shape, np.asarray(fill_value).dtype if dtype is None else dtype)
    a[...] = fill_value
    return a


def zeros(shape, dtype=float):
    return full(shape, 0, dtype)


def ones(shape, dtype=float):
    return full(shape, 1, dtype)


def zeros_like(a, dtype=None, shape=None):
    return np.zeros_like(
        a, dtype, shape=shape
    )  # NumPy asks the array, which answers with one on the device


def arange(*args, **kwargs):
    return asarray(np.arange(*args, **kwargs))


def get_default_memory_pool():
    return SimpleNamespace(
        used_bytes=_used,
        total_bytes=_used,
        free_all_blocks=lambda: None,
        set_limit=lambda size: limit_memory(size or None),
    )


def _used():
    return state.used


def _memory():
    total = TOTAL_MEMORY if state.limit is None else state.limit
    return total - state.used, total


def _properties(device):
    return {"name": b"Simulated GPU", "major": 9, "minor": 0, "totalGlobalMem": TOTAL_MEMORY}


add = SimpleNamespace(at=lambda a, indices, b: run(np.add.at, (a, indices, b), {}))
linalg = SimpleNamespace(norm=np.linalg.norm)
_compute_types = {}  # the value of set_compute_type, which matrix products do not use
_core = SimpleNamespace(
    _routines_linalg=SimpleNamespace(
        COMPUTE_TYPE_TBD=0,
        COMPUTE_TYPE_DEFAULT=1,
        COMPUTE_TYPE_TF32=7,
        set_compute_type=_compute_types.__setitem__,
        get_compute_type=lambda dtype: _compute_types.get(dtype, 0),
    )
)
cuda = SimpleNamespace(
    is_available=lambda: True,
    Device=lambda device=0: SimpleNamespace(
        id=device, synchronize=check_alive, compute_capability="90", mem_info=_memory()
    ),
    get_current_stream=lambda: SimpleNamespace(synchronize=check_alive),
    compiler=SimpleNamespace(CompileException=CompileException),
    cublas=SimpleNamespace(CUBLASError=CUBLASError),
    driver=SimpleNamespace(CUDADriverError=CUDADriverError),
    memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
    nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
    runtime=SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        deviceSynchronize=check_alive,
        memGetInfo=_memory,
        getDeviceProperties=_properties,
        getDeviceCount=lambda: 1,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13000,
    ),
)
