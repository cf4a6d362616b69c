"""The GPU itself: its name and memory, its errors, and how precisely it multiplies."""

from typing import Any

import numpy as np

from ..types import Device
from .cupy_import import cupy, gpu_is_used


def synchronize() -> None:
    """Wait until the GPU has finished its work, which runs in the background. Timings need this."""
    if gpu_is_used():
        cupy().cuda.Device().synchronize()


def allow_tf32(allowed: bool = True) -> None:
    """Let matrix products on the GPU round their factors to TF32, which is much faster.

    TF32 has the range of float32, but only 10 bits of mantissa. GPUs of compute capability 8.0 and
    later have it. The default is float32, as on the CPU, except that kernels compiled by CuPy round
    numbers below 1e-38 to 0.
    """
    # The environment variable CUPY_TF32 does the same, but CuPy reads it only once.
    linalg = cupy()._core._routines_linalg
    linalg.set_compute_type(
        np.float32, linalg.COMPUTE_TYPE_TF32 if allowed else linalg.COMPUTE_TYPE_DEFAULT
    )


def describe(device: Device) -> dict[str, Any]:
    """The names and versions to record beside a number that was measured on `device`."""
    if device == "cpu":
        return {"device": "cpu"}
    found = cupy()
    runtime, linalg = found.cuda.runtime, found._core._routines_linalg
    properties = runtime.getDeviceProperties(found.cuda.Device().id)
    return {
        "device": "gpu",
        "gpu": properties["name"].decode(),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "tf32": linalg.get_compute_type(np.float32) == linalg.COMPUTE_TYPE_TF32,
        "cupy": found.__version__,
        "cuda_runtime": runtime.runtimeGetVersion(),
        "cuda_driver": runtime.driverGetVersion(),
    }


def out_of_memory_errors() -> tuple[type[Exception], ...]:
    """The exceptions, for an ``except``, that CuPy raises when the GPU's memory is too small.

    The tuple is empty if this process uses no GPU.
    """
    return (cupy().cuda.memory.OutOfMemoryError,) if gpu_is_used() else ()


def gpu_errors() -> tuple[type[Exception], ...]:
    """The exceptions, for an ``except``, that CuPy raises when the GPU itself fails.

    The tuple is empty if this process uses no GPU.
    """
    if not gpu_is_used():
        return ()
    cuda = cupy().cuda
    return cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError, cuda.cublas.CUBLASError


def free_memory() -> int:
    """The number of free bytes on the GPU, once CuPy has given back what it keeps in reserve."""
    cupy().get_default_memory_pool().free_all_blocks()
    return cupy().cuda.runtime.memGetInfo()[0]
