"""Concatenation instead of addition: DenseNets (Huang et al. 2017, arXiv:1608.06993).

    residual   y = F(x) + x         afterwards x and F(x) cannot be told apart
    dense      y = [x, F(x)]        each layer appends its own k channels to those of its input

A layer sees the outputs of all layers before it in its dense block, unchanged, and only needs to
compute k channels of its own. k is called the growth rate. A net for small images has 3n + 4
layers:

    a 3x3 convolution, to 16 channels
    three dense blocks of n layers, on maps of size 32, 16 and 8
    between two blocks a transition: batch norm, ReLU, a 1x1 convolution, and the mean of each 2x2
        window
    batch norm, ReLU, global average pooling, a linear layer

In DenseNet-BC a layer has a bottleneck (B), which is a 1x1 convolution to 4k channels before the
3x3 convolution, so that there are 6n + 4 layers. Transitions compress (C) to half the channels, and
the first convolution has 2k channels. Batch norm and ReLU come before each convolution of a block.
"""

from typing import Any

import numpy as np

from .. import checks, nn
from .. import functional as F
from ..autograd import Tensor
from ..errors import ConfigError
from ..nn import conv_norm_relu, norm_relu
from ..random import stream
from .cifar import MOST_LAYERS

BOTTLENECK = 4  # channels of a bottleneck, as a multiple of the growth rate


class DenseLayer(nn.Module):
    """[x, F(x)], with `growth` new channels. F: batch norm, ReLU, 3x3 convolution."""

    def __init__(self, in_channels: int, growth: int, rng: np.random.Generator) -> None:
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, growth, 3, padding=1, bias=False, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        new = self.conv1(norm_relu(self.bn1, x))
        return F.concatenate([x, new], axis=-1)


class DenseBottleneck(nn.Module):
    """[x, F(x)], with `growth` new channels. F: batch norm, ReLU, 1x1 convolution, batch norm,
    ReLU, 3x3 convolution.
    """

    def __init__(self, in_channels: int, growth: int, rng: np.random.Generator) -> None:
        width = BOTTLENECK * growth
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False, rng=rng)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, growth, 3, padding=1, bias=False, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        h = norm_relu(self.bn1, x)
        new = self.conv2(conv_norm_relu(self.conv1, self.bn2, h))
        return F.concatenate([x, new], axis=-1)


class Transition(nn.Module):
    """The layers between two dense blocks: fewer channels, and a map of half the size."""

    def __init__(self, in_channels: int, out_channels: int, rng: np.random.Generator) -> None:
        self.bn = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(norm_relu(self.bn, x)), 2)


class DenseNet(nn.Module):
    """Images (N, H, W, 3) to logits (N, num_classes). Build it with `densenet`.

    H and W must be at least 4.

    Attributes
    ----------
    settings : dict
        What it was built from except for the seed: ``DenseNet(**settings, seed=0)`` is a net of the
        same shape.
    """

    def __init__(
        self,
        depth: int,
        growth: int,
        bottleneck: bool,
        compression: float,
        num_classes: int,
        seed: int,
    ) -> None:
        bottleneck = checks.boolean("densenet", "bottleneck", bottleneck)
        n = layers_in_a_block(depth, bottleneck)
        growth = checks.integer("densenet", "growth", growth)
        compression = checks.number(
            "densenet",
            "compression",
            compression,
            "a number above 0, at most 1, such as 0.5",
            lambda value: 0 < value <= 1,
        )
        num_classes = checks.integer("densenet", "num_classes", num_classes)
        self.settings: dict[str, Any] = {
            "depth": int(depth),
            "growth": growth,
            "bottleneck": bottleneck,
            "compression": compression,
            "num_classes": num_classes,
        }
        rng = stream(seed, "weights")
        layer = DenseBottleneck if bottleneck else DenseLayer
        channels = 2 * growth if bottleneck else 16
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False, rng=rng)
        for number in (1, 2, 3):
            stage = nn.Sequential(*[layer(channels + i * growth, growth, rng) for i in range(n)])
            setattr(self, f"block{number}", stage)
            channels += n * growth
            if number < 3:
                fewer = max(1, int(compression * channels))
                setattr(self, f"transition{number}", Transition(channels, fewer, rng))
                channels = fewer
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, num_classes, rng=rng, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.transition1(self.block1(self.conv1(x)))
        x = self.transition2(self.block2(x))
        x = norm_relu(self.bn, self.block3(x))
        return self.fc(F.global_avg_pool2d(x))

    block1: nn.Sequential
    block2: nn.Sequential
    block3: nn.Sequential
    transition1: Transition
    transition2: Transition


def densenet(
    depth: int,
    *,
    growth: int = 12,
    bottleneck: bool = False,
    compression: float = 1.0,
    num_classes: int = 10,
    seed: int = 0,
) -> DenseNet:
    """The DenseNet of `depth` layers for small images.

    DenseNet-40 (growth rate 12) is ``densenet(40)``, DenseNet-BC-100 is
    ``densenet(100, bottleneck=True, compression=0.5)``. There is no dropout.

    Parameters
    ----------
    depth : int
        Layers with weights: 3n + 4, with bottlenecks 6n + 4.
    growth : int
        The growth rate k: the number of channels that each layer adds.
    bottleneck : bool
        Whether a 1x1 convolution to 4k channels comes before each 3x3 convolution of a block.
    compression : float
        The fraction of the channels that a transition keeps: above 0, at most 1.
    num_classes, seed : int

    Raises
    ------
    ConfigError
        For a depth or another setting that is not possible.
    """
    return DenseNet(depth, growth, bottleneck, compression, num_classes, seed)


def layers_in_a_block(depth: int, bottleneck: bool = False) -> int:
    """The number n of layers in a block, for a DenseNet of that depth.

    Raises ConfigError if there is no such n.
    """
    step = 6 if bottleneck else 3
    if checks.is_integer(depth, least=MOST_LAYERS + 1):
        raise ConfigError("depth", "too deep to build", f"at most {MOST_LAYERS:,}", repr(depth))
    if not checks.is_integer(depth, least=step + 4) or (depth - 4) % step:
        nearest = max(1, (int(depth) - 4 + step // 2) // step) if checks.is_integer(depth) else 6
        raise ConfigError(
            "depth",
            "three dense blocks of n layers" + (", each with a bottleneck" if bottleneck else ""),
            f"{step}n + 4: {step * 6 + 4}, {step * 12 + 4}, ...",
            repr(depth),
            f"the nearest is {step * nearest + 4}",
        )
    return (int(depth) - 4) // step
