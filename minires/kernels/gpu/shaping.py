"""Indexing on the GPU. The rest of `common`'s shaping serves as it is."""

import numpy as np

from ... import backend
from .. import common, shapes


class getitem(common.getitem):
    """y = x[index], for any index NumPy takes. An element picked twice receives both gradients."""

    def forward(x, index):
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, (np.ndarray, list)) for part in parts) and not any(backend.device_of(part) == "gpu" for part in parts):
            shapes.item(np.broadcast_to(np.float32(0), x.shape), index)    # CuPy would take an index out of range from the other end
        parts = tuple(backend.move(part, "gpu") if isinstance(part, np.ndarray) else part for part in parts)
        return common.getitem.forward(x, parts)

    def backward(dy, cache):
        shape, index = cache
        if not any(isinstance(part, list) or backend.is_array(part) for part in index):
            return common.getitem.backward(dy, cache)
        dx = np.zeros_like(dy, shape=shape)
        backend.cupy().add.at(dx, index, dy)       # NumPy's own does not hand on a tuple with arrays of CuPy
        return dx
