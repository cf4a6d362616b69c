"""Device arrays like CuPy's: NumPy arrays inside, but strictly separate from NumPy's own.

Everything that CuPy refuses, or that would copy between host and device without a request, is an
error.
"""

import operator
from math import prod
from types import SimpleNamespace

import numpy as np

from .device import Buffer, check_alive, live


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array in the memory of the simulated device. It is made by `empty`, `asarray` and
    operations, not by its constructor."""

    def __init__(self, host, buffer):
        self._host, self._buffer = host, buffer

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: self.transpose())
    data = property(lambda self: SimpleNamespace(ptr=self._host.__array_interface__["data"][0]))

    def get(self, stream=None, order="C", out=None):
        """A copy on the host, in `out` if given."""
        check_alive()
        if out is None:
            return self._host.copy(order)
        if out.dtype != self.dtype or out.shape != self.shape:
            raise ValueError(
                f"out: expected {self.dtype} {self.shape}, got {out.dtype} {out.shape}"
            )
        np.copyto(out, self._host)
        return out

    def set(self, arr):
        """Copy the host array `arr` here."""
        check_alive()
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not (self.flags.c_contiguous or self.flags.f_contiguous):
            raise RuntimeError("Cannot set to non-contiguous array")
        self._host[...] = arr

    def item(self):
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def __repr__(self):
        return repr(self.get())

    def __str__(self):
        return str(self.get())

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        return operator.index(self.item())

    def __bool__(self):
        return bool(self.get())

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        if not any(i is Ellipsis for i in index):
            index += (Ellipsis,)  # this makes one element an array without axes, and a view
        return run(np.ndarray.__getitem__, (self, index))

    def __setitem__(self, index, value):
        if not isinstance(value, (ndarray, int, float, np.generic)):
            raise TypeError(f"Unsupported type {type(value)}")
        run(np.ndarray.__setitem__, (self, index, value))

    def __deepcopy__(self, memo):
        return self.copy()

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or ufunc.signature is not None:
            return NotImplemented  # versions of CuPy differ in which of these they take
        known = (ndarray, np.ndarray, np.generic, int, float, complex)
        if not all(isinstance(x, known) for x in (*inputs, *kwargs.get("out", ()))):
            return NotImplemented
        if "where" in kwargs:
            raise TypeError(f"Wrong arguments {{'where'}} for {ufunc.__name__}")
        return run(ufunc, inputs, kwargs)

    def __matmul__(self, other):
        if getattr(other, "__array_ufunc__", self) is None:
            return NotImplemented
        return run(np.matmul, (self, other), {})

    def __array_function__(self, function, types, args, kwargs):
        return OWN.get(function.__name__, lambda *args, **kwargs: run(function, args, kwargs))(
            *args, **kwargs
        )


def _method(name):
    def method(self, *args, **kwargs):
        return run(getattr(np.ndarray, name), (self, *args), kwargs)

    return method


for _name in (
    "reshape",
    "transpose",
    "swapaxes",
    "squeeze",
    "ravel",
    "view",
    "astype",
    "copy",
    "fill",
    "sum",
    "mean",
    "max",
    "min",
    "argmax",
    "argmin",
    "all",
    "any",
):
    setattr(ndarray, _name, _method(_name))


def run(function, args, kwargs=None):
    """Call one of NumPy's functions with device arrays; its result is on the device again."""
    known = {}  # id of a NumPy array -> the device array around it
    args = _unwrap(tuple(args), known)
    kwargs = {name: _unwrap(value, known) for name, value in (kwargs or {}).items()}
    with np.errstate(all="ignore"):  # a GPU does not warn
        return _wrap(function(*args, **kwargs), known)


def _unwrap(value, known):
    if isinstance(value, ndarray):
        known[id(value._host)] = value
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(_unwrap(v, known) for v in value)
    return value


def _wrap(value, known):
    if isinstance(
        value, (np.ndarray, np.generic, bool)
    ):  # NumPy gives scalars where CuPy has arrays without axes
        return known[id(value)] if id(value) in known else on_device(np.asarray(value))
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(_wrap(v, known) for v in value)
    return value


def on_device(host):
    """A device array that shares the memory of `host` if that is on the device already, and
    otherwise holds a copy."""
    root = host
    while getattr(root, "base", None) is not None:
        root = root.base
    if id(root) in live:
        return ndarray(host, live[id(root)])
    copy = empty_like(host)
    copy._host[...] = host
    return copy


def empty(shape, dtype=float):
    """A device array full of garbage."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "biufc":
        raise ValueError(f"Unsupported dtype {dtype}")
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    buffer = Buffer(dtype.itemsize * prod(shape), dtype)
    return ndarray(buffer.memory.view(dtype).reshape(shape), buffer)


def empty_like(a, dtype=None, shape=None):
    """An array full of garbage, with the axes of `a` in the same order in memory."""
    if shape is not None:
        return empty(shape, dtype or a.dtype)
    order = sorted(range(a.ndim), key=lambda axis: -abs(a.strides[axis]))
    return empty([a.shape[axis] for axis in order], dtype or a.dtype).transpose(
        np.argsort(order).tolist()
    )


def asarray(a, dtype=None):
    """`a` on the device: a copy if it is not there yet or has another dtype."""
    if isinstance(a, ndarray):
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    return on_device(np.asarray(a, dtype))


def array(a, dtype=None):
    """A copy of `a` on the device."""
    return a.astype(dtype or a.dtype) if isinstance(a, ndarray) else on_device(np.asarray(a, dtype))


OWN = {"empty": empty, "empty_like": empty_like, "asarray": asarray, "array": array}
