"""Shortcuts: what a block adds to the output F(x) of its convolutions.

    IdentityShortcut     x itself                   where the shape stays, in nets with A or B
    ZeroPadShortcut      every second pixel of x,   where the shape changes, in nets with A
                         and zeros as new channels
    ProjectionShortcut   a 1x1 convolution of x     where the shape changes, in nets with B;
                                                    in every block, in nets with C
    NoShortcut           nothing                    in plain nets

A, B and C are the options of He et al. 2015 (arXiv:1512.03385, section 4.1). Each shortcut may be
multiplied by a constant `scale`: see He et al. 2016 (arXiv:1603.05027, section 3.1).

Option A leaves open where the zeros go. Facebook's Torch code puts all of them after the channels
of x, and so does this library by default. Other code, such as the widely used
github.com/akamaster/pytorch_resnet_cifar10, puts half before and half after. Weights trained with
one layout give wrong results with the other, although names and shapes are the same.
"""

from typing import Any

from .. import functional as F
from .. import nn
from ..autograd import Tensor

ZEROS = ("after", "around")


class IdentityShortcut(nn.Module):
    """scale x."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return scaled(x, self.scale)

    def extra_repr(self) -> str:
        return _describe_scale(self.scale)


class ZeroPadShortcut(nn.Module):
    """`subsample_and_pad` of x, times `scale`. It has no parameters."""

    def __init__(
        self, stride: int, new_channels: int, scale: float = 1.0, zeros: str = "after"
    ) -> None:
        self.stride, self.new_channels, self.scale = stride, new_channels, scale
        self.zeros = zeros

    def forward(self, x: Tensor) -> Tensor:
        padded = subsample_and_pad(x, self.stride, self.new_channels, self.zeros)
        return scaled(padded, self.scale)

    def extra_repr(self) -> str:
        settings = [f"stride={self.stride}", f"new_channels={self.new_channels}"]
        settings += [_describe_scale(self.scale)] * (self.scale != 1)
        settings += [f"zeros={self.zeros!r}"] * (self.zeros != "after")
        return ", ".join(settings)


class ProjectionShortcut(nn.Sequential):
    """A 1x1 convolution and then the layer that normalises its output, times `scale`."""

    def __init__(self, conv: nn.Module, norm: nn.Module, scale: float = 1.0) -> None:
        super().__init__(conv, norm)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return scaled(super().forward(x), self.scale)

    def extra_repr(self) -> str:
        return _describe_scale(self.scale)


class NoShortcut(nn.Module):
    """The shortcut of a plain net: nothing is added, and nothing is computed.

    A call returns None, which `nn.norm_relu` and `nn.conv_norm_relu` accept as a shortcut. Hooks
    are not called, because there is no output for them.
    """

    def __call__(self, *inputs: Any) -> None:
        return None


def shortcut_without_parameters(
    in_channels: int, out_channels: int, stride: int, scale: float = 1.0, zeros: str = "after"
) -> IdentityShortcut | ZeroPadShortcut:
    """Shortcut A: x itself where the shape stays, otherwise subsampled and padded with zeros."""
    if stride == 1 and in_channels == out_channels:
        return IdentityShortcut(scale)
    return ZeroPadShortcut(stride, out_channels - in_channels, scale, zeros)


def subsample_and_pad(x: Tensor, stride: int, new_channels: int, zeros: str = "after") -> Tensor:
    """Take every `stride`-th pixel of x along height and width, and add channels of zeros.

    (N, H, W, C) becomes (N, ceil(H / stride), ceil(W / stride), C + new_channels). With zeros
    "after", the new channels come after those of x; with "around", half of them come before.
    """
    x = x[:, ::stride, ::stride]
    before = new_channels // 2 if zeros == "around" else 0
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (before, new_channels - before)))


def scaled(x: Tensor, factor: float) -> Tensor:
    """x times a constant; x itself, without a pass over memory, if the constant is 1."""
    return x if factor == 1 else x * factor


def _describe_scale(scale: float) -> str:
    return "" if scale == 1 else f"scale={scale}"
