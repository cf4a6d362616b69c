"""Nonlinearities."""

import numpy as np

from .. import shapes
from ..kernel import Kernel
from .elementwise import unbroadcast


class relu(Kernel):
    """y = max(x, 0).

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = np.maximum(x, 0)
        return y, y  # y > 0 exactly where x > 0: no second array to keep

    def backward(dy, y):
        return dy * (y > 0)


class add_relu(Kernel):
    """y = max(a + b, 0).

    dL/da = dL/db = dL/dy where y > 0, else 0.
    """

    def forward(a, b):
        shapes.broadcast("add_relu", a.shape, b.shape)
        y = np.maximum(a + b, 0)
        return y, (y, a.shape, b.shape)

    def backward(dy, cache):
        y, a_shape, b_shape = cache
        dz = dy * (y > 0)
        return unbroadcast(dz, a_shape), unbroadcast(dz, b_shape)
