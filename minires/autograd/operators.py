"""What one can write with a Tensor: operators and methods, each a thin line of glue for a kernel.

They stand here so that `tensor.py` can keep to what a Tensor is. Names and arguments are
those of NumPy and PyTorch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..errors import DeviceError, DtypeError, ShapeError
from ..kernels import shapes
from ..types import Array, ArrayLike, Axes, Device, Shape
from .numpy_functions import AnswersNumPy

if TYPE_CHECKING:
    from .tensor import Tensor


class Operators(AnswersNumPy):
    """Arithmetic, comparisons, functions, reductions and shapes.

    They build on three things that `Tensor` has: the array ``data``; ``_apply(kernel, *others,
    **settings)``, which runs a kernel on this Tensor and others; and ``_operand(value)``, which
    makes a Tensor from a number or an array.
    """

    __slots__ = ()  # so that Tensor can choose its own
    data: Array
    _apply: Callable[..., Tensor]
    _operand: Callable[[Any], Tensor]

    # Of the array

    @property
    def shape(self) -> Shape:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @property
    def device(self) -> Device:
        """``"cpu"`` or ``"gpu"``: where the data are."""
        return backend.device_of(self.data)

    # Arithmetic, with broadcasting

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._apply("add", self._operand(other))

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._apply("subtract", self._operand(other))

    def __rsub__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._operand(other)._apply("subtract", self)

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._apply("multiply", self._operand(other))

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._apply("divide", self._operand(other))

    def __rtruediv__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._operand(other)._apply("divide", self)

    def __matmul__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._apply("matmul", self._operand(other))

    def __rmatmul__(self, other: Tensor | ArrayLike) -> Tensor:
        return self._operand(other)._apply("matmul", self)

    def __pow__(self, exponent: float) -> Tensor:
        if isinstance(exponent, np.generic):
            exponent = exponent.item()  # a NumPy scalar would give the result its own dtype
        if not isinstance(exponent, (int, float)):
            raise _no_exponent(exponent)
        return self._apply("power", exponent=exponent)

    def __rpow__(self, base: object) -> Tensor:
        raise _no_exponent(self)

    def __neg__(self) -> Tensor:
        return self._apply("negative")

    __radd__ = __add__
    __rmul__ = __mul__

    # Comparisons, element by element. They return boolean arrays of NumPy or CuPy, because a Tensor
    # holds floats. Whether two names mean the same Tensor is `a is b`.

    def __lt__(self, other: Tensor | ArrayLike) -> Array:
        return self._compare(operator.lt, other)

    def __le__(self, other: Tensor | ArrayLike) -> Array:
        return self._compare(operator.le, other)

    def __gt__(self, other: Tensor | ArrayLike) -> Array:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Tensor | ArrayLike) -> Array:
        return self._compare(operator.ge, other)

    def __eq__(self, other: object) -> Array:  # type: ignore[override]  # object says bool
        return self._compare(operator.eq, other)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]  # object says bool
        return self._compare(operator.ne, other)

    __hash__ = object.__hash__  # by identity: Tensors can be in sets and keys of dicts

    def _compare(self, compare, other):
        try:
            other = self._operand(other)
        except DtypeError:  # None, text, ...: not equal, and neither more nor less
            return NotImplemented
        where = f"comparison ({compare.__name__})"
        if other.device != self.device:
            raise DeviceError(
                where,
                "operands on two devices",
                f"both on the {self.device}",
                f"one on the {other.device}",
                "move one with .to(device)",
            )
        shapes.broadcast(where, self.shape, other.shape)
        return compare(self.data, other.data)

    # Functions, element by element

    def exp(self) -> Tensor:
        return self._apply("exp")

    def log(self) -> Tensor:
        return self._apply("log")

    def sqrt(self) -> Tensor:
        return self._apply("sqrt")

    def abs(self) -> Tensor:
        return self._apply("abs")

    __abs__ = abs

    def relu(self) -> Tensor:
        return self._apply("relu")

    # Reductions. `axis` is an int, a tuple of ints, or None for all axes.

    def sum(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return self._apply("sum", axis=axis, keepdims=keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return self._apply("mean", axis=axis, keepdims=keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return self._apply("max", axis=axis, keepdims=keepdims)

    def min(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return self._apply("min", axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None) -> Array:
        """The index of the largest element along `axis`, or of all: an integer array, not a Tensor.

        Of several equal elements it is the first. With None the index is into the flattened Tensor.
        """
        if isinstance(axis, tuple):
            raise ShapeError("argmax", "axis", "one axis or None", repr(axis))
        axes, _ = shapes.reduction("argmax", self.shape, axis, least=1)
        return backend.as_array(self.data.argmax(None if axis is None else axes[0]))

    # Shapes

    def __getitem__(self, index: Any) -> Tensor:
        return self._apply("getitem", index=index)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        return self._apply("reshape", shape=_unpacked(shape))

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> Tensor:
        """Join the axes from `start_axis` to `end_axis`, both included, into one.

        ``x.flatten(1)`` makes a row for each image of a batch: (N, H, W, C) to (N, H * W * C).
        """
        if self.ndim == 0:
            return self.reshape(1)
        start = shapes.one_axis("flatten", start_axis, self.ndim)
        end = shapes.one_axis("flatten", end_axis, self.ndim)
        if start > end:
            raise ShapeError(
                "flatten",
                "axes",
                "start_axis before end_axis",
                f"{start_axis} and {end_axis} of {self.ndim} axes",
            )
        joined = prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joined, *self.shape[end + 1 :])

    def transpose(self, *axes: int | Sequence[int]) -> Tensor:
        return self._apply("transpose", axes=_unpacked(axes) or None)

    @property
    def T(self) -> Tensor:
        return self._apply("transpose")


def _no_exponent(exponent):
    return DtypeError(
        "power",
        "exponent",
        "a number",
        type(exponent).__name__,
        "write exp(b * log(a)) for a ** b",
    )


def _unpacked(numbers):
    """``x.reshape(2, 3)`` and ``x.reshape((2, 3))`` mean the same."""
    return numbers[0] if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)) else numbers
