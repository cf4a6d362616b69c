"""Nonlinearities as layers."""

from .. import functional as F
from ..autograd.tensor import Tensor
from .module import Module


class ReLU(Module):
    """max(input, 0), elementwise: any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input)


class Tanh(Module):
    """The hyperbolic tangent, elementwise: any shape; see `functional.tanh`."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class CReLU(Module):
    """max(input, 0) and max(-input, 0), one after the other along the features: (..., C) gives
    (..., 2C).

    Nothing is lost, as half of the signal is in a ReLU: the difference of the two halves is the
    input (Shang et al. 2016, arXiv:1603.05201).
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.concatenate([F.relu(input), F.relu(-input)], axis=-1)


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
