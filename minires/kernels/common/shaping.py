"""Moving elements without changing them: reshape, transpose, pad, index, join."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...types import Array, Shape
from .. import shapes
from ..kernel import Kernel


class reshape(Kernel):
    """y = the elements of x, in the same order, in another shape."""

    def forward(x: Array, shape: Sequence[int]) -> tuple[Array, Shape]:
        return x.reshape(shapes.reshape(x.shape, shape)), x.shape

    def backward(dy: Array, shape: Shape) -> Array:
        return dy.reshape(shape)


class transpose(Kernel):
    """y = x with its axes in the order `axes` (reversed if None)."""

    def forward(x: Array, axes: Sequence[int] | None = None) -> tuple[Array, tuple[int, ...]]:
        axes = shapes.transpose(axes, x.ndim)
        return x.transpose(axes), axes

    def backward(dy: Array, axes: tuple[int, ...]) -> Array:
        return dy.transpose(np.argsort(axes).tolist())


class pad(Kernel):
    """y = x with `widths` = ((before, after), ...) zeros put around it along each axis."""

    def forward(x: Array, widths: Sequence[tuple[int, int]]) -> tuple[Array, Any]:
        widths = shapes.pad(x.shape, widths)
        return np.pad(x, widths), (x.shape, widths)

    def backward(dy: Array, cache: Any) -> Array:
        shape, widths = cache
        return dy[tuple(slice(before, before + size) for (before, _), size in zip(widths, shape))]


class getitem(Kernel):
    """y = x[index], for any index NumPy takes. An element picked twice receives both gradients."""

    def forward(x: Array, index: Any) -> tuple[Array, Any]:
        return shapes.getitem(x, index), (x.shape, index)

    def backward(dy: Array, cache: Any) -> Array:
        shape, index = cache
        dx = np.zeros_like(dy, shape=shape)
        parts = index if isinstance(index, tuple) else (index,)
        plain = int, np.integer, slice, type(None), type(Ellipsis)
        if all(isinstance(part, plain) for part in parts):
            dx[index] = dy  # plain slices pick no element twice
        else:
            np.add.at(dx, index, dy)
        return dx


class concatenate(Kernel):
    """y = the arrays joined along an existing axis."""

    def forward(*arrays: Array, axis: int = 0) -> tuple[Array, Any]:
        axis, _ = shapes.concatenate([array.shape for array in arrays], axis)
        ends = np.cumsum([array.shape[axis] for array in arrays])
        return np.concatenate(arrays, axis), (axis, ends[:-1].tolist())

    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:
        axis, boundaries = cache
        return tuple(np.split(dy, boundaries, axis))
