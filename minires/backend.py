"""Which device arrays live on, which library computes on them, and how many threads the CPU kernels
use.

No other file of minires imports CuPy, and this one does so only when a GPU is first needed.
"""

import os
from types import ModuleType
from typing import Any, TypeGuard

import numpy as np

from .checks import integer
from .errors import ConfigError, DeviceError, unknown_name
from .types import Array, Device

DEVICES: tuple[Device, ...] = ("cpu", "gpu")

_cupy: Any = None  # the module, once a GPU has been needed and found
_num_threads: int | None = None


def check_device(device: str, where: str = "device") -> Device:
    """Return `device`, ``"cpu"`` or ``"gpu"``, if this machine can compute on it.

    Raises
    ------
    ConfigError
        For another name.
    DeviceError
        If the GPU cannot be used. The message says what is missing: CuPy, CUDA's libraries, the
        driver or the device.
    """
    if device not in DEVICES:
        raise _unknown_device(where, device)
    if device == "gpu":
        cupy(where)
    return device


def cupy(where: str = "gpu") -> ModuleType:
    """The module CuPy, once it is sure that it can compute on a GPU of this machine.

    Raises
    ------
    DeviceError
        If it cannot. The message says in one line what is missing and what to install.
    """
    global _cupy
    if _cupy is None:
        _cupy = _find_cupy(where)
    return _cupy


def device_of(array: object) -> Device:
    """Where an array lives: ``"cpu"``, or ``"gpu"`` for an array of CuPy."""
    if type(array) is np.ndarray:
        return "cpu"
    if _cupy is None and type(array).__module__.split(".")[0] == "cupy":
        cupy("an array of CuPy")  # the caller made it before minires needed the GPU
    return "gpu" if _cupy is not None and isinstance(array, _cupy.ndarray) else "cpu"


def is_array(data: object) -> TypeGuard[Array]:
    """Whether `data` is an array of NumPy or CuPy, rather than numbers that could become one."""
    return isinstance(data, np.ndarray) or device_of(data) == "gpu"


def as_array(result: object) -> Array:
    """`result` as an array.

    NumPy's operations return scalars where the result has no axes, and a function that a learner
    wrote may return a Python number.
    """
    if isinstance(result, np.matrix):  # its * is a matrix product, and it always has two axes
        return np.asarray(result)
    return result if is_array(result) else np.asarray(result)


def move(array: Array, device: Device) -> Array:
    """`array` on `device`: the array itself if it is there already, else a copy.

    Raises ConfigError or DeviceError as `check_device` does.
    """
    if device_of(array) == check_device(device, "move"):
        return array
    return cupy().asarray(array) if device == "gpu" else _cupy.asnumpy(array)


def assign(target: Array, source: Array) -> None:
    """Copy the numbers of `source` into `target`, which may be on another device.

    Both arrays have the same shape and dtype.
    """
    target[...] = move(source, device_of(target))


def copy(array: Array) -> Array:
    """A copy of `array` on its own device."""
    return array.copy() if device_of(array) == "gpu" else np.array(array)


def synchronize() -> None:
    """Wait until the GPU has finished its work, which runs in the background. Timings need this."""
    if _cupy is not None:
        _cupy.cuda.Device().synchronize()


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
    runtime, linalg = cupy().cuda.runtime, _cupy._core._routines_linalg
    properties = runtime.getDeviceProperties(_cupy.cuda.Device().id)
    return {
        "device": "gpu",
        "gpu": properties["name"].decode(),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "tf32": linalg.get_compute_type(np.float32) == linalg.COMPUTE_TYPE_TF32,
        "cupy": _cupy.__version__,
        "cuda_runtime": runtime.runtimeGetVersion(),
        "cuda_driver": runtime.driverGetVersion(),
    }


def out_of_memory_errors() -> tuple[type[Exception], ...]:
    """The exceptions, for an ``except``, that CuPy raises when the GPU's memory is too small.

    The tuple is empty if this process uses no GPU.
    """
    return () if _cupy is None else (_cupy.cuda.memory.OutOfMemoryError,)


def gpu_errors() -> tuple[type[Exception], ...]:
    """The exceptions, for an ``except``, that CuPy raises when the GPU itself fails.

    The tuple is empty if this process uses no GPU.
    """
    if _cupy is None:
        return ()
    return (
        _cupy.cuda.runtime.CUDARuntimeError,
        _cupy.cuda.driver.CUDADriverError,
        _cupy.cuda.cublas.CUBLASError,
    )


def gpu_is_used() -> bool:
    """Whether this process has needed a GPU, and found it."""
    return _cupy is not None


def free_memory() -> int:
    """The number of free bytes on the GPU, once CuPy has given back what it keeps in reserve."""
    cupy().get_default_memory_pool().free_all_blocks()
    return _cupy.cuda.runtime.memGetInfo()[0]


def _unknown_device(where, device):
    if str(device).split(":")[0] == "cuda":
        return ConfigError(
            where,
            "unknown device",
            "'cpu' or 'gpu'",
            repr(device),
            "for an NVIDIA GPU say 'gpu'; CUDA_VISIBLE_DEVICES chooses which one",
        )
    return unknown_name(where, "device", device, DEVICES)


def _find_cupy(where):
    try:
        import cupy
    except ModuleNotFoundError:
        raise DeviceError(
            where,
            "the package CuPy is not installed",
            "CuPy, to compute on an NVIDIA GPU",
            "none",
            _install("see the CUDA version in the corner of nvidia-smi's table"),
        ) from None
    except Exception as error:
        raise DeviceError(
            where,
            "CuPy is installed but cannot be imported",
            None,
            str(error),
            _install("reinstall it"),
        ) from None
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        if "Driver" in str(error):
            raise DeviceError(
                where,
                "NVIDIA's driver is missing or too old",
                "a driver for this version of CuPy",
                str(error),
                "install the driver, or use --device cpu",
            ) from None
        count = 0
    if count == 0:
        raise DeviceError(
            where,
            "no GPU found",
            "at least one NVIDIA GPU",
            "none",
            "look at nvidia-smi and the variable CUDA_VISIBLE_DEVICES, or use --device cpu",
        )
    try:
        nvrtc = cupy.cuda.nvrtc.getVersion()[0]
        driver = cupy.cuda.runtime.driverGetVersion() // 1000
        _ = cupy.cuda.cublas  # CuPy loads the library at the first access
    except Exception as error:
        raise DeviceError(
            where,
            "CUDA's libraries NVRTC and cuBLAS are missing",
            "the ones from CuPy's extra [ctk]",
            str(error).split(":")[0],
            _install("reinstall it with [ctk]"),
        ) from None
    if nvrtc > driver:
        raise DeviceError(
            where,
            "NVRTC is newer than the driver, which cannot run what NVRTC compiles",
            f"CUDA {driver} at most",
            f"CUDA {nvrtc}",
            "update the driver, or: pip uninstall nvidia-cuda-nvrtc, then pip install "
            f"nvidia-cuda-nvrtc-cu{driver}",
        )
    return cupy


def _install(how: str) -> str:
    return f'pip install "cupy-cuda12x[ctk]", or cuda13x for CUDA 13 ({how})'


def available_cores() -> int:
    """The number of cores this process may run on.

    In a container or under taskset they are fewer than the machine has.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_threads() -> int:
    """How many threads the CPU kernels use.

    It is the first of these that is set: the number given to `set_num_threads`, the environment
    variable ``MINIRES_THREADS``, ``OMP_NUM_THREADS`` (which clusters set). Otherwise it is the
    number of cores this process may run on.
    """
    global _num_threads
    if _num_threads is None:
        _num_threads = _threads_from_environment() or available_cores()
    return _num_threads


def set_num_threads(threads: int) -> None:
    """Set how many threads the CPU kernels use. Results have the same bits with any number.

    Raises
    ------
    ConfigError
        If `threads` is not a whole number of at least 1.
    """
    global _num_threads
    _num_threads = integer("set_num_threads", "number of threads", threads)


def share_cores(processes: int) -> None:
    """Use an equal share of the cores, when `processes` processes run on the same ones.

    A number of threads that was chosen before is kept. BLAS gets the same number of threads.
    """
    global _num_threads
    if _num_threads is None and _threads_from_environment() is None:
        _num_threads = max(1, available_cores() // processes)
    from threadpoolctl import threadpool_limits

    threadpool_limits(num_threads(), user_api="blas")


def _threads_from_environment() -> int | None:
    for variable in ("MINIRES_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "").split(",")[0].strip()  # OMP's may be a list: "4,2"
        if value.isdigit() and int(value) > 0:
            return int(value)
    return None


def blas_libraries() -> list[str]:
    """The libraries behind NumPy's matrix products.

    Each is a line with its name, its version, and the kind of processor that its kernels are for.
    """
    from threadpoolctl import threadpool_info

    keys = "internal_api", "version", "architecture"
    return [
        " ".join(str(library.get(key) or "") for key in keys).strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
