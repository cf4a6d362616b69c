"""Nonlinearities."""

import numpy as np

from ..kernel import Kernel


class relu(Kernel):
    """y = max(x, 0).

    dL/dx = dL/dy where y > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = np.maximum(x, 0)
        return y, y                                # y > 0 exactly where x > 0: no second array to keep

    def backward(dy, y):
        return dy * (y > 0)
