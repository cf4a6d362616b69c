"""What keeps a net from learning its images by heart: dropout, one number at a time."""

from typing import Any

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel


class dropout(Kernel):
    """y = x / (1 - p) where `mask` is True, 0 elsewhere (Srivastava et al. 2014, JMLR 15).

    mask: booleans of x's shape, True with probability 1 - p, drawn by the caller. Dividing by 1 - p
    keeps the expected value of y at x. dL/dx = dL/dy / (1 - p) where `mask` is True, else 0.
    """

    def forward(x: Array, mask: Array, p: float) -> tuple[Array, tuple[Array, float]]:
        shapes.same("dropout", x.shape, mask=mask)
        y = np.empty_like(x)
        for i in np.ndindex(x.shape):
            y[i] = x[i] * factor(mask[i], p)
        return y, (mask, p)

    def backward(dy: Array, cache: tuple[Array, float]) -> Array:
        mask, p = cache
        dx = np.empty_like(dy)
        for i in np.ndindex(dy.shape):
            dx[i] = dy[i] * factor(mask[i], p)
        return dx


def factor(kept: Any, p: float) -> float:
    """What a number is multiplied by."""
    return 1 / (1 - p) if kept and p < 1 else 0
