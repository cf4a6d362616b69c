"""Layers with branches that can be folded into one convolution after training.

In RepVGG (Ding et al. 2021, arXiv:2101.03697) a layer of a plain net gets two shortcuts of its own:
a 1x1 convolution and, where the shape stays the same, the input itself. Each branch has a batch
norm:

    y = relu(bn(conv3x3(x)) + bn(conv1x1(x)) + bn(x))

In evaluation each of the three terms is linear in x. A 1x1 filter is a 3x3 filter with eight zeros
around it, and the identity is the 1x1 filter of the unit matrix. So the sum is one 3x3 convolution
with a bias, and the net a plain one: `models.as_plain`.
"""

import numpy as np

from .. import nn
from ..autograd import Tensor
from ..nn import conv_norm_relu
from ..nn.folding import in_float64, scale_and_shift
from ..types import Array
from .block_config import BlockConfig
from .blocks import Block
from .shortcuts import NoShortcut


class RepVGGLayer(nn.Module):
    """relu(bn(conv3x3(x)) + bn(conv1x1(x)) + bn(x)); without bn(x) where the shape changes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        config: BlockConfig,
        rng: np.random.Generator,
        shortcut_rng: np.random.Generator,
    ) -> None:
        self.conv3x3 = config.conv(in_channels, out_channels, 3, stride, rng)
        self.bn3x3 = nn.BatchNorm2d(out_channels, config.eps, config.momentum)
        self.conv1x1 = config.conv(in_channels, out_channels, 1, stride, shortcut_rng)
        self.bn1x1 = nn.BatchNorm2d(out_channels, config.eps, config.momentum)
        self.bn_identity: nn.BatchNorm2d | None = None
        if stride == 1 and in_channels == out_channels:
            self.bn_identity = nn.BatchNorm2d(in_channels, config.eps, config.momentum)

    def forward(self, x: Tensor) -> Tensor:
        others = self.bn1x1(self.conv1x1(x))
        if self.bn_identity is not None:
            others = others + self.bn_identity(x)
        return conv_norm_relu(self.conv3x3, self.bn3x3, x, others)  # relu(bn(conv(x)) + others)

    def folded(self) -> tuple[Array, Array]:
        """(weight, bias), in float64, of the 3x3 convolution that computes the same in evaluation.

        The sum of the branches has the sum of their filters. Batch norm multiplies a filter by one
        number and adds another to its output: see `nn.fuse`.
        """
        scale, bias = scale_and_shift(self.bn3x3)
        weight = in_float64(self.conv3x3.weight) * scale
        scale, shift = scale_and_shift(self.bn1x1)
        weight[1, 1] += in_float64(self.conv1x1.weight)[0, 0] * scale  # in the middle of the 3x3
        bias += shift
        if self.bn_identity is not None:
            scale, shift = scale_and_shift(self.bn_identity)
            weight[1, 1] += np.diag(scale)
            bias += shift
        return weight, bias


class RepVGGBlock(Block):
    """Two `RepVGGLayer`: as many 3x3 convolutions as in a block of the plain net."""

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
        self.first = RepVGGLayer(in_channels, out_channels, stride, config, rng, shortcut_rng)
        self.second = RepVGGLayer(out_channels, out_channels, 1, config, rng, shortcut_rng)
        self.shortcut = NoShortcut()  # around the whole block; each layer has its own

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))

    @property
    def branch_end(self) -> nn.Module:
        return self.second
