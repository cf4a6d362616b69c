"""Many numbers to one: sum, mean, max and min over axes, one number at a time."""

from typing import Any

import numpy as np

from ...types import Array, Axes
from .. import shapes
from ..kernel import Kernel


def _members(where, shape, axis, least=0):
    """The result's shape, with reduced axes kept as size 1, and the elements of each result.

    The elements are a dictionary from the index of a result to a list of indices.
    """
    axes, _ = shapes.reduction(where, shape, axis, least)
    kept = tuple(1 if a in axes else size for a, size in enumerate(shape))
    members = {out: [] for out in np.ndindex(kept)}
    for i in np.ndindex(shape):
        members[tuple(0 if a in axes else k for a, k in enumerate(i))].append(i)
    return kept, members


def _drop(where, y, axis, keepdims):
    if keepdims:
        return y
    reduced = shapes.axes(where, axis, y.ndim)
    return y.reshape([size for a, size in enumerate(y.shape) if a not in reduced])


class sum(Kernel):
    """y = sum of x over `axis` (None: over all).    dy/dx = 1 for every element summed."""

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        kept, members = _members("sum", x.shape, axis)
        y = np.zeros(kept, x.dtype)
        for out, elements in members.items():
            for i in elements:
                y[out] += x[i]
        return _drop("sum", y, axis, keepdims), (x, kept, members)

    def backward(dy: Array, cache: Any) -> Array:
        x, kept, members = cache
        dx, dy = np.empty_like(x), dy.reshape(kept)
        for out, elements in members.items():
            for i in elements:
                dx[i] = dy[out]
        return dx


class mean(Kernel):
    """y = mean of the n elements of x over `axis` (None: over all).    dy/dx = 1 / n."""

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        kept, members = _members("mean", x.shape, axis, least=1)
        y = np.zeros(kept, x.dtype)
        for out, elements in members.items():
            for i in elements:
                y[out] += x[i] / len(elements)
        return _drop("mean", y, axis, keepdims), (x, kept, members)

    def backward(dy: Array, cache: Any) -> Array:
        x, kept, members = cache
        dx, dy = np.empty_like(x), dy.reshape(kept)
        for out, elements in members.items():
            for i in elements:
                dx[i] = dy[out] / len(elements)
        return dx


class max(Kernel):
    """y = largest of the elements of x over `axis` (None: over all).

    dL/dx = dL/dy at the largest element; equal ones share it evenly.
    """

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        kept, members = _members("max", x.shape, axis, least=1)
        y = np.full(kept, -np.inf, x.dtype)
        for out, elements in members.items():
            for i in elements:
                if x[i] > y[out] or np.isnan(x[i]):
                    y[out] = x[i]
        return _drop("max", y, axis, keepdims), (x, y, kept, members)

    def backward(dy: Array, cache: Any) -> Array:
        return _share(dy, *cache)


class min(Kernel):
    """y = smallest of the elements of x over `axis` (None: over all).

    dL/dx = dL/dy at the smallest element; equal ones share it evenly.
    """

    def forward(x: Array, axis: Axes = None, keepdims: bool = False) -> tuple[Array, Any]:
        kept, members = _members("min", x.shape, axis, least=1)
        y = np.full(kept, np.inf, x.dtype)
        for out, elements in members.items():
            for i in elements:
                if x[i] < y[out] or np.isnan(x[i]):
                    y[out] = x[i]
        return _drop("min", y, axis, keepdims), (x, y, kept, members)

    def backward(dy: Array, cache: Any) -> Array:
        return _share(dy, *cache)


def _share(dy, x, y, kept, members):
    """dL/dx of a maximum or minimum y: dL/dy, shared evenly by the elements of x that equal y."""
    dx, dy = np.zeros_like(x), dy.reshape(kept)
    for out, elements in members.items():
        chosen = [i for i in elements if x[i] == y[out]]
        for i in chosen:
            dx[i] = dy[out] / len(chosen)
    return dx
