"""Losses as modules: how far a net's answers are from the right ones, as one number."""

import numpy as np

from .. import functional as F
from ..autograd.tensor import Tensor
from ..checks import number
from ..errors import ConfigError
from ..types import ArrayLike
from .module import Module


class CrossEntropyLoss(Module):
    """The mean cross-entropy, in nats, of logits (N, K) against integer labels (N,).

    ``loss(net(images), labels)``. Takes logits, not probabilities: softmax is part of it. See
    `functional.cross_entropy`.

    Parameters
    ----------
    weight : sequence of float (K,), optional
        How much each class counts.
    label_smoothing : float
        How much of each target, from 0 to 1, is spread evenly over all classes.

    Raises
    ------
    ConfigError
        For a `label_smoothing` out of range, or weights that are no list.
    """

    def __init__(self, weight: ArrayLike | None = None, *, label_smoothing: float = 0.0) -> None:
        if weight is not None and np.ndim(weight) != 1:
            expected = "a list of numbers, one for each class"
            raise ConfigError("CrossEntropyLoss", "weight", expected, repr(weight))
        self.weight = None if weight is None else np.array(weight)
        self.label_smoothing = number(
            "CrossEntropyLoss",
            "label_smoothing",
            label_smoothing,
            "a number from 0 to 1",
            lambda s: 0 <= s <= 1,
        )

    def forward(self, input: Tensor, target: ArrayLike) -> Tensor:
        return F.cross_entropy(input, target, self.weight, label_smoothing=self.label_smoothing)

    def extra_repr(self) -> str:
        weight = [] if self.weight is None else [f"weight={self.weight.tolist()}"]
        smoothing = [f"label_smoothing={self.label_smoothing}"] if self.label_smoothing else []
        return ", ".join(weight + smoothing)


class MSELoss(Module):
    """The mean of (input - target)^2 over all elements, of two Tensors of one shape.

    See `functional.mse_loss`.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target)
