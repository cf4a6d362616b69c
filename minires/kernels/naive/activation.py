"""Nonlinearities, one number at a time."""

import numpy as np

from ..kernel import Kernel
from .elementwise import add


class relu(Kernel):
    """y = max(x, 0).

    dL/dx = dL/dy where x > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = np.empty_like(x)
        for i in np.ndindex(x.shape):
            y[i] = max(x[i], 0)                    # of a nan and 0, Python's max returns the first: nan is not hidden
        return y, x

    def backward(dy, x):
        dx = np.zeros_like(dy)
        for i in np.ndindex(x.shape):
            if x[i] > 0:
                dx[i] = dy[i]
        return dx


class add_relu(Kernel):
    """y = max(a + b, 0), the end of a residual block without batch norm: an addition, then a ReLU."""

    def forward(a, b):
        z, add_cache = add.forward(a, b)
        y, relu_cache = relu.forward(z)
        return y, (add_cache, relu_cache)

    def backward(dy, cache):
        add_cache, relu_cache = cache
        return add.backward(relu.backward(dy, relu_cache), add_cache)
