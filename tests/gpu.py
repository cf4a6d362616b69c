"""For tests of code that runs on a GPU: a simulated one everywhere, and a real one with ``pytest -m
gpu``."""

from contextlib import contextmanager

import numpy as np
import pytest

from minires import backend
from minires.backend import cupy_import
from minires.kernels import Kernel
from minires.kernels.gpu import launch

from . import simulator

SIMULATED, REAL = "simulated GPU", "GPU"
GPUS = (SIMULATED, pytest.param(REAL, marks=pytest.mark.gpu))


@contextmanager
def in_use(which):
    """Within: minires computes on this GPU. Skips the test, with the reason, where there is no C++
    compiler to simulate one."""
    before = cupy_import._cupy
    try:
        if which == SIMULATED:
            if simulator.missing():
                pytest.skip(simulator.missing())
            cupy_import._cupy = simulator.cupy
        else:
            cupy_import._cupy = None
            backend.cupy()
        launch._kernels.clear()  # compiled kernels belong to one GPU
        yield
    finally:
        cupy_import._cupy = before
        launch._kernels.clear()


def backend_on_arrays_of_numpy():
    """The kernels of `kernels/gpu` called with NumPy arrays, like all other backends: arrays are
    copied to the GPU, and results back."""
    from minires.kernels import gpu

    return Backend(
        {
            name: _adapt(name, value)
            for name, value in vars(gpu).items()
            if isinstance(value, type) and issubclass(value, Kernel)
        }
    )


class Backend:
    def __init__(self, kernels):
        vars(self).update(kernels)


def _adapt(name, kernel):
    def forward(*arrays, **settings):
        moved = [_to_gpu(array) for array in arrays]
        settings = {
            key: _to_gpu(value) if _belongs_there(value) else value
            for key, value in settings.items()
        }
        y, cache = kernel.forward(*moved, **settings)
        _check_untouched(moved, arrays)
        return to_cpu(y), Cache(cache)

    def backward(dy, cache):
        return _results(dy, lambda moved: kernel.backward(moved, cache.whole))

    def backward_of_needed(dy, cache, needs=None):
        return _results(
            dy, lambda moved: kernel.backward(moved, cache.whole, *([needs] if needs else []))
        )

    return type(
        name,
        (Kernel,),
        {"forward": forward, "backward": backward_of_needed if kernel.takes_needs else backward},
    )


class Cache:
    """A kernel's cache, with the statistics that tests look at, on the CPU."""

    def __init__(self, whole):
        self.whole = whole
        if hasattr(whole, "mean") and hasattr(whole, "var"):
            self.mean, self.var = to_cpu(whole.mean), to_cpu(whole.var)


def _results(dy, backward):
    moved = _to_gpu(dy)
    gradients = backward(moved)
    _check_untouched([moved], [dy])
    return tuple(map(to_cpu, gradients)) if isinstance(gradients, tuple) else to_cpu(gradients)


def _to_gpu(value):
    return (
        backend.move(np.asarray(value), "gpu")
        if isinstance(value, (np.ndarray, np.generic))
        else value
    )


def to_cpu(value):
    """A NumPy array with the same numbers; anything but an array is returned as it is."""
    return backend.move(value, "cpu") if backend.is_array(value) else value


def _belongs_there(value):
    """Statistics and masks do. Labels are checked on the CPU, and the kernel moves them."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fb"


def _check_untouched(moved, originals):
    for on_gpu, original in zip(moved, originals):
        if isinstance(original, np.ndarray):
            assert np.array_equal(to_cpu(on_gpu), original, equal_nan=True), (
                "a kernel has changed what it was given"
            )
