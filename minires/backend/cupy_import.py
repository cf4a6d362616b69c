"""CuPy, imported when a GPU is first needed; if that fails, an error says what is missing."""

from types import ModuleType
from typing import Any

from ..errors import DeviceError

_cupy: Any = None  # the module, once a GPU has been needed and found


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


def gpu_is_used() -> bool:
    """Whether this process has needed a GPU, and found it."""
    return _cupy is not None


def _find_cupy(where):
    cupy = _imported(where)
    _check_gpu(cupy, where)
    _check_libraries(cupy, where)
    return cupy


def _imported(where):
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
    return cupy


def _check_gpu(cupy, where):
    """Raise DeviceError where CuPy sees no GPU."""
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


def _check_libraries(cupy, where):
    """Raise DeviceError where kernels cannot be compiled, or matrices not multiplied."""
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


def _install(how: str) -> str:
    return f'pip install "cupy-cuda12x[ctk]", or cuda13x for CUDA 13 ({how})'
