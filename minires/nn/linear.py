"""The linear layer."""

import numpy as np

from .. import functional as F
from ..autograd.tensor import Tensor
from ..checks import boolean, integer
from . import init
from .module import Module, Parameter


class Linear(Module):
    """input weight + bias: (N, in_features) to (N, out_features).

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    rng : np.random.Generator, optional
        Draws the initial weights; without it they cannot be repeated.
    std : float, optional
        Standard deviation of the initial weights. The default is that of `init.he_normal`, for a
        layer before a ReLU.

    Attributes
    ----------
    weight : Parameter (in_features, out_features)
    bias : Parameter (out_features,) or None
        Starts at 0.
    in_features, out_features : int

    Raises
    ------
    ConfigError
        For sizes that are not whole numbers of at least 1, or another setting out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
        std: float | None = None,
    ) -> None:
        self.in_features = integer("Linear", "in_features", in_features)
        self.out_features = integer("Linear", "out_features", out_features)
        shape = self.in_features, self.out_features
        drawn = init.he_normal(shape, rng) if std is None else init.normal(shape, rng, std)
        self.weight = Parameter(drawn)
        has_bias = boolean("Linear", "bias", bias)
        self.bias = Parameter(np.zeros(self.out_features, np.float32)) if has_bias else None

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
