"""Moving elements without changing them: for every element of y, from where in x it comes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel


def _gather(x, sources, shape):
    """y[i] = x[sources[i]], and 0 where there is no source."""
    y = np.zeros(shape, x.dtype)
    for out, source in sources.items():
        y[out] = x[source]
    return y


def _scatter(dy, sources, shape):
    """The transpose of `_gather`: every element of y passes its gradient back to its source."""
    dx = np.zeros(shape, dy.dtype)
    for out, source in sources.items():
        dx[source] += dy[out]
    return dx


class reshape(Kernel):
    """y = the elements of x, in the same order, in another shape."""

    def forward(x: Array, shape: Sequence[int]) -> tuple[Array, Any]:
        shape = shapes.reshape(x.shape, shape)
        sources = dict(zip(np.ndindex(shape), np.ndindex(x.shape)))
        return _gather(x, sources, shape), (sources, x.shape)

    def backward(dy: Array, cache: Any) -> Array:
        return _scatter(dy, *cache)


class transpose(Kernel):
    """y = x with its axes in the order `axes` (reversed if None)."""

    def forward(x: Array, axes: Sequence[int] | None = None) -> tuple[Array, Any]:
        axes = shapes.transpose(axes, x.ndim)
        sources = {tuple(i[a] for a in axes): i for i in np.ndindex(x.shape)}
        return _gather(x, sources, tuple(x.shape[a] for a in axes)), (sources, x.shape)

    def backward(dy: Array, cache: Any) -> Array:
        return _scatter(dy, *cache)


class pad(Kernel):
    """y = x with `widths` = ((before, after), ...) zeros put around it along each axis."""

    def forward(x: Array, widths: Sequence[tuple[int, int]]) -> tuple[Array, Any]:
        widths = shapes.pad(x.shape, widths)
        shape = tuple(before + size + after for size, (before, after) in zip(x.shape, widths))
        sources = {
            tuple(k + before for k, (before, _) in zip(i, widths)): i for i in np.ndindex(x.shape)
        }
        return _gather(x, sources, shape), (sources, x.shape)

    def backward(dy: Array, cache: Any) -> Array:
        return _scatter(dy, *cache)


class getitem(Kernel):
    """y = x[index], for any index NumPy takes. An element picked twice receives both gradients."""

    def forward(x: Array, index: Any) -> tuple[Array, Any]:
        numbers = np.arange(x.size).reshape(x.shape)  # the elements' own numbers
        picked = shapes.getitem(numbers, index)
        sources = {out: np.unravel_index(picked[out], x.shape) for out in np.ndindex(picked.shape)}
        return _gather(x, sources, picked.shape), (sources, x.shape)

    def backward(dy: Array, cache: Any) -> Array:
        return _scatter(dy, *cache)


class concatenate(Kernel):
    """y = the arrays joined along an existing axis."""

    def forward(*arrays: Array, axis: int = 0) -> tuple[Array, Any]:
        axis, shape = shapes.concatenate([array.shape for array in arrays], axis)
        y, starts, start = np.empty(shape, arrays[0].dtype), [], 0
        for array in arrays:
            for i in np.ndindex(array.shape):
                y[(*i[:axis], start + i[axis], *i[axis + 1 :])] = array[i]
            starts.append(start)
            start += array.shape[axis]
        return y, (axis, starts, [array.shape for array in arrays])

    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:
        axis, starts, array_shapes = cache
        gradients = []
        for start, shape in zip(starts, array_shapes):
            gradient = np.empty(shape, dy.dtype)
            for i in np.ndindex(shape):
                gradient[i] = dy[(*i[:axis], start + i[axis], *i[axis + 1 :])]
            gradients.append(gradient)
        return tuple(gradients)
