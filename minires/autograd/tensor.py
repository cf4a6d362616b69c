"""Tensor: an array that remembers how it came about.

Each operation here finds its kernel, runs it on the arrays, and records it on the tape (`tape.py`).
"""

import copy
import weakref
from contextlib import contextmanager

import numpy as np

from .. import backend
from ..errors import DeviceError, DtypeError, GraphError, ShapeError
from ..kernels import Kernel, find
from .graph import small_graph
from .tape import Node, walk_back

_recording = True


class Tensor:
    """An n-dimensional array of float32 or float64 whose gradient can be asked for.

    Parameters
    ----------
    data : array_like
        float32 and float64 arrays are taken as they are, without a copy, also those of CuPy; integers, booleans and
        Python numbers become float32.
    requires_grad : bool
        Whether `backward` shall leave dL/d(this) in ``.grad``.

    Attributes
    ----------
    data : np.ndarray, or cupy.ndarray on the GPU
    grad : the same, or None
        Set by `backward`, which adds to what is there: call ``zero_grad`` (or set None) between steps.

    Raises
    ------
    DtypeError
        For data that is neither of these (text, complex, float16, ...).
    """

    __slots__ = ("data", "grad", "requires_grad", "_node", "__weakref__", "__dict__")
    __array_ufunc__ = None             # in `array * tensor` NumPy lets the Tensor decide; np.exp(tensor) is an error

    def __init__(self, data, requires_grad=False):
        if isinstance(data, Tensor):
            raise DtypeError("Tensor", "data is a Tensor already", "an array", "a Tensor", "use .detach() for one off the tape")
        self.data = _as_float_array(data)
        self.grad = None
        self.requires_grad = requires_grad
        self._node = None

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def size(self):
        return self.data.size

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        """``"cpu"`` or ``"gpu"``: where the data are."""
        return backend.device_of(self.data)

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise GraphError("Tensor", "NumPy would lose this Tensor's gradient", "a Tensor off the tape", "requires_grad=True",
                             "pass .detach() or .numpy() to NumPy")
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __repr__(self):
        source = f", from {self._node.name}" if self._node is not None and self._node.kernel else ""
        grad = ", requires_grad=True" if self.requires_grad and not source else ""
        place = ", gpu" if self.device == "gpu" else ""
        numbers = np.array2string(backend.move(self.data, "cpu"), precision=4, threshold=20, prefix="Tensor(")
        return f"Tensor({numbers}, {self.dtype}{place}{grad}{source})"

    def _repr_svg_(self):
        """For notebooks: how this came about, if it was computed in few steps (`graph`)."""
        return small_graph(self)

    def numpy(self):
        """The array of NumPy itself, not a copy. Raises DeviceError on the GPU: nothing is copied behind your back."""
        if self.device != "cpu":
            raise DeviceError("Tensor", "NumPy cannot see this Tensor's memory", "one on the cpu", f"one on the {self.device}",
                              'copy it first: .to("cpu")')
        return self.data

    def item(self):
        """The one number in this Tensor, as a Python float."""
        if self.size != 1:
            raise ShapeError("item", "more or fewer than one element", "one", f"shape {self.shape}")
        return self.data.item()

    def detach(self):
        """A Tensor on the same array that the tape knows nothing of."""
        return Tensor(self.data)

    def to(self, device):
        """This Tensor on `device`, ``"cpu"`` or ``"gpu"``: itself if it is there, else a copy that gradients find their way through.

        Raises
        ------
        DeviceError
            If the GPU cannot be used.
        """
        if backend.check_device(device, "Tensor.to") == self.device:
            return self
        return record("to", Move, (self,), backend.move(self.data, device), self.device)

    def move_(self, device):
        """Move this Tensor itself, with its gradient and hooks. Only for a leaf: nothing that was computed from it so far follows."""
        if self.device != device:
            hooks = [] if self._node is None else self._node.hooks
            self.data = backend.move(self.data, device)
            self.grad = None if self.grad is None else backend.move(self.grad, device)
            self._node = None
            if hooks:
                _node_of(self).hooks = hooks

    def __deepcopy__(self, memo):
        """A leaf with a copy of the numbers and of the gradient. The tape and hooks are the original's alone."""
        copied = memo[id(self)] = object.__new__(type(self))
        copied.data, copied.grad = copy.deepcopy(self.data, memo), copy.deepcopy(self.grad, memo)
        copied.requires_grad, copied._node = self.requires_grad, None
        return copied

    def register_hook(self, hook):
        """Have ``hook(gradient)`` called when `backward` has found dL/d(this), an array of this shape.

        If it returns an array, that goes on in place of the gradient. Returns a function that removes the hook.
        """
        if not self.requires_grad:
            raise GraphError("register_hook", "this Tensor gets no gradient", "requires_grad=True, or a result of such Tensors",
                             "requires_grad=False")
        node = _node_of(self)
        node.hooks.append(hook)
        return lambda: node.hooks.remove(hook)

    def backward(self, gradient=None):
        """Find dL/dx for every Tensor x behind this one that requires it, with this one as L; add it to ``x.grad``.

        The tape is used up on the way: each node's cache is freed once it has been used.

        Parameters
        ----------
        gradient : array_like, optional
            dL/d(this), of this shape. May be left out when this holds a single number: then it is 1.

        Raises
        ------
        GraphError
            If nothing behind this Tensor requires a gradient, or the tape was used up by an earlier backward.
        ShapeError
            If `gradient` has another shape, or is left out where it is needed; or a kernel's backward returns a
            gradient of the wrong shape.
        """
        if not self.requires_grad:
            raise GraphError("backward", "nothing here requires a gradient", "a Tensor computed from one with requires_grad=True",
                             "one that was not, or was computed under no_grad")
        if gradient is None:
            if self.size != 1:
                raise ShapeError("backward", "which number's gradient?", "a Tensor of one element, such as a mean loss",
                                 f"shape {self.shape}", "pass dL/d(this) as `gradient`, or reduce to one number first")
            gradient = np.ones_like(self.data)
        if backend.is_array(gradient) and backend.device_of(gradient) != self.device:
            raise DeviceError("backward", "gradient", f"an array on the {self.device}", f"one on the {backend.device_of(gradient)}")
        gradient = backend.move(backend.as_array(gradient), self.device).astype(self.dtype, copy=False)
        if gradient.shape != self.shape:
            raise ShapeError("backward", "gradient", f"shape {self.shape}", f"shape {gradient.shape}")
        walk_back(_node_of(self), gradient)

    # Operators. Each is one line, for the work is a kernel's.

    def __add__(self, other):
        return apply("add", self, self._partner(other))

    def __sub__(self, other):
        return apply("subtract", self, self._partner(other))

    def __rsub__(self, other):
        return apply("subtract", self._partner(other), self)

    def __mul__(self, other):
        return apply("multiply", self, self._partner(other))

    def __truediv__(self, other):
        return apply("divide", self, self._partner(other))

    def __rtruediv__(self, other):
        return apply("divide", self._partner(other), self)

    def __matmul__(self, other):
        return apply("matmul", self, self._partner(other))

    def __rmatmul__(self, other):
        return apply("matmul", self._partner(other), self)

    def __pow__(self, exponent):
        if isinstance(exponent, np.generic):
            exponent = exponent.item()     # a NumPy scalar has a dtype, which would promote the result
        if not isinstance(exponent, (int, float)):
            raise DtypeError("power", "exponent", "a number", type(exponent).__name__, "write exp(b * log(a)) for a ** b")
        return apply("power", self, exponent=exponent)

    def __neg__(self):
        return apply("negative", self)

    def __getitem__(self, index):
        return apply("getitem", self, index=index)

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        return apply("exp", self)

    def log(self):
        return apply("log", self)

    def sqrt(self):
        return apply("sqrt", self)

    def relu(self):
        return apply("relu", self)

    def sum(self, axis=None, keepdims=False):
        return apply("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        return apply("mean", self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False):
        return apply("max", self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return apply("reshape", self, shape=shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)

    def transpose(self, *axes):
        return apply("transpose", self, axes=(axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes) or None)

    @property
    def T(self):
        return apply("transpose", self)

    def _partner(self, other):
        """The other operand as a Tensor; Python numbers, lists of them and integer arrays take this Tensor's dtype."""
        if isinstance(other, Tensor):
            return other
        array = backend.as_array(other)
        if array.dtype.kind not in "iubf":
            raise DtypeError("Tensor", "the other operand", "a Tensor, an array or a number", type(other).__name__)
        if array.ndim == 0 or not backend.is_array(other):         # a number has no place of its own
            array = backend.move(array, self.device)
        from_python = array.ndim == 0 or array.dtype.kind in "iub" or isinstance(other, (list, tuple))
        return Tensor(array.astype(self.dtype) if from_python else array)


def no_grad():
    """While in this ``with`` block (or decorated function) nothing is recorded: faster, and no caches are kept."""
    return recording(False)


@contextmanager
def recording(wanted):
    """Within: what is computed is recorded on the tape, or is not."""
    global _recording
    before, _recording = _recording, wanted
    try:
        yield
    finally:
        _recording = before


def is_recording():
    """Whether what is computed now is recorded on the tape: not within `no_grad`."""
    return _recording


def apply(kernel, *inputs, **settings):
    """Run a kernel on Tensors and record it.

    Parameters
    ----------
    kernel : str
        Its name, as in `minires.kernels.names()`.
    *inputs : Tensor
        What the kernel's forward takes by position, and its backward returns gradients for.
    **settings
        Passed on to forward as they are: sizes, axes, labels.

    Returns
    -------
    Tensor
    """
    return apply_with_cache(kernel, *inputs, **settings)[0]


def apply_with_cache(name, *inputs, **settings):
    """Like `apply`, but also return the kernel's cache, for what else it holds (batch norm's statistics)."""
    _check_alike(name, inputs)
    device = inputs[0].device if inputs else "cpu"
    kernel = find(name, device)
    result = kernel.forward(*(x.data for x in inputs), **settings)
    if not isinstance(result, tuple) or len(result) != 2:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
        raise ShapeError(f"{name}.forward", "result", "a tuple (y, cache)", got, "return None as the cache if backward needs nothing")
    y, cache = backend.as_array(result[0]), result[1]
    if y.dtype != inputs[0].dtype:
        raise DtypeError(f"{name}.forward", "result", str(inputs[0].dtype), str(y.dtype), "a kernel must not change the dtype")
    if backend.device_of(y) != device:
        raise DeviceError(f"{name}.forward", "result", f"an array on the {device}", f"one on the {backend.device_of(y)}",
                          "a kernel must leave arrays where they are")
    return record(name, kernel, inputs, y, cache), cache


def record(name, kernel, inputs, y, cache):
    """The Tensor on `y`; on the tape, if any of the inputs requires a gradient."""
    output = Tensor(y)
    if _recording and any(x.requires_grad for x in inputs):
        output.requires_grad = True
        output._node = Node(name, kernel, cache, [_node_of(x) if x.requires_grad else None for x in inputs], y)
    return output


class Move(Kernel):
    """A copy on another device; the gradient goes back to where the original is."""

    def backward(dy, device):
        return backend.move(dy, device)


def _node_of(tensor):
    """The tensor's node; a leaf gets one when it is first used."""
    if tensor._node is None:
        tensor._node = Node("leaf", None, None, (), tensor.data, leaf=weakref.ref(tensor))
    return tensor._node


def _as_float_array(data):
    array = backend.as_array(data)
    from_python = isinstance(data, (list, tuple)) or type(data) is float
    if array.dtype in (np.float32, np.float64) and not from_python:
        return array
    if array.dtype.kind in "iubf" and array.dtype != np.float16:
        return array.astype(np.float32)
    raise DtypeError("Tensor", "data", "float32, float64 or integers", str(array.dtype))


def _check_alike(name, inputs):
    """All inputs must be Tensors of one dtype on one device: nothing is converted or copied behind your back."""
    for x in inputs:
        if not isinstance(x, Tensor):
            raise DtypeError(name, "input", "a Tensor", type(x).__name__, "wrap it: Tensor(array)")
        if x.dtype != inputs[0].dtype:
            raise DtypeError(name, "inputs of two dtypes", "all float32 or all float64",
                             ", ".join(f"{i.dtype} {i.shape}" for i in inputs), "convert one: array.astype(np.float32)")
        if x.device != inputs[0].device:
            raise DeviceError(name, "inputs on two devices", f"all on {inputs[0].device}", x.device, "move one with .to(device)")
