"""Convolutions and a nonlinearity, and nothing else: the plain nets of `cifar` without batch norm.

How signals pass through such a net at the start depends on its initial weights alone. With normal
weights the signals of different images become more alike from layer to layer, or the gradients blow
up. There are two ways to start a deep net well:

- "delta-orthogonal" weights with tanh: every layer preserves the norm of its input and, on the way
  back, of the gradient (Xiao et al. 2018, arXiv:1806.05393: nets of 10,000 layers train);
- "crelu", a nonlinearity that loses no information, with mirrored weights: the whole net is linear
  at first (Balduzzi et al. 2017, arXiv:1702.08591).
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from .. import checks, nn
from .. import functional as F
from ..autograd import Tensor
from ..errors import unknown_name
from ..nn import init as initial
from ..random import stream
from ..types import Array
from .blocks import Block
from .cifar import check_depth
from .shortcuts import NoShortcut

# Name -> layer, and the gain of the weights that keeps the size of a signal. With sqrt 2 it makes
# up for the half of the mean square that a ReLU removes.
ACTIVATIONS: dict[str, tuple[type[nn.Module], float]] = {
    "relu": (nn.ReLU, sqrt(2)),
    "tanh": (nn.Tanh, 1.0),
    "crelu": (nn.CReLU, 1.0),
}
INITS = ("normal", "delta-orthogonal")


def bare(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    activation: str = "relu",
    init: str = "normal",
    seed: int = 0,
) -> BareNet:
    """The plain net of `depth` layers without batch norm.

    Parameters
    ----------
    depth : int
        Layers with weights: 6n + 2, such as 20, 56.
    width : int
        Channels of the first stage; the later ones have twice and four times as many.
    num_classes : int
    activation : {"relu", "tanh", "crelu"}
        The nonlinearity before each layer but the first. With "crelu" each of these layers has
        twice as many inputs, and so twice as many weights. They are mirrored at first: see
        `nn.init.mirrored`.
    init : {"normal", "delta-orthogonal"}
        The initial weights of the convolutions: normal with the standard deviation
        gain / sqrt(fan_in), or `nn.init.delta_orthogonal`; the gain is sqrt 2 for ReLU, else 1.
    seed : int
        For the initial weights.

    Returns
    -------
    BareNet
        Maps images (N, H, W, 3) of any size to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2, or an activation or init that does not exist.
    """
    return BareNet(depth, width, num_classes, activation, init, seed=seed)


class BareNet(nn.Module):
    """A net of convolutions and one nonlinearity. Build it with `bare`.

    Attributes
    ----------
    settings : dict
        What it was built from except for the seed: ``BareNet(**settings, seed=0)`` is a net of the
        same shape.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential

    def __init__(
        self, depth: int, width: int, num_classes: int, activation: str, init: str, seed: int
    ) -> None:
        n = check_depth(depth)
        width = checks.integer("BareNet", "width", width)
        num_classes = checks.integer("BareNet", "num_classes", num_classes)
        if activation not in ACTIVATIONS:
            raise unknown_name("bare", "activation", activation, ACTIVATIONS)
        if init not in INITS:
            raise unknown_name("bare", "init", init, INITS)
        self.settings: dict[str, Any] = {
            "depth": int(depth),
            "width": width,
            "num_classes": num_classes,
            "activation": activation,
            "init": init,
        }
        rng = stream(seed, "weights")
        self.conv1 = _conv(3, width, 1, None, activation, init, rng)
        channels = width
        for number in (1, 2, 3):
            blocks = []
            for i in range(n):
                stride = 2 if number > 1 and i == 0 else 1
                out = width * 2 ** (number - 1)
                blocks.append(BareBlock(channels, out, stride, activation, init, rng))
                channels = out
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.activation = ACTIVATIONS[activation][0]()
        features = 2 * channels if activation == "crelu" else channels
        self.fc = nn.Linear(features, num_classes, rng=rng, std=0.01)
        if activation == "crelu":
            half = self.fc.weight.data[:channels]
            self.fc.weight.data[...] = initial.mirrored(half)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        for stage in (self.layer1, self.layer2, self.layer3):
            x = stage(x)
        return self.fc(F.global_avg_pool2d(self.activation(x)))


class BareBlock(Block):
    """Two convolutions, the nonlinearity f before each: y = conv2(f(conv1(f(x))))."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        activation: str,
        init: str,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(in_channels, out_channels, stride)
        self.activation = ACTIVATIONS[activation][0]()
        self.conv1 = _conv(in_channels, out_channels, stride, activation, activation, init, rng)
        self.conv2 = _conv(out_channels, out_channels, 1, activation, activation, init, rng)
        self.shortcut = NoShortcut()

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(self.activation(x))
        return self.conv2(self.activation(h))

    @property
    def branch_end(self) -> nn.Module:
        return self.conv2


def _conv(
    in_channels: int,
    out_channels: int,
    stride: int,
    before: str | None,
    activation: str,
    init: str,
    rng: np.random.Generator,
) -> nn.Conv2d:
    """A 3x3 convolution with initial weights for the nonlinearity `before` it, if there is one."""
    shape = (3, 3, in_channels, out_channels)
    # The first layer gets the images themselves: nothing has been lost that a gain makes up for.
    gain = 1.0 if before is None else ACTIVATIONS[activation][1]
    weight: Array
    if init == "normal":
        weight = initial.normal(shape, rng, gain / sqrt(prod(shape[:-1])))
    else:
        weight = initial.delta_orthogonal(shape, rng, gain)
    if before == "crelu":
        weight = initial.mirrored(weight)
    conv = nn.Conv2d(weight.shape[2], out_channels, 3, stride=stride, padding=1, rng=rng)
    conv.weight.data[...] = weight
    return conv
