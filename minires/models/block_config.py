"""The settings that all blocks of a net share, in one object that builds the parts of blocks."""

from dataclasses import dataclass

import numpy as np

from .. import checks, nn
from ..errors import ConfigError
from .fading import FadingShortcut
from .shortcuts import NoShortcut, ProjectionShortcut, shortcut_without_parameters


@dataclass(frozen=True)
class BlockConfig:
    """The arguments of `models.resnet` and `models.resnet50` that concern every block.

    ``shortcut=None`` makes a plain net. `eps` and `momentum` are those of batch norm. `bottleneck`,
    `stride_on`, `groups` and `width_per_group` concern bottlenecks. With `norm_groups`, group norm
    replaces batch norm. `layers` says how the layers of a block are built: "usual", or the name of
    one of the `models.alternatives`. `gate_bias` is for highway networks.

    Raises
    ------
    ConfigError
        If a setting has the wrong type, or `norm_groups` is given with ``batch_norm=False``.
    """

    shortcut: str | None = "A"
    batch_norm: bool = True
    pre_activation: bool = False
    shortcut_scale: float = 1.0
    init: str = "he"
    survival_prob: float = 1.0
    zeros: str = "after"
    bottleneck: bool = False
    stride_on: str = "3x3"
    groups: int = 1
    width_per_group: int = 64
    eps: float = 1e-5
    momentum: float = 0.1
    norm_groups: int | None = None
    layers: str = "usual"
    gate_bias: float = -2.0

    def __post_init__(self) -> None:
        for name in ("batch_norm", "pre_activation", "bottleneck"):
            checks.boolean("net", name, getattr(self, name))
        if self.norm_groups is not None:
            checks.integer("net", "norm_groups", self.norm_groups)
            if not self.batch_norm:
                raise ConfigError(
                    "net",
                    "norm_groups is for nets that normalise",
                    "batch_norm=True, which group norm then replaces",
                    "batch_norm=False",
                )

    def conv(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        rng: np.random.Generator,
        groups: int = 1,
    ) -> nn.Conv2d:
        """A convolution whose padding keeps the size of the map, except for the stride.

        It has a bias unless the layer after it adds one.
        """
        bias = not self.batch_norm and self.init != "fixup"
        return nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=bias,
            rng=rng,
        )

    def norm(self, num_features: int) -> nn.Module:
        """The layer that normalises a convolution's output.

        It is a batch norm or group norm, or an Identity if nothing is normalised.
        """
        if not self.batch_norm:
            return nn.Identity()
        if self.norm_groups is not None:
            return nn.GroupNorm(self.norm_groups, num_features, self.eps)
        return nn.BatchNorm2d(num_features, self.eps, self.momentum)

    def make_shortcut(
        self, in_channels: int, out_channels: int, stride: int, rng: np.random.Generator
    ) -> nn.Module:
        """The shortcut for a block of this shape: one of `models.shortcuts`.

        Only a projection draws weights from `rng`.
        """
        changes_shape = stride != 1 or in_channels != out_channels
        if self.shortcut is None:
            return NoShortcut()
        if self.shortcut == "C" or (self.shortcut == "B" and changes_shape):
            conv = self.conv(in_channels, out_channels, 1, stride, rng)
            norm = nn.Identity() if self.pre_activation else self.norm(out_channels)
            return ProjectionShortcut(conv, norm, self.shortcut_scale)
        shortcut = shortcut_without_parameters(
            in_channels, out_channels, stride, self.shortcut_scale, self.zeros
        )
        return FadingShortcut(shortcut) if self.layers == "fading" else shortcut

    def bottleneck_width(self, out_channels: int) -> int:
        """Channels of a bottleneck's 3x3 convolution: usually a quarter of `out_channels`.

        In a ResNeXt (Xie et al. 2017, arXiv:1611.05431) there are `groups` groups, each of which
        has ``width_per_group / 64`` times as many channels.
        """
        return out_channels // 4 * self.width_per_group // 64 * self.groups
