"""Convolution as a layer."""

import numpy as np

from .. import functional as F
from ..autograd.tensor import Tensor
from ..checks import boolean, integer
from ..errors import ShapeError
from ..kernels import shapes
from ..types import IntPair
from . import init
from .module import Module, Parameter


class Conv2d(Module):
    """Slide filters over images: (N, H, W, in_channels) to (N, H', W', out_channels).

    The formula of H' is in `functional.conv2d`.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or (int, int)
        In pixels, for height and width.
    groups : int
        Each group of output channels sees only its own group of input channels.
    bias : bool
        Leave it out before a batch norm, which subtracts the mean anyway.
    rng : np.random.Generator, optional
        Draws the initial weights (`init.he_normal`); without it they cannot be repeated.

    Attributes
    ----------
    weight : Parameter (KH, KW, in_channels / groups, out_channels)
    bias : Parameter (out_channels,) or None
        Starts at 0.
    in_channels, out_channels, groups : int
    kernel_size, stride, padding, dilation : (int, int)

    Raises
    ------
    ConfigError, ShapeError
        For sizes that are no whole numbers or too small, or `groups` that do not divide both
        numbers of channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels = integer("Conv2d", "in_channels", in_channels)
        self.out_channels = integer("Conv2d", "out_channels", out_channels)
        self.groups = integer("Conv2d", "groups", groups)
        if in_channels % groups or out_channels % groups:
            divisor = f"a divisor of both {in_channels} and {out_channels} channels"
            raise ShapeError("Conv2d", "groups", divisor, str(groups))
        window = shapes.sliding_window("Conv2d", kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.padding, self.dilation = window
        shape = (*self.kernel_size, self.in_channels // self.groups, self.out_channels)
        self.weight = Parameter(init.he_normal(shape, rng))
        has_bias = boolean("Conv2d", "bias", bias)
        self.bias = Parameter(np.zeros(self.out_channels, np.float32)) if has_bias else None

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        shown += f", stride={self.stride}"
        if self.padding != (0, 0):
            shown += f", padding={self.padding}"
        if self.dilation != (1, 1):
            shown += f", dilation={self.dilation}"
        if self.groups != 1:
            shown += f", groups={self.groups}"
        return shown if self.bias is not None else shown + ", bias=False"
