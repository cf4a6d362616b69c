"""How many threads the CPU kernels use, and the libraries that multiply matrices for them."""

import os

from ..checks import integer

_num_threads: int | None = None


def available_cores() -> int:
    """The number of cores this process may run on.

    Under taskset, or in a container that is pinned to some of them, they are fewer than the machine
    has. A limit on time, such as ``docker run --cpus``, is not seen here.
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
    limit_blas()


def limit_blas() -> None:
    """Give BLAS as many threads as the CPU kernels use. Otherwise it takes all cores.

    The kernels do not need it. It is for NumPy's other functions, such as ``np.linalg.svd``, in one
    of several processes that share the cores.
    """
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
