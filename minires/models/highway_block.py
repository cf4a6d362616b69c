"""Shortcuts with a gate: the blocks of highway networks (Srivastava et al. 2015, arXiv:1505.00387).

    y = T(x) H(x) + (1 - T(x)) x        T(x) = sigmoid(W_T x + b_T)

H(x) is what a plain block computes. The gate T is learned and lies between 0 and 1. It says for
each pixel and channel how much of H(x) is used; the rest is carried over from the input. With T = 1
the net is plain, with T = 0 a block passes on its input. The biases b_T start at a negative number,
so that blocks at first mostly carry their input.

He et al. 2016 (arXiv:1603.05027, section 3.1) call this exclusive gating, and find it worse than
adding: an input that is carried through L blocks is multiplied by 1 - T at each of them.
"""

import numpy as np

from .. import functional as F
from .. import nn
from ..autograd import Tensor
from ..nn import conv_norm_relu
from .block_config import BlockConfig
from .blocks import Block
from .shortcuts import shortcut_without_parameters


class HighwayBlock(Block):
    """The two layers of a plain block, and a gate that mixes their output with x.

    The gate is a 1x1 convolution. Where the shape changes, shortcut A takes the place of x.
    """

    branch_end: nn.Module

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        config: BlockConfig,
        rng: np.random.Generator,
        shortcut_rng: np.random.Generator,
    ) -> None:
        super().__init__(in_channels, out_channels, stride)
        self.conv1 = config.conv(in_channels, out_channels, 3, stride, rng)
        self.bn1 = config.norm(out_channels)
        self.conv2 = config.conv(out_channels, out_channels, 3, 1, rng)
        self.bn2 = config.norm(out_channels)
        self.gate = nn.Conv2d(in_channels, out_channels, 1, stride, rng=shortcut_rng)
        assert self.gate.bias is not None
        self.gate.bias.data[...] = config.gate_bias
        self.branch_end = nn.Identity()
        self.shortcut = shortcut_without_parameters(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        h = conv_norm_relu(self.conv1, self.bn1, x)
        h = conv_norm_relu(self.conv2, self.bn2, h)  # H(x)
        t = F.sigmoid(self.gate(x))  # T(x)
        return self.branch_end(t * h) + (1 - t) * self.shortcut(x)

    def skip(self, x: Tensor) -> Tensor:
        """The block's output without H: the part of the input that the gate carries over."""
        return (1 - F.sigmoid(self.gate(x))) * self.shortcut(x)
