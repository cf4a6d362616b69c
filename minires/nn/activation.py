"""Nonlinearities as layers."""

from .. import functional as F
from ..autograd.tensor import Tensor
from .module import Module


class ReLU(Module):
    """max(input, 0), elementwise: any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input)


class Softmax(Module):
    """Numbers of any shape to positive ones whose sum along `axis` is 1; see `functional.softmax`.

    For looking at a net's probabilities. A loss takes the logits themselves: `CrossEntropyLoss` has
    its softmax inside, in a form that neither overflows nor underflows.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"
