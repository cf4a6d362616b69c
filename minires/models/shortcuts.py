"""Shortcuts: what a block adds to the output F(x) of its convolutions (He et al. 2015, section 3.2 and 4.1).

    IdentityShortcut      x itself                                         where the shape stays, except with shortcuts C
    ZeroPadShortcut       every second pixel of x, zeros as new channels   where the shape changes, with shortcuts A
    ProjectionShortcut    a 1x1 convolution of x                           where the shape changes, with B; in every block, with C
    NoShortcut            nothing                                          in a plain net

Each may be multiplied by a constant `scale`, for the experiments of He et al. 2016 (arXiv:1603.05027, section 3.1).
"""

from .. import functional as F
from .. import nn


class IdentityShortcut(nn.Module):
    """scale x."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def forward(self, x):
        return scaled(x, self.scale)

    def describe(self):
        return _describe_scale(self.scale)


class ZeroPadShortcut(nn.Module):
    """Every `stride`-th pixel of x along both axes, then `new_channels` channels of zeros, times `scale`. It has no parameters."""

    def __init__(self, stride, new_channels, scale=1.0):
        self.stride, self.new_channels, self.scale = stride, new_channels, scale

    def forward(self, x):
        return scaled(subsample_and_pad(x, self.stride, self.new_channels), self.scale)

    def describe(self):
        scale = _describe_scale(self.scale)
        return f"stride={self.stride}, new_channels={self.new_channels}" + (f", {scale}" if scale else "")


class ProjectionShortcut(nn.Sequential):
    """A 1x1 convolution and what normalises its output, one after the other, times `scale`."""

    def __init__(self, conv, norm, scale=1.0):
        super().__init__(conv, norm)
        self.scale = scale

    def forward(self, x):
        return scaled(super().forward(x), self.scale)


class NoShortcut(nn.Module):
    """That of a plain net: nothing is added, and nothing is computed.

    The result of a call is None, which `nn.norm_relu` and `nn.conv_norm_relu` take. There is no output for hooks to see, so they are
    not called.
    """

    def __call__(self, x):
        return None


def shortcut_without_parameters(in_channels, out_channels, stride, scale=1.0):
    """x itself where the shape stays, otherwise subsampled and padded with zeros: shortcut A."""
    if stride == 1 and in_channels == out_channels:
        return IdentityShortcut(scale)
    return ZeroPadShortcut(stride, out_channels - in_channels, scale)


def subsample_and_pad(x, stride, new_channels):
    """Every `stride`-th pixel of x (N, H, W, C), and zeros for the new channels: (N, H / stride, W / stride, C + new_channels)."""
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, new_channels)))


def scaled(x, factor):
    """x times a constant, without a pass over memory where that is 1."""
    return x if factor == 1 else x * factor


def _describe_scale(scale):
    return "" if scale == 1 else f"scale={scale}"
