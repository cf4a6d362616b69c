"""Which pair of functions answers to a kernel's name."""

import threading
import warnings
from importlib import import_module
from typing import Any, NamedTuple, Self

from ..checks import boolean
from ..errors import unknown_name
from ..types import Device
from .kernel import Kernel, as_kernel
from .scope import Block, Function, Setting

DEVICE_FUNCTIONS = ("sgd", "adam", "muon", "update_running_stats", "prepare_images")
BACKENDS = ("cpu", "naive")  # for NumPy's arrays; arrays on a GPU have the backend gpu
FUSED = {
    "add_relu": ("add", "relu"),  # kernel -> those whose work it does in fewer passes
    "batch_norm_relu": ("batch_norm", "add", "relu"),
    "conv2d_relu": ("conv2d", "add", "relu"),
}


class Choice(NamedTuple):
    """Which kernels answer. In a choice for a block, None leaves a setting as it is around it."""

    backend: str | None  # of the kernels for arrays on the CPU
    fused: bool | None  # whether kernels that do the work of several are used
    pairs: dict[str, type[Kernel] | None]  # name -> the one swapped in; None: the library's own

    def over(self, around: "Choice") -> "Choice":
        """This choice, completed by the one around it."""
        return Choice(
            self.backend or around.backend,
            around.fused if self.fused is None else self.fused,
            {**around.pairs, **self.pairs},
        )


_default = Choice("cpu", True, {})  # replaced by `set_default`, never changed in place
_changing = threading.Lock()
_blocks = Setting("kernels.use")
# Backend -> its kernels by name, filled as backends are imported.
_backends: dict[str, dict[str, type[Kernel]]] = {}


def find(name: str, device: Device = "cpu", swapped: bool = True) -> type[Kernel]:
    """The kernel that answers to `name` for arrays on `device`.

    That is the one swapped in, if there is one and `swapped` is true; else the backend's.
    """
    choice = in_use()
    kernel = choice.pairs.get(name) if swapped else None
    kernels = _kernels(choice.backend if device == "cpu" else device)
    if name not in kernels:
        raise unknown_name("kernels.find", "kernel", name, names())
    return kernel or kernels[name]


def device_function(name: str, device: Device = "cpu") -> Any:
    """A backend's function or class `name` that has no derivative, so that it is no kernel.

    They are `sgd`, `adam`, `muon`, `update_running_stats` and `prepare_images`.
    """
    function = getattr(import_module(f"{__package__}.{device}"), name, None)
    if function is None:
        raise unknown_name("kernels.device_function", "function", name, DEVICE_FUNCTIONS)
    return function


def use_fused(name: str) -> bool:
    """Whether to use the kernel `name`, one of `FUSED`, instead of the kernels whose work it does.

    Not with ``fused=False``, nor if one of those kernels was swapped, because the swapped one must
    run. In any case if `name` itself was swapped.
    """
    choice = in_use()
    swapped = {part for part, kernel in choice.pairs.items() if kernel is not None}
    return name in swapped or bool(choice.fused) and swapped.isdisjoint(FUSED[name])


def names() -> list[str]:
    """The names of all kernels, in alphabetical order."""
    return sorted(_kernels("cpu"))


class use(Block):
    """Swap in your own kernels, or another backend's, for the length of a ``with`` block.

    Only the code inside the block uses them: not other threads, other async tasks, or the code that
    consumes a generator. ``@use(...)`` does the same for each call of a function. Blocks may be
    nested. To change kernels for good there is `set_default`.

    Parameters
    ----------
    backend : {"cpu", "naive"}, optional
        Take every kernel for arrays on the CPU from this backend.
    fused : bool, optional
        Whether kernels that do the work of several, such as batch_norm_relu, are used. With False
        each of the several can be timed, or seen by a hook, on its own.
    **pairs
        ``name=pair``: the pair that computes the kernel `name`. A pair is a `Kernel`, an object or
        module with ``forward`` and ``backward``, or a tuple of the two. ``name=None`` is the
        library's own. On the GPU a pair is given CuPy's arrays, which NumPy's functions take too.

    Raises
    ------
    ConfigError
        For an unknown backend or kernel name (suggesting the nearest), or if `pair` is no pair.

    Examples
    --------
    >>> import minires as mr
    >>> from minires.kernels import naive
    >>> with mr.kernels.use(relu=naive.relu):      # doctest: +SKIP
    ...     model(x)                               # runs on the loops of kernels/naive
    """

    _used = True  # until the arguments are found to be right: see __del__

    def __init__(
        self, backend: str | None = None, *, fused: bool | None = None, **pairs: Any
    ) -> None:
        super().__init__(_blocks, _checked("kernels.use", backend, fused, pairs))
        self._used = False

    def __enter__(self) -> Self:
        self._used = True
        return super().__enter__()

    def __call__(self, function: Function) -> Function:
        self._used = True
        return super().__call__(function)

    def __del__(self) -> None:
        if not self._used:
            warnings.warn(
                "kernels.use: changed nothing, because it acts in a block: write `with "
                "kernels.use(...):`, or kernels.set_default(...) for good",
                stacklevel=2,
            )


def set_default(backend: str | None = None, *, fused: bool | None = None, **pairs: Any) -> None:
    """Choose kernels for good, in all threads of this process. `use` blocks still take precedence.

    Parameters and errors are those of `use`. ``set_default(relu=None)`` puts the library's own relu
    back, ``set_default("cpu", fused=True)`` the backend and the fused kernels.
    """
    global _default
    choice = _checked("kernels.set_default", backend, fused, pairs)
    with _changing:
        _default = choice.over(_default)


def in_use() -> Choice:
    """The choice in force here: the default, and over it the blocks around the running code."""
    choice = _default
    for block in _blocks.values():
        choice = block.over(choice)
    return choice


def as_it_was(choice: Choice) -> Block:
    """A block in which kernels are found as they were when `in_use` returned this choice."""
    return Block(_blocks, choice._replace(pairs=dict.fromkeys(names()) | choice.pairs))


def _checked(where, backend, fused, pairs):
    """The arguments of `use` as a `Choice`."""
    if backend is not None and backend not in BACKENDS:
        raise unknown_name(where, "backend", backend, BACKENDS)
    for name in pairs:
        if name not in _kernels("cpu"):
            raise unknown_name(where, "kernel", name, names())
    naive = _kernels("naive")
    chosen = {
        name: None if pair is None else as_kernel(name, pair, naive[name], where)
        for name, pair in pairs.items()
    }
    fused = None if fused is None else boolean(where, "fused", fused)
    return Choice(backend, fused, chosen)


def _kernels(backend):
    """The kernels of a backend by name. A backend is imported when it is first asked for."""
    if backend not in _backends:
        module = import_module(f"{__package__}.{backend}")
        _backends[backend] = {
            name: value
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Kernel)
        }
    return _backends[backend]
