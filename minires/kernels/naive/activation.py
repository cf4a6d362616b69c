"""Nonlinearities, one number at a time."""

import numpy as np

from ..kernel import Kernel


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
