"""Many numbers to one: sum, mean, max and min over axes."""

from typing import Any

import numpy as np

from ... import backend
from ...types import Array, Axes
from .. import shapes
from ..kernel import Kernel

MANY = 2**20  # elements of one sum, above which float32 loses more than a few digits


def _expand(dy, shape, axes):
    """dL/dy with the reduced axes back as size 1, to broadcast over the input's `shape`."""
    return dy.reshape([1 if axis in axes else size for axis, size in enumerate(shape)])


def _dtype(x, count):
    """The dtype to add up `count` elements of x in.

    Along the first axes NumPy adds one number after the other, and rounds each time: the error of
    float32 grows with their number, to 4 % for four million times 0.1.
    """
    return np.float64 if count > MANY else x.dtype


class sum(Kernel):
    """y = sum of x over `axis` (None: over all).    dL/dx = dL/dy, for every element summed."""

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        axes, count = shapes.reduction("sum", x.shape, axis)
        y = x.sum(axis=axes, keepdims=keepdims, dtype=_dtype(x, count)).astype(x.dtype, copy=False)
        return backend.as_array(y), (x.shape, axes)

    def backward(dy: Array, cache: Any) -> Array:
        shape, axes = cache
        return np.broadcast_to(_expand(dy, shape, axes), shape)


class mean(Kernel):
    """y = mean of the n elements of x over `axis` (None: over all).    dL/dx = dL/dy / n."""

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        axes, count = shapes.reduction("mean", x.shape, axis, least=1)
        y = x.mean(axis=axes, keepdims=keepdims, dtype=_dtype(x, count)).astype(x.dtype, copy=False)
        return backend.as_array(y), (x.shape, axes, count)

    def backward(dy: Array, cache: Any) -> Array:
        shape, axes, count = cache
        return np.broadcast_to(_expand(dy / count, shape, axes), shape)


class max(Kernel):
    """y = largest of the elements of x over `axis` (None: over all).

    dL/dx = dL/dy at the largest element. Where several are equally large they share it evenly:
    moving them together moves y by that much.
    """

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        axes, _ = shapes.reduction("max", x.shape, axis, least=1)
        y = backend.as_array(x.max(axis=axes, keepdims=keepdims))
        return y, (x, y, axes)

    def backward(dy: Array, cache: Any) -> Array:
        return _share(dy, *cache)


class min(Kernel):
    """y = smallest of the elements of x over `axis` (None: over all).

    dL/dx = dL/dy at the smallest element, shared evenly by equal ones, as in `max`.
    """

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        axes, _ = shapes.reduction("min", x.shape, axis, least=1)
        y = backend.as_array(x.min(axis=axes, keepdims=keepdims))
        return y, (x, y, axes)

    def backward(dy: Array, cache: Any) -> Array:
        return _share(dy, *cache)


def _share(dy, x, y, axes):
    """dL/dx of a maximum or minimum y: dL/dy, shared evenly by the elements of x that equal y."""
    chosen = x == _expand(y, x.shape, axes)
    count = chosen.sum(axis=axes, keepdims=True, dtype=dy.dtype)
    return chosen * (_expand(dy, x.shape, axes) / count)
