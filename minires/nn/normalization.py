"""Layers that bring each channel to mean 0 and variance 1, over a batch or within an image."""

import numpy as np

from .. import functional as F
from ..autograd.tensor import Tensor
from ..checks import boolean, integer, number
from ..errors import ShapeError
from .module import Buffer, Module, Parameter


class BatchNorm2d(Module):
    """Batch norm: each channel of (..., num_features) normalised over the batch; the shape stays.

    In training by the batch's own mean and variance, in evaluation by running averages of them. See
    `functional.batch_norm` (Ioffe and Szegedy 2015, arXiv:1502.03167). The features must be the
    last axis, so it takes (N, C) as well as images.

    Parameters
    ----------
    num_features : int
    eps : float
        Added to the variance.
    momentum : float
        How far, from 0 to 1, the running averages move towards each batch's.

    Attributes
    ----------
    weight, bias : Parameter (num_features,)
        Start at 1 and 0.
    running_mean, running_var : Buffer (num_features,)
        What evaluation normalises by. They start at 0 and 1.
    num_features, eps, momentum

    Raises
    ------
    ConfigError
        For a setting out of range.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.num_features = integer("BatchNorm2d", "num_features", num_features)
        self.eps = _check_eps("BatchNorm2d", eps)
        self.momentum = number(
            "BatchNorm2d",
            "momentum",
            momentum,
            "a number from 0 to 1",
            lambda momentum: 0 <= momentum <= 1,
        )
        self.weight = Parameter(np.ones(self.num_features, np.float32))
        self.bias = Parameter(np.zeros(self.num_features, np.float32))
        self.running_mean = Buffer(np.zeros(self.num_features, np.float32))
        self.running_var = Buffer(np.ones(self.num_features, np.float32))

    def forward(self, input: Tensor) -> Tensor:
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class GroupNorm(Module):
    """Group norm: groups of channels of each image (N, ..., num_channels) normalised on their own.

    It needs no other images, so it suits small batches, and computes the same in training and in
    evaluation. See `functional.group_norm` (Wu and He 2018, arXiv:1803.08494).

    Parameters
    ----------
    num_groups : int
        A divisor of `num_channels`.
    num_channels : int
    eps : float
        Added to the variance.
    affine : bool
        Whether to scale and shift each channel by learnt numbers.

    Attributes
    ----------
    weight, bias : Parameter (num_channels,), or None unless `affine`
        Start at 1 and 0.
    num_groups, num_channels, eps, affine

    Raises
    ------
    ConfigError, ShapeError
        For a setting out of range, or groups that do not divide the channels.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        self.num_groups = integer("GroupNorm", "num_groups", num_groups)
        self.num_channels = integer("GroupNorm", "num_channels", num_channels)
        if self.num_channels % self.num_groups:
            raise ShapeError(
                "GroupNorm",
                "num_groups",
                f"a divisor of the {num_channels} channels",
                str(num_groups),
            )
        self.eps = _check_eps("GroupNorm", eps)
        self.affine = affine = boolean("GroupNorm", "affine", affine)
        self.weight = Parameter(np.ones(self.num_channels, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(self.num_channels, np.float32)) if affine else None

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


def _check_eps(where: str, eps: float) -> float:
    return number(where, "eps", eps, "a number of at least 0", lambda eps: eps >= 0)
