"""Tensor: an array that remembers how it came about.

Each operation (see `operators.py`, `functional.py`) finds its kernel, runs it on the arrays, and is
recorded on the tape (`tape.py`): that is `apply`, below the class.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import backend
from ..errors import DeviceError, DtypeError, GraphError, ShapeError
from ..kernels import Kernel
from ..types import Array, ArrayLike, Device
from .graph import small_graph
from .hooks import RemovableHandle
from .operators import Operators
from .recording import is_recording
from .tape import Node, run_forward, walk_back


class Tensor(Operators):
    """An n-dimensional array of float32 or float64 that `backward` can find a gradient for.

    Parameters
    ----------
    data : array_like
        float32 and float64 arrays are taken as they are, without a copy, also those of CuPy;
        integers, booleans and Python numbers become float32.
    requires_grad : bool
        Whether `backward` leaves dL/d(this) in ``.grad``.

    Attributes
    ----------
    data : np.ndarray, or cupy.ndarray on the GPU
    grad : the same, or None
        Set by `backward`, which adds to what is there: ``grad = None`` between steps.

    Raises
    ------
    DtypeError
        For data of another kind (text, complex, float16, ...).
    """

    __slots__ = ("data", "grad", "requires_grad", "_node", "__weakref__", "__dict__")

    def __init__(self, data: ArrayLike, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            raise DtypeError(
                "Tensor",
                "data is a Tensor already",
                "an array",
                "a Tensor",
                "use .detach() for one off the tape",
            )
        self.data = _as_float_array(data)
        self.grad: Array | None = None
        self.requires_grad = requires_grad
        self._node: Node | None = None

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise GraphError(
                "Tensor",
                "NumPy would lose this Tensor's gradient",
                "a Tensor off the tape",
                "requires_grad=True",
                "pass .data to NumPy" + (", or .item(), its number" if self.size == 1 else ""),
            )
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        source = f", from {self._node.name}" if self._node is not None and self._node.kernel else ""
        grad = ", requires_grad=True" if self.requires_grad and not source else ""
        place = ", gpu" if self.device == "gpu" else ""
        array = backend.move(self.data, "cpu")
        numbers = np.array2string(array, precision=4, threshold=20, prefix="Tensor(")
        return f"Tensor({numbers}, {self.dtype}{place}{grad}{source})"

    def _repr_svg_(self):
        """For notebooks: how this was computed, if in few steps (`graph`)."""
        return small_graph(self)

    # One number

    def item(self) -> float:
        """The number in a Tensor of one element."""
        if self.size != 1:
            raise ShapeError("item", "more or fewer than one element", "one", f"shape {self.shape}")
        return self.data.item()

    def __float__(self) -> float:
        return self.item()

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                "bool",
                "only a Tensor of one element is true or false",
                "one element",
                f"shape {self.shape}",
                "write (x != 0).any() or (x != 0).all()",
            )
        return bool(self.item())

    # Other Tensors and arrays of the same numbers

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor was not computed from others that require a gradient."""
        return self._node is None or self._node.kernel is None

    def numpy(self) -> np.ndarray:
        """The NumPy array itself, not a copy. On the GPU a DeviceError: copies are never hidden."""
        if self.device != "cpu":
            raise DeviceError(
                "Tensor",
                "NumPy cannot see this Tensor's memory",
                "one on the cpu",
                f"one on the {self.device}",
                'copy it first: .to("cpu")',
            )
        return self.data

    def detach(self) -> "Tensor":
        """A Tensor on the same array, off the tape: a constant from here on."""
        return Tensor(self.data)

    def clone(self) -> "Tensor":
        """A copy with an array of its own; gradients flow through it to this Tensor."""
        return record("clone", Copy, (self,), backend.copy(self.data), None)

    def to(self, device: Device) -> "Tensor":
        """This Tensor on `device`, ``"cpu"`` or ``"gpu"``: itself if it is there, else a copy.

        Gradients flow back through the copy. Raises DeviceError if the GPU cannot be used.
        """
        if backend.check_device(device, "Tensor.to") == self.device:
            return self
        return record("to", Move, (self,), backend.move(self.data, device), self.device)

    def move_(self, device: Device) -> None:
        """Move this Tensor itself, with its gradient and hooks.

        For leaves only: Tensors that were computed from it stay where they are.
        """
        if self.device != device:
            hooks = {} if self._node is None else self._node.hooks
            self.data = backend.move(self.data, device)
            self.grad = None if self.grad is None else backend.move(self.grad, device)
            self._node = None
            if hooks:
                _node_of(self).hooks = hooks

    def changed_in_place(self) -> None:
        """Say that the numbers in ``data`` were overwritten, as an optimiser's step does.

        `backward` of what was computed from the old ones then raises a GraphError, instead of
        finding the gradient at other numbers.
        """
        if self._node is not None:
            self._node.version += 1

    def __getstate__(self) -> tuple[Any, ...]:
        """A copied or pickled Tensor is a leaf: the tape and its hooks belong to the original."""
        return self.data, self.grad, self.requires_grad, vars(self)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.data, self.grad, self.requires_grad, attributes = state
        self._node = None
        vars(self).update(attributes)

    # Gradients

    def register_hook(self, hook: Callable[[Array], Array | None]) -> RemovableHandle:
        """Have ``hook(gradient)`` called when `backward` has found dL/d(this), an array.

        If it returns an array of the same shape, that array replaces the gradient.
        """
        if not self.requires_grad:
            raise GraphError(
                "register_hook",
                "this Tensor gets no gradient",
                "requires_grad=True, or a result of such Tensors",
                "requires_grad=False",
            )
        return RemovableHandle(_node_of(self).hooks, hook)

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Find dL/dx for each Tensor x behind this one that requires it, and add it to ``x.grad``.

        L is this Tensor. The tape is used up on the way, so that memory is freed.

        Parameters
        ----------
        gradient : array_like, optional
            dL/d(this), of this shape. For a single number it is 1 and can be left out.

        Raises
        ------
        GraphError
            If this Tensor requires no gradient, or an earlier backward has used up the tape.
        ShapeError
            If `gradient` has another shape, or is left out where it is needed; or if a kernel's
            backward returns a gradient of the wrong shape.
        """
        if not self.requires_grad:
            raise GraphError(
                "backward",
                "this Tensor requires no gradient",
                "a result of Tensors with requires_grad=True",
                "one of Tensors without it, or computed under no_grad",
            )
        if gradient is None:
            if self.size != 1:
                raise ShapeError(
                    "backward",
                    "gradient can be left out only for a one-element Tensor",
                    "one element, such as a mean loss",
                    f"shape {self.shape}",
                    "reduce to one number first, or pass dL/d(this) as `gradient`",
                )
            gradient = np.ones_like(self.data)
        if backend.is_array(gradient) and backend.device_of(gradient) != self.device:
            raise DeviceError(
                "backward",
                "gradient",
                f"an array on the {self.device}",
                f"one on the {backend.device_of(gradient)}",
            )
        gradient = backend.move(backend.as_array(gradient), self.device)
        gradient = gradient.astype(self.dtype, copy=False)
        if gradient.shape != self.shape:
            raise ShapeError(
                "backward", "gradient", f"shape {self.shape}", f"shape {gradient.shape}"
            )
        walk_back(_node_of(self), gradient)

    # What `Operators` builds on

    def _apply(self, kernel, *others, **settings):
        return apply(kernel, self, *others, **settings)

    def _operand(self, other):
        """The other operand as a Tensor.

        Python numbers, lists of them and integer arrays take this Tensor's dtype, and a number is
        on every device.
        """
        if isinstance(other, Tensor):
            return other
        array = backend.as_array(other)
        if array.dtype.kind not in "iubf":
            raise DtypeError(
                "Tensor",
                "the other operand",
                "a Tensor, an array or a number",
                type(other).__name__,
            )
        if array.ndim == 0 or not backend.is_array(other):
            array = backend.move(array, self.device)
        if array.ndim == 0 or array.dtype.kind in "iub" or isinstance(other, (list, tuple)):
            array = array.astype(self.dtype)
        return Tensor(array)


def apply(kernel: str, *inputs: Tensor, **settings: Any) -> Tensor:
    """Run a kernel on Tensors and record it.

    Parameters
    ----------
    kernel : str
        Its name, as in `minires.kernels.names()`.
    *inputs : Tensor
        The kernel's forward takes their arrays by position, and its backward returns a gradient for
        each of them.
    **settings
        Passed on to forward as they are: sizes, axes, labels.
    """
    return apply_with_cache(kernel, *inputs, **settings)[0]


def apply_with_cache(name: str, *inputs: Tensor, **settings: Any) -> tuple[Tensor, Any]:
    """Like `apply`, but also return the kernel's cache, which may hold more (batch statistics)."""
    _check_alike(name, inputs)
    kernel, y, cache = run_forward(name, [x.data for x in inputs], settings)
    return record(name, kernel, inputs, y, cache), cache


def record(
    name: str, kernel: type[Kernel], inputs: Sequence[Tensor], y: Array, cache: Any
) -> Tensor:
    """The Tensor on `y`; on the tape, if any of the inputs requires a gradient."""
    output = Tensor(y)
    if is_recording() and any(x.requires_grad for x in inputs):
        output.requires_grad = True
        parents = [_node_of(x) if x.requires_grad else None for x in inputs]
        output._node = Node(name, kernel, cache, parents, y)
    return output


class Copy(Kernel):
    """y = x, in memory of its own.    dL/dx = dL/dy."""

    @staticmethod
    def backward(dy: Array, cache: None) -> Array:
        return dy


class Move(Kernel):
    """y = x on another device.    dL/dx = dL/dy, back where x is."""

    @staticmethod
    def backward(dy: Array, device: Device) -> Array:
        return backend.move(dy, device)


def _node_of(tensor):
    """The tensor's node; a leaf gets one when it is first used."""
    if tensor._node is None:
        tensor._node = Node("leaf", None, None, (), tensor.data, leaf=weakref.ref(tensor))
    return tensor._node


def _as_float_array(data):
    try:
        array = backend.as_array(data)
    except ValueError:  # NumPy: an inhomogeneous shape
        raise DtypeError("Tensor", "data", "lists of one length", "a list of uneven ones") from None
    from_python = isinstance(data, (list, tuple)) or type(data) is float
    if array.dtype in (np.float32, np.float64) and not from_python:
        return array
    if array.dtype.kind in "iubf" and array.dtype != np.float16:
        return array.astype(np.float32)
    raise DtypeError("Tensor", "data", "float32, float64 or integers", str(array.dtype))


def _check_alike(name, inputs):
    """All inputs must be Tensors of one dtype on one device: nothing is converted unasked."""
    for place, x in enumerate(inputs, 1):
        if not isinstance(x, Tensor):
            which = "input" if len(inputs) == 1 else f"input {place} of {len(inputs)}"
            raise DtypeError(name, which, "a Tensor", type(x).__name__, "wrap it: Tensor(array)")
        if x.dtype != inputs[0].dtype:
            raise DtypeError(
                name,
                "inputs of two dtypes",
                "all float32 or all float64",
                ", ".join(f"{i.dtype} {i.shape}" for i in inputs),
                "convert one: array.astype(np.float32)",
            )
        if x.device != inputs[0].device:
            raise DeviceError(
                name,
                "inputs on two devices",
                f"all on {inputs[0].device}",
                x.device,
                "move one with .to(device)",
            )
