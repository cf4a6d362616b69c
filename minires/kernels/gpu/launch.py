"""Compiling the CUDA files of this folder, and starting their kernels.

NVRTC compiles a file when one of its kernels is first needed, for the GPU at hand; CuPy keeps the result on disk. `real` in a
file is float or double: each is compiled once for either.
"""

from pathlib import Path

import numpy as np

from ... import backend
from ...errors import DeviceError, DtypeError

THREADS = 256                # in a block
REAL = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}

_kernels = {}                # (file, kernel, dtype) -> what starts it


def launch(file, kernel, dtype, blocks, threads, *arguments):
    """Start a kernel.

    Parameters
    ----------
    file, kernel : str
        ``"im2col", "im2col_backward"``: the kernel of that name in ``im2col.cu``.
    dtype : np.dtype
        What `real` stands for: float32 or float64.
    blocks, threads : int or tuple of int
        The grid, in blocks, and the block, in threads. Without blocks there is nothing to do.
    *arguments
        Arrays on the GPU, row by row in memory; ints (passed as 32 bits) and floats (passed as `real`).
    """
    blocks, threads = _axes(blocks), _axes(threads)
    if 0 not in blocks:
        _find(file, kernel, np.dtype(dtype))(blocks, threads, tuple(_pass(argument, np.dtype(dtype)) for argument in arguments))


def for_each(elements):
    """The grid and block that give each of so many elements a thread."""
    return -(-elements // THREADS), THREADS


def contiguous(array):
    """`array` row by row in memory: itself, or a copy."""
    return array if array.flags.c_contiguous else array.copy()


def empty(shape, dtype):
    """A new array on the GPU, whatever is in its memory."""
    return backend.cupy().empty(shape, dtype)


def elementwise(file, kernel, *arrays):
    """Start a kernel that works element by element, on arrays of one shape; the result."""
    y = empty(arrays[0].shape, arrays[0].dtype)
    launch(file, kernel, y.dtype, *for_each(y.size), *map(contiguous, arrays), y, y.size)
    return y


def source(file):
    """The text of a CUDA file, for a compiler that is to name its lines in errors."""
    return f'#line 1 "{file}.cu"\n' + Path(__file__).with_name(f"{file}.cu").read_text()


def options(dtype):
    """What the compiler is told beside: what `real` stands for, and how many threads are in a block."""
    return f"-DREAL={REAL[dtype]}", f"-DTHREADS={THREADS}"


def _axes(size):
    return size if isinstance(size, tuple) else (size,)


def _pass(argument, dtype):
    """An argument as CUDA is to see it: CuPy would pass Python's numbers in 64 bits, and any array as an address."""
    if backend.is_array(argument):
        if backend.device_of(argument) != "gpu":
            raise DeviceError("gpu", "an array for a kernel", "on the gpu", "on the cpu", "move it there")
        if argument.dtype.kind == "f" and argument.dtype != dtype:
            raise DtypeError("gpu", "arrays of two dtypes", f"all {dtype}", f"one {argument.dtype}")
        return argument
    if isinstance(argument, int):
        if not -2 ** 31 <= argument < 2 ** 31:
            raise DeviceError("gpu", "an array is too large for the kernels, which count in 32 bits", "fewer than 2^31 elements",
                              str(argument), "take fewer images at once")
        return np.int32(argument)
    return dtype.type(argument) if isinstance(argument, float) else argument


def _find(file, kernel, dtype):
    key = file, kernel, dtype
    if key not in _kernels:
        if dtype not in REAL:
            raise DtypeError(f"{file}.cu", "array", "float32 or float64", str(dtype))
        module = backend.cupy().RawModule(code=source(file), options=options(dtype), backend="nvrtc")
        try:
            _kernels[key] = module.get_function(kernel)
        except backend.gpu_errors() as error:
            raise DeviceError(f"minires/kernels/gpu/{file}.cu", "was compiled, but the GPU does not take it", None, str(error),
                              "is the driver as new as CUDA's libraries? see nvidia-smi, and pip list") from error
        except backend.cupy().cuda.compiler.CompileException as error:
            lines = [line for line in error.get_message().splitlines() if "error" in line]
            raise DeviceError(f"minires/kernels/gpu/{file}.cu", "does not compile for this GPU", None,
                              "; ".join(lines[:3]) or error.get_message(), f"wanted for the kernel {kernel}") from error
    return _kernels[key]
