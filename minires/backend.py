"""Which device arrays live on, and how many threads the CPU kernels use."""

import os

from .errors import ConfigError, DeviceError

_num_threads = None


def check_device(device, where="device"):
    """Return `device` if this installation can compute on it.

    Raises
    ------
    DeviceError
        For any device but ``"cpu"``: this version has no kernels for another one.
    """
    if device == "cpu":
        return device
    raise DeviceError(where, "no kernels for this device in this version of minires", "'cpu'", repr(device))


def available_cores():
    """The cores this process may run on (fewer than the machine has, in a container or under taskset)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_threads():
    """How many threads the CPU kernels use.

    The number given to `set_num_threads`; else ``MINIRES_THREADS``; else ``OMP_NUM_THREADS``, which clusters
    set; else every core this process may use.
    """
    global _num_threads
    if _num_threads is None:
        _num_threads = _threads_from_environment() or available_cores()
    return _num_threads


def set_num_threads(threads):
    """Set how many threads the CPU kernels use. Results are the same to the bit with any number of them.

    Raises
    ------
    ConfigError
        If `threads` is not a whole number of at least 1.
    """
    global _num_threads
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ConfigError("set_num_threads", "number of threads", "a whole number of at least 1", repr(threads))
    _num_threads = threads


def _threads_from_environment():
    for variable in ("MINIRES_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "").split(",")[0].strip()      # OMP_NUM_THREADS may be a list: "4,2"
        if value.isdigit() and int(value) > 0:
            return int(value)
    return None
