"""Which pair of functions answers to a kernel's name."""

from contextlib import contextmanager
from importlib import import_module

from ..errors import unknown_name
from .kernel import Kernel, as_kernel

BACKENDS = ("cpu", "naive")                                       # for arrays of NumPy; those on a GPU have the backend gpu
FUSED = {"add_relu": ("add", "relu"),                          # kernel -> the kernels whose work it does in fewer passes
         "batch_norm_relu": ("batch_norm", "add", "relu"),
         "conv2d_relu": ("conv2d", "add", "relu")}

_backends = {}              # backend -> its kernels by name, filled as backends are imported
_backend = "cpu"            # the backend whose kernels are used on the CPU
_swapped = {}            # name -> kernel put in its place by use()
_fused = True            # whether kernels that do the work of several are used


def find(name, device="cpu", swapped=True):
    """The kernel that answers to `name` for arrays on `device`.

    The one swapped in by `use`, else, or unless `swapped`, that of the backend in use.
    """
    kernel = _swapped.get(name) if swapped else None
    return kernel if kernel is not None else _kernels(_backend if device == "cpu" else device)[name]


def device_function(name, device="cpu"):
    """The function or class `name` of a backend that is no kernel, for it has no derivative: `sgd`, `update_running_stats`, `prepare_images`."""
    return getattr(import_module(f"{__package__}.{device}"), name)


def use_fused(name):
    """Whether the kernel `name`, which does the work of several (`FUSED`), shall be used in their place.

    Not if one of these was swapped, for it is to be seen at work, or ``use(fused=False)`` was said; unless `name` itself was
    swapped.
    """
    return name in _swapped or _fused and not any(part in _swapped for part in FUSED[name])


def names():
    """The names of all kernels, in alphabetical order."""
    return sorted(_kernels("cpu"))


class use:
    """Swap in your own kernels, or another backend's: for good, or for the length of a ``with`` block.

    Parameters
    ----------
    backend : {"cpu", "naive"}, optional
        Take every kernel for arrays on the CPU from this backend.
    fused : bool, optional
        Whether kernels that do the work of several, such as batch_norm_relu, are used in their place. With False each
        of these can be timed, or seen by a hook, on its own.
    **pairs
        ``name=pair``: what computes that kernel from now on. A pair is a `Kernel`, an object or module with
        ``forward`` and ``backward``, or a tuple of the two. ``name=None`` puts the library's own back. On the GPU it is
        given arrays of CuPy, which NumPy's functions take too.

    Raises
    ------
    ConfigError
        For an unknown backend or kernel name (suggesting the nearest), or something that is no pair.

    Examples
    --------
    >>> import minires as mr
    >>> from minires.kernels import naive
    >>> with mr.kernels.use(relu=naive.relu):      # doctest: +SKIP
    ...     model(x)                               # runs on the loops of kernels/naive
    """

    def __init__(self, backend=None, /, *, fused=None, **pairs):
        global _backend, _swapped, _fused
        if backend is not None and backend not in BACKENDS:
            raise unknown_name("kernels.use", "backend", backend, BACKENDS)
        for name in pairs:
            if name not in _kernels("cpu"):
                raise unknown_name("kernels.use", "kernel", name, names())
        chosen = {name: as_kernel(name, pair, _kernels("naive")[name]) for name, pair in pairs.items() if pair is not None}

        self._before = _backend, _swapped, _fused
        _backend = backend or _backend
        _fused = _fused if fused is None else bool(fused)
        _swapped = {name: kernel for name, kernel in _swapped.items() if name not in pairs} | chosen

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        global _backend, _swapped, _fused
        _backend, _swapped, _fused = self._before


def in_use():
    """What `use` has set, for `as_it_was`."""
    return _backend, _swapped, _fused


@contextmanager
def as_it_was(settings):
    """Within: kernels are found as they were when `in_use` returned these settings."""
    global _backend, _swapped, _fused
    before, (_backend, _swapped, _fused) = in_use(), settings
    try:
        yield
    finally:
        _backend, _swapped, _fused = before


def _kernels(backend):
    """The kernels of a backend by name. A backend is imported when it is first asked for."""
    if backend not in _backends:
        module = import_module(f"{__package__}.{backend}")
        _backends[backend] = {name: value for name, value in vars(module).items()
                        if isinstance(value, type) and issubclass(value, Kernel)}
    return _backends[backend]
