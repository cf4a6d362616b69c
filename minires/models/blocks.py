"""The blocks of residual nets: convolutions F, a shortcut, and how the two come together.

    BasicBlock         y = relu(F(x) + x)   F: 3x3 convolution, batch norm, ReLU, 3x3 convolution,
                                            batch norm (He et al. 2015)
    Bottleneck         y = relu(F(x) + x)   F: the same with 1x1, 3x3 and 1x1 convolutions
    PreActBlock        y = F(x) + x         F: batch norm, ReLU, 3x3 convolution, twice
                                            (He et al. 2016)
    PreActBottleneck   y = F(x) + x         F: the same with 1x1, 3x3 and 1x1 convolutions

Where the shape changes, another shortcut takes the place of x: see `models.shortcuts`.
"""

from typing import TYPE_CHECKING

import numpy as np

from .. import functional as F
from .. import nn
from ..autograd import Tensor
from ..nn import conv_norm_relu, norm_relu
from .block_config import BlockConfig
from .shortcuts import NoShortcut, ProjectionShortcut, shortcut_without_parameters
from .stochastic_depth import StochasticDepth


class Block(nn.Module):
    """The base of all blocks.

    In a subclass, `forward` computes the block's output, and `skip` what is left of it without F.

    Parameters
    ----------
    in_channels, out_channels, stride : int
        Those of the block as a whole.

    Attributes
    ----------
    branch_end : nn.Module
        The module whose output is the whole F(x), right before the addition. A hook on it sees F(x)
        and can replace it.
    stochastic_depth : StochasticDepth or None
        Decides for each call whether `forward` or `skip` is computed. None always computes
        `forward`.
    """

    stochastic_depth: StochasticDepth | None = None

    if TYPE_CHECKING:  # a subclass has it as a property or as an attribute

        @property
        def branch_end(self) -> nn.Module: ...

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride

    @property
    def shortcut(self) -> nn.Module:
        """The module whose output is added to F(x).

        It is stored as `downsample`, because its weights have this name in torchvision's files.
        """
        return self.downsample

    @shortcut.setter
    def shortcut(self, module: nn.Module) -> None:
        self.downsample = module

    def skip(self, x: Tensor) -> Tensor:
        """The block's output without F: relu(shortcut(x)).

        A block of a plain net passes on its input or, where the shape changes, shortcut A of it. No
        ReLU follows: behind the ReLU of the block before it would change nothing, and in
        `models.bare` no ReLU ends a block.
        """
        if isinstance(self.shortcut, NoShortcut):
            return shortcut_without_parameters(self.in_channels, self.out_channels, self.stride)(x)
        return F.relu(self.shortcut(x))

    def _compute(self, x):
        if self.stochastic_depth is None:
            return self.forward(x)
        return self.stochastic_depth.compute(self, x)


class BasicBlock(Block):
    """Two 3x3 convolutions: y = relu(F(x) + shortcut(x)), in a plain net relu(F(x)).

    With SkipInit (De and Smith 2020, arXiv:2002.10444) there is no batch norm, and a learnable
    number replaces the second one: y = relu(a F(x) + shortcut(x)). It starts at 0, so that at first
    every block passes on its input.
    """

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
        self.bn2 = Gain(0) if config.init == "skipinit" else config.norm(out_channels)
        self.shortcut = config.make_shortcut(in_channels, out_channels, stride, shortcut_rng)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)
        h = conv_norm_relu(self.conv1, self.bn1, x)
        return conv_norm_relu(self.conv2, self.bn2, h, shortcut)  # relu(bn2(conv2(h)) + shortcut)

    @property
    def branch_end(self) -> nn.Module:
        return self.bn2


class Bottleneck(Block):
    """A 1x1 convolution to fewer channels, a 3x3, and a 1x1 back to many.

    y = relu(F(x) + shortcut(x))

    It is three layers deep, and costs about as much as two 3x3 convolutions with a quarter of the
    channels. The paper puts the stride on the first convolution. Most code since then puts it on
    the 3x3 convolution, which leaves no pixel unread ("v1.5").
    """

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
        width = config.bottleneck_width(out_channels)
        stride1, stride2 = (stride, 1) if config.stride_on == "1x1" else (1, stride)
        self.conv1 = config.conv(in_channels, width, 1, stride1, rng)
        self.bn1 = config.norm(width)
        self.conv2 = config.conv(width, width, 3, stride2, rng, config.groups)
        self.bn2 = config.norm(width)
        self.conv3 = config.conv(width, out_channels, 1, 1, rng)
        self.bn3 = config.norm(out_channels)
        self.shortcut = config.make_shortcut(in_channels, out_channels, stride, shortcut_rng)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)
        h = conv_norm_relu(self.conv1, self.bn1, x)
        h = conv_norm_relu(self.conv2, self.bn2, h)
        return conv_norm_relu(self.conv3, self.bn3, h, shortcut)  # relu(bn3(conv3(h)) + shortcut)

    @property
    def branch_end(self) -> nn.Module:
        return self.bn3


class PreActivation(Block):
    """The base of blocks with batch norm and ReLU before each convolution: y = F(x) + shortcut(x).

    Along the shortcuts x goes from block to block with nothing but additions (He et al. 2016,
    arXiv:1603.05027, figure 4e). A projection takes the output of the first ReLU, as in the
    authors' code, and no batch norm follows it.
    """

    bn1: nn.Module
    gain: nn.Module

    def skip(self, x: Tensor) -> Tensor:
        """The block's output without F: the shortcut alone."""
        return self.shortcut(norm_relu(self.bn1, x) if self.projects else x)

    @property
    def projects(self) -> bool:
        """Whether the shortcut is a projection. It shares the first batch norm and ReLU with F."""
        return isinstance(self.shortcut, ProjectionShortcut)

    @property
    def branch_end(self) -> nn.Module:
        return self.gain


class PreActBlock(PreActivation):
    """Two 3x3 convolutions.

    With SkipInit a learnable number, `gain`, multiplies F, and there is no batch norm.
    """

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
        self.bn1 = config.norm(in_channels)
        self.conv1 = config.conv(in_channels, out_channels, 3, stride, rng)
        self.bn2 = config.norm(out_channels)
        self.conv2 = config.conv(out_channels, out_channels, 3, 1, rng)
        self.gain = Gain(0) if config.init == "skipinit" else nn.Identity()
        self.shortcut = config.make_shortcut(in_channels, out_channels, stride, shortcut_rng)

    def forward(self, x: Tensor) -> Tensor:
        h = norm_relu(self.bn1, x)
        shortcut = self.shortcut(h if self.projects else x)
        h = conv_norm_relu(self.conv1, self.bn2, h)
        return self.gain(self.conv2(h)) + shortcut


class PreActBottleneck(PreActivation):
    """The three convolutions of a `Bottleneck`."""

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
        width = config.bottleneck_width(out_channels)
        stride1, stride2 = (stride, 1) if config.stride_on == "1x1" else (1, stride)
        self.bn1 = config.norm(in_channels)
        self.conv1 = config.conv(in_channels, width, 1, stride1, rng)
        self.bn2 = config.norm(width)
        self.conv2 = config.conv(width, width, 3, stride2, rng, config.groups)
        self.bn3 = config.norm(width)
        self.conv3 = config.conv(width, out_channels, 1, 1, rng)
        self.gain = nn.Identity()
        self.shortcut = config.make_shortcut(in_channels, out_channels, stride, shortcut_rng)

    def forward(self, x: Tensor) -> Tensor:
        h = norm_relu(self.bn1, x)
        shortcut = self.shortcut(h if self.projects else x)
        h = conv_norm_relu(self.conv1, self.bn2, h)
        h = conv_norm_relu(self.conv2, self.bn3, h)
        return self.gain(self.conv3(h)) + shortcut


class Gain(nn.Module):
    """w x, with one learnable number w, which is `start` at first."""

    def __init__(self, start: float) -> None:
        self.weight = nn.Parameter(np.full(1, start, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Shift(nn.Module):
    """x + b, with one learnable number b, which is 0 at first."""

    def __init__(self) -> None:
        self.bias = nn.Parameter(np.zeros(1, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias
