"""Blocks that train without batch norm: Fixup (Zhang et al. 2019, arXiv:1901.09321).

    y = relu(scale F(x) + bias2b + x)       F: convolution, ReLU, convolution

At the start of training the initial weights do the work of batch norm. Later learnable numbers do
it: a bias before each convolution and each ReLU, and a multiplier, each a single number for the
whole map.
"""

import numpy as np

from .. import functional as F
from .. import nn
from ..autograd import Tensor
from ..nn import norm_relu
from .block_config import BlockConfig
from .blocks import Block


class FixupBlock(Block):
    """y = relu(scale F(x) + bias2b + shortcut(x)), with the initial weights of `init_weights`.

    The names of the single numbers are those of the authors' code. The gradient of such a number is
    a sum over a whole map, so it needs smaller steps than weights do.
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
        self.bias1a = nn.Parameter(np.zeros(1, np.float32))
        self.conv1 = config.conv(in_channels, out_channels, 3, stride, rng)
        self.bias1b = nn.Parameter(np.zeros(1, np.float32))
        self.bias2a = nn.Parameter(np.zeros(1, np.float32))
        self.conv2 = config.conv(out_channels, out_channels, 3, 1, rng)
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.bias2b = nn.Parameter(np.zeros(1, np.float32))
        self.branch_end = nn.Identity()
        self.shortcut = config.make_shortcut(in_channels, out_channels, stride, shortcut_rng)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)
        h = F.relu(self.conv1(x + self.bias1a) + self.bias1b)
        h = self.conv2(h + self.bias2a) * self.scale + self.bias2b
        return norm_relu(self.branch_end, h, shortcut)  # relu(h + shortcut)

    def init_weights(self, num_blocks: int) -> None:
        """Set Fixup's initial weights, in a net of `num_blocks` blocks, each of m = 2 layers.

        Those of the first layer, from `nn.init.he_normal`, are multiplied by
        num_blocks^(-1 / (2m - 2)), and those of the last layer are 0. Then a step of SGD changes
        the output of the net by about as much as in a shallow net, however deep it is.
        """
        self.conv1.weight.data *= num_blocks**-0.5
        self.conv2.weight.data[...] = 0
