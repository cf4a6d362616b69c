"""Launching a kernel, with every check that tells a mistake from a launch that a GPU would
accept."""

import ctypes
from operator import index
from signal import Signals

import numpy as np

from .arrays import ndarray
from .compiler import load
from .device import CUDADriverError, check_alive, launches, live, state

C_TYPES = {
    "bool": ctypes.c_bool,
    "int8": ctypes.c_int8,
    "uint8": ctypes.c_uint8,
    "int32": ctypes.c_int32,
    "uint32": ctypes.c_uint32,
    "int64": ctypes.c_int64,
    "uint64": ctypes.c_uint64,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
}
MOST_BLOCKS, MOST_THREADS, MOST_THREADS_OF_BLOCK = (2**31 - 1, 65535, 65535), (1024, 1024, 64), 1024


class _Size(ctypes.Structure):
    _fields_ = [(axis, ctypes.c_uint) for axis in "xyz"]


class _Failure(ctypes.Structure):
    _fields_ = [("signal", ctypes.c_int), ("lines", ctypes.c_int * 2)]


class RawModule:
    """Source code, as for CuPy's RawModule: it is compiled when the first kernel is requested."""

    def __init__(self, *, code, options=(), backend="nvrtc"):
        self._code, self._options = code, tuple(options)

    def get_function(self, name):
        check_alive()
        library, names = load(self._code, self._options)
        if name not in names:
            raise CUDADriverError("CUDA_ERROR_NOT_FOUND: named symbol not found")
        return Kernel(library, name)


class Kernel:
    """A kernel that can be launched: ``kernel(grid, block, arguments)``.

    Raises
    ------
    TypeError
        For arguments that a GPU would misread: of another type or number than declared, on the
        host, or not contiguous.
    CUDADriverError
        For a grid or block that no GPU takes.
    RuntimeError
        If the kernel wrote out of bounds, used a wild address, or its threads parted at a barrier.
    """

    def __init__(self, library, name):
        self.name = name
        parameters = getattr(library, f"parameters_{name}")
        parameters.restype = ctypes.POINTER(ctypes.c_char_p)
        self._types = []
        while (text := parameters()[len(self._types)]) is not None:
            self._types.append(text.decode())
        self._launch = getattr(library, f"launch_{name}")
        self._launch.argtypes = (
            _Size,
            _Size,
            ctypes.c_void_p,
            ctypes.c_bool,
            ctypes.POINTER(_Failure),
        )
        self._launch.restype = ctypes.c_bool

    def __call__(self, grid, block, args, *, shared_mem=0):
        check_alive()
        if shared_mem:
            raise NotImplementedError("shared memory of a size set at launch is not simulated")
        grid, block = (
            self._size("grid", grid, MOST_BLOCKS),
            self._size("block", block, MOST_THREADS),
        )
        if np.prod(block) > MOST_THREADS_OF_BLOCK:
            raise CUDADriverError(
                f"CUDA_ERROR_INVALID_VALUE: {self.name}: a block of {block} has more than "
                "1024 threads"
            )
        if len(args) != len(self._types):
            raise TypeError(f"{self.name}: expected {len(self._types)} arguments, got {len(args)}")
        values = [
            self._value(place, kind, arg)
            for place, (kind, arg) in enumerate(zip(self._types, args))
        ]
        table = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))

        launches.append((self.name, grid, block))
        failure = _Failure()
        good = self._launch(_Size(*grid), _Size(*block), table, state.descending, failure)
        # A table of pointers may lead to any array.
        buffers = (
            list(live.values())
            if "*uint64" in self._types
            else {arg._buffer for arg in args if isinstance(arg, ndarray)}
        )
        for buffer in buffers:
            buffer.check_guards(self.name)
        if failure.signal:
            raise RuntimeError(
                f"{self.name}: {Signals(failure.signal).name}: a wild address, or an "
                "integer divided by zero"
            )
        if not good:
            places = [
                f"wait in line {line}" if line else "have finished"
                for line in sorted(failure.lines, reverse=True)
            ]
            raise RuntimeError(
                f"{self.name}: barrier divergence: some threads {places[0]}, others of the "
                f"block {places[1]}"
            )

    def _size(self, what, size, most):
        """A grid or block with all three axes."""
        if not isinstance(size, tuple) or not 1 <= len(size) <= 3:
            raise TypeError(f"{self.name}: {what}: expected a tuple of 1 to 3 ints, got {size!r}")
        full = tuple(map(index, size)) + (1,) * (3 - len(size))
        if any(not 1 <= n <= limit for n, limit in zip(full, most)):
            raise CUDADriverError(
                f"CUDA_ERROR_INVALID_VALUE: {self.name}: {what}: expected 1 to {most}, got {size}"
            )
        return full

    def _value(self, place, kind, arg):
        """An argument as C passes it: the address of an array, or a number of just the size that
        the kernel reads."""
        where = f"{self.name}: argument {place}"
        if kind.startswith("*"):
            if not isinstance(arg, ndarray):
                raise TypeError(f"{where}: expected a device array, got {type(arg)}")
            if arg.dtype != kind[1:]:
                raise TypeError(f"{where}: expected an array of {kind[1:]}, got {arg.dtype}")
            if not arg.flags.c_contiguous:
                raise TypeError(
                    f"{where}: the array is not C-contiguous: shape {arg.shape}, strides "
                    f"{arg.strides}"
                )
            return ctypes.c_void_p(arg.data.ptr)
        # CuPy passes NumPy's scalars as they are, Python's in eight bytes.
        given = (
            arg.dtype.name
            if isinstance(arg, np.generic)
            else {int: "int64", float: "float64", bool: "bool"}.get(type(arg))
        )
        if given != kind or kind not in C_TYPES:
            raise TypeError(
                f"{where}: expected np.{kind}, got {type(arg)}"
                + (f", passed as {given}" if given else "")
            )
        return C_TYPES[kind](arg.item() if isinstance(arg, np.generic) else arg)
