"""Which device an array lives on, and moving it to another."""

from typing import TypeGuard

import numpy as np

from ..errors import ConfigError, unknown_name
from ..types import Array, Device
from .cupy_import import cupy, gpu_is_used

#: The devices on which arrays can be.
DEVICES: tuple[Device, ...] = ("cpu", "gpu")


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


def device_of(array: object) -> Device:
    """Where an array lives: ``"cpu"``, or ``"gpu"`` for an array of CuPy."""
    if type(array) is np.ndarray:
        return "cpu"
    if not gpu_is_used() and type(array).__module__.split(".")[0] == "cupy":
        cupy("an array of CuPy")  # the caller made it before minires needed the GPU
    return "gpu" if gpu_is_used() and isinstance(array, cupy().ndarray) else "cpu"


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
    return cupy().asarray(array) if device == "gpu" else cupy().asnumpy(array)


def assign(target: Array, source: Array) -> None:
    """Copy the numbers of `source` into `target`, which may be on another device.

    Both arrays have the same shape and dtype.
    """
    target[...] = move(source, device_of(target))


def copy(array: Array) -> Array:
    """A copy of `array` on its own device."""
    return array.copy() if device_of(array) == "gpu" else np.array(array)


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
