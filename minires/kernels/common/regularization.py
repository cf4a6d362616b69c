"""What keeps a net from learning its images by heart: dropout."""

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
        scale = float(1 / (1 - p)) if p < 1 else 0.0  # with p = 1 nothing is kept
        return x * mask * scale, (mask, scale)  # a product: nan and inf are not hidden

    def backward(dy: Array, cache: tuple[Array, float]) -> Array:
        mask, scale = cache
        return dy * mask * scale
