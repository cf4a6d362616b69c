"""Dropout as a layer."""

import numpy as np

from .. import functional as F
from ..autograd.tensor import Tensor
from ..checks import generator, number
from .module import Module


class Dropout(Module):
    """In training set each number to 0 with probability p, and divide the others by 1 - p.

    Any shape. In evaluation the input is returned as it is. See `functional.dropout`.

    Parameters
    ----------
    p : float
        From 0 to 1.
    rng : np.random.Generator, optional
        Draws which numbers are kept. Without it, a run cannot be repeated.

    Attributes
    ----------
    p : float
    rng : np.random.Generator
        Part of what a checkpoint holds and `nn.recompute` restores (`Module.named_generators`).

    Raises
    ------
    ConfigError
        If p is not from 0 to 1, or `rng` is no generator.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = number("Dropout", "p", p, "a probability from 0 to 1", lambda p: 0 <= p <= 1)
        self.rng = generator("Dropout", rng)

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"
