"""The simulated device: its memory, its errors, and controls for tests."""

from itertools import count
from types import SimpleNamespace
from weakref import WeakValueDictionary

import numpy as np

TOTAL_MEMORY = 8 * 2**30
GUARD = 4096  # bytes around each allocation that no kernel may write to

state = SimpleNamespace(used=0, limit=None, lost=False, descending=False)
launches = []  # (kernel, grid, block) of each launch; tests may clear it
live = WeakValueDictionary()  # id of its NumPy array -> Buffer
_numbers = count(1)


class CUDARuntimeError(RuntimeError):
    status = 700


class CUDADriverError(RuntimeError):
    pass


class CUBLASError(RuntimeError):
    pass


class OutOfMemoryError(MemoryError):
    def __init__(self, size, total, limit=0):
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes, "
            f"limit set to: {limit:,} bytes)."
        )


class CompileException(Exception):
    def __init__(self, msg, source, name, options, backend="nvrtc"):
        super().__init__(msg)
        self.source, self.name, self.options, self.backend = source, name, options, backend

    def get_message(self):
        return self.args[0]


def limit_memory(limit):
    """Let no more than `limit` bytes be allocated at a time; None for what the device has."""
    state.limit = limit


def lose_device():
    """Fail every launch, allocation and copy from now on, as a GPU does after an illegal access,
    until `reset`."""
    state.lost = True


def reset():
    """Return to a working device without limits, with threads in ascending order and no recorded
    launches."""
    state.lost, state.limit, state.descending = False, None, False
    launches.clear()


def check_alive():
    if state.lost:
        raise CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")


class thread_order:
    """Run blocks, and the threads of each, in "ascending" or "descending" order: for good, or for a
    ``with`` block.

    A kernel whose results differ between the two has a race: most likely a barrier is missing.
    """

    def __init__(self, order):
        if order not in ("ascending", "descending"):
            raise ValueError(f"order: expected 'ascending' or 'descending', got {order!r}")
        self._before, state.descending = state.descending, order == "descending"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        state.descending = self._before


def garbage(dtype):
    """Eight bytes that show where they are read. No two arrays have the same, so that a copy of
    them shows as well.

    Floats are signalling NaNs: unlike quiet ones, they change in every addition or multiplication.
    Integers are large.
    """
    number = next(_numbers) % 65521
    word = {
        np.float64: 0x7FF4_0000_0000_0000 + number,
        np.float32: 0x7FA0_0000_7FA0_0000 + number * 0x1_0000_0001,
    }
    return np.uint64(word.get(np.dtype(dtype).type, 0x0101_0101_0101_0101 * (0x60 + number % 31)))


class Buffer:
    """Device memory of `nbytes`, full of garbage that suits `dtype`, between two guards of the
    same.

    Attributes
    ----------
    memory : np.ndarray of uint8
    """

    nbytes = 0  # what __del__ gives back if __init__ failed

    def __init__(self, nbytes, dtype):
        check_alive()
        limit = TOTAL_MEMORY if state.limit is None else state.limit
        if state.used + nbytes > limit:
            raise OutOfMemoryError(nbytes, state.used, limit)
        root = np.full((nbytes + 2 * GUARD + 256) // 8 + 1, garbage(dtype))
        self._start = GUARD + -(root.ctypes.data + GUARD) % 256  # CUDA aligns to 256 bytes
        self._stop = self._start + nbytes
        self._bytes = root.view(np.uint8)
        self._word = root[0].tobytes()
        self.memory = self._bytes[self._start : self._stop]
        self.nbytes, self.dtype = nbytes, np.dtype(dtype)
        state.used += nbytes
        live[id(root)] = self

    def __del__(self):
        state.used -= self.nbytes

    def check_guards(self, kernel):
        """Raise RuntimeError if `kernel` has written out of bounds."""
        pattern = self._word * (GUARD // 4)
        for start, stop in ((0, self._start), (self._stop, self._stop + GUARD)):
            guard, expected = self._bytes[start:stop], pattern[start % 8 :][: stop - start]
            if guard.tobytes() == expected:
                continue
            changed = np.flatnonzero(guard != np.frombuffer(expected, np.uint8))
            element = (start + changed[0 if start else -1] - self._start) // self.dtype.itemsize
            guard[:] = np.frombuffer(
                expected, np.uint8
            )  # otherwise the next kernel would be blamed as well
            size = self.nbytes // self.dtype.itemsize
            raise RuntimeError(
                f"{kernel}: wrote out of bounds: to element {element} of {size} ({self.dtype})"
            )
