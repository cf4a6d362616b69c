"""Indexing on the GPU. The other kernels of `common.shaping` work on CuPy's arrays unchanged."""

from typing import Any

import numpy as np

from ... import backend
from ...types import Array
from .. import common, shapes


class getitem(common.getitem):
    """y = x[index], for any index NumPy takes. An element picked twice gets both gradients."""

    def forward(x: Array, index: Any) -> tuple[Array, Any]:
        parts = index if isinstance(index, tuple) else (index,)
        has_indices = any(isinstance(part, (np.ndarray, list)) for part in parts)
        if has_indices and not any(backend.device_of(part) == "gpu" for part in parts):
            # NumPy checks the indices: CuPy would wrap one out of range around to the other end.
            shapes.getitem(np.broadcast_to(np.float32(0), x.shape), index)
        parts = tuple(
            backend.move(part, "gpu") if isinstance(part, np.ndarray) else part for part in parts
        )
        return common.getitem.forward(x, parts)

    def backward(dy: Array, cache: Any) -> Array:
        shape, index = cache
        if not any(isinstance(part, list) or backend.is_array(part) for part in index):
            return common.getitem.backward(dy, cache)
        dx = np.zeros_like(dy, shape=shape)
        backend.cupy().add.at(dx, index, dy)  # np.add.at does not take CuPy's arrays in a tuple
        return dx
