"""Nonlinearities, one number at a time."""

import numpy as np

from ..kernel import Kernel


class relu(Kernel):
    """y = x where x > 0, else 0.

    dL/dx = dL/dy where x > 0, else 0. At x = 0 the derivative is taken as 0 (as in PyTorch).
    """

    def forward(x):
        y = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            if x[i] > 0:
                y[i] = x[i]
        return y, x

    def backward(dy, x):
        dx = np.zeros_like(dy)
        for i in np.ndindex(x.shape):
            if x[i] > 0:
                dx[i] = dy[i]
        return dx
