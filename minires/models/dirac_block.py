"""A shortcut that lives in the weights of a convolution.

DiracNets (Zagoruyko and Komodakis 2017, arXiv:1706.00388) write the filters of a plain net as sums:

    W = a delta + b V / |V|

Here delta is the filter that returns its input, with a 1 in the middle. V are ordinary weights;
each filter is divided by its length |V|. a and b are learnable, one number each for every filter,
and start at 1 and 0.1. So a layer starts close to the identity, like a layer with a shortcut. But
it is a single convolution, and after training W can be computed once for all: `models.as_plain`.

The authors' nets also replace ReLU by NCReLU, which passes on the negative part beside the positive
one. Here it is ReLU, so that the net folds into the plain net of He et al.
"""

from typing import Any

import numpy as np

from .. import functional as F
from .. import nn
from ..autograd import Tensor
from ..nn import conv_norm_relu
from .block_config import BlockConfig
from .blocks import Block
from .shortcuts import NoShortcut


class DiracConv2d(nn.Conv2d):
    """A convolution with the weights a delta + b V / |V|.

    Parameters
    ----------
    *args, **kwargs
        Those of `nn.Conv2d`, with a square window of an odd size. If the numbers of input and
        output channels differ, delta passes on the first channels, as many as both have. With a
        stride this is what shortcut A does.

    Attributes
    ----------
    weight : Parameter (KH, KW, in_channels, out_channels)
        V in the formula above.
    a, b : Parameter (out_channels,)
    delta : Buffer (KH, KW, in_channels, out_channels)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.a = nn.Parameter(np.ones(self.out_channels, np.float32))
        self.b = nn.Parameter(np.full(self.out_channels, 0.1, np.float32))
        self.delta = nn.Buffer(dirac_delta(self.weight.shape))

    def forward(self, input: Tensor) -> Tensor:
        W = self.filters()
        return F.conv2d(input, W, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def filters(self) -> Tensor:
        """W, the weights of the ordinary convolution that computes the same."""
        V = self.weight
        length = (V * V).sum(axis=(0, 1, 2), keepdims=True).sqrt()
        return self.delta * self.a + V / length * self.b


def dirac_delta(shape: tuple[int, ...]) -> np.ndarray:
    """The filters (KH, KW, C_in, C_out) that pass on channel i of the input as channel i."""
    delta = np.zeros(shape, np.float32)
    delta[shape[0] // 2, shape[1] // 2] = np.eye(shape[2], shape[3])
    return delta


class DiracBlock(Block):
    """The two layers of a plain block, as `DiracConv2d`: the only shortcuts are in the weights."""

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
        self.conv1 = DiracConv2d(in_channels, out_channels, 3, stride, 1, bias=False, rng=rng)
        self.bn1 = config.norm(out_channels)
        self.conv2 = DiracConv2d(out_channels, out_channels, 3, 1, 1, bias=False, rng=rng)
        self.bn2 = config.norm(out_channels)
        self.shortcut = NoShortcut()

    def forward(self, x: Tensor) -> Tensor:
        h = conv_norm_relu(self.conv1, self.bn1, x)
        return conv_norm_relu(self.conv2, self.bn2, h)

    @property
    def branch_end(self) -> nn.Module:
        return self.bn2
