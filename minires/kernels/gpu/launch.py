"""Compile the CUDA files of this folder, and launch their kernels.

When a kernel is first needed, NVRTC compiles its file for the GPU at hand; CuPy keeps the result on
disk. In a file `real` stands for float or double, so each dtype has a compiled kernel of its own.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ... import backend
from ...errors import DeviceError, DtypeError
from ...types import Array, Shape

THREADS = 256  # in a block
REAL = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}

_kernels: dict[tuple[str, str, np.dtype], Any] = {}  # (file, kernel, dtype) -> the compiled kernel


def launch(
    file: str,
    kernel: str,
    dtype: DTypeLike,
    grid: int | tuple[int, ...],
    block: int | tuple[int, ...],
    *arguments: Any,
) -> None:
    """Launch a kernel.

    Parameters
    ----------
    file, kernel : str
        Name of the file without ``.cu``, and of the kernel in it: ``"im2col", "im2col_backward"``.
    dtype : np.dtype
        What `real` stands for: float32 or float64.
    grid, block : int or tuple of int
        The number of blocks in the grid, and of threads in a block, along each axis. If the grid
        has no blocks, nothing is launched.
    *arguments
        Contiguous arrays on the GPU, ints (passed as 32 bits) and floats (passed as `real`).

    Raises
    ------
    DtypeError
        If `dtype` is neither float32 nor float64, or an array of floats has another dtype.
    DeviceError
        If an array is on the CPU, an int does not fit into 32 bits, or the kernel does not compile
        or run on this GPU.
    """
    dtype = np.dtype(dtype)
    grid, block = _as_tuple(grid), _as_tuple(block)
    if 0 not in grid:
        arguments = tuple(_kernel_argument(argument, dtype) for argument in arguments)
        _compiled(file, kernel, dtype)(grid, block, arguments)


def one_thread_each(elements: int) -> tuple[int, int]:
    """(grid, block) for one thread per element: the number of blocks, and of threads in each."""
    return -(-elements // THREADS), THREADS


def contiguous(array: Array) -> Array:
    """`array` itself if it is contiguous, otherwise a contiguous copy."""
    return array if array.flags.c_contiguous else array.copy()


def empty(shape: int | Shape, dtype: DTypeLike) -> Array:
    """A new array on the GPU, whose numbers are not set."""
    return backend.cupy().empty(shape, dtype)


def elementwise(file: str, kernel: str, *arrays: Array) -> Array:
    """Launch a kernel that works element by element on arrays of one shape; return its result."""
    y = empty(arrays[0].shape, arrays[0].dtype)
    launch(file, kernel, y.dtype, *one_thread_each(y.size), *map(contiguous, arrays), y, y.size)
    return y


def source(file: str) -> str:
    """The text of a CUDA file, with a first line that makes the compiler's errors name the file."""
    return f'#line 1 "{file}.cu"\n' + Path(__file__).with_name(f"{file}.cu").read_text(
        encoding="utf-8"
    )


def options(dtype: np.dtype) -> tuple[str, str]:
    """The compiler's options: the type that `real` stands for, and the threads in a block."""
    return f"-DREAL={REAL[dtype]}", f"-DTHREADS={THREADS}"


def _as_tuple(size: int | tuple[int, ...]) -> tuple[int, ...]:
    return size if isinstance(size, tuple) else (size,)


def _kernel_argument(argument, dtype):
    """Check an argument and convert it to the type that the kernel declares.

    CuPy itself would pass Python's numbers in 64 bits, and the address of an array of any dtype.
    """
    if backend.is_array(argument):
        if backend.device_of(argument) != "gpu":
            raise DeviceError(
                "gpu", "an array for a kernel", "on the gpu", "on the cpu", "move it there"
            )
        if argument.dtype.kind == "f" and argument.dtype != dtype:
            raise DtypeError("gpu", "arrays of two dtypes", f"all {dtype}", f"one {argument.dtype}")
        return argument
    if isinstance(argument, int):
        if not -(2**31) <= argument < 2**31:
            what = "an array is too large for the kernels, which count in 32 bits"
            raise DeviceError(
                "gpu", what, "fewer than 2^31 elements", str(argument), "take fewer images at once"
            )
        return np.int32(argument)
    return dtype.type(argument) if isinstance(argument, float) else argument


def _compiled(file, kernel, dtype):
    key = file, kernel, dtype
    if key not in _kernels:
        if dtype not in REAL:
            raise DtypeError(f"{file}.cu", "array", "float32 or float64", str(dtype))
        module = backend.cupy().RawModule(
            code=source(file), options=options(dtype), backend="nvrtc"
        )
        path = f"minires/kernels/gpu/{file}.cu"
        try:
            _kernels[key] = module.get_function(kernel)
        except backend.gpu_errors() as error:
            todo = "is the driver as new as CUDA's libraries? see nvidia-smi, and pip list"
            raise DeviceError(
                path, "was compiled, but this GPU cannot load it", None, str(error), todo
            ) from error
        except backend.cupy().cuda.compiler.CompileException as error:
            lines = [line for line in error.get_message().splitlines() if "error" in line]
            raise DeviceError(
                path,
                "does not compile for this GPU",
                None,
                "; ".join(lines[:3]) or error.get_message(),
                f"wanted for the kernel {kernel}",
            ) from error
    return _kernels[key]
