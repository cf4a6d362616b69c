"""The nets of He et al. 2015 (arXiv:1512.03385) for ImageNet.

ResNet-18 to ResNet-152 (table 1 of the paper), and the plain nets of 18 and 34 layers.

They consist of

- a 7x7 convolution with stride 2 to 64 channels, and a max-pool with stride 2;
- four stages of blocks, with 64, 128, 256 and 512 output channels (four times as many for
  bottlenecks), on maps of 56, 28, 14 and 7 pixels a side for images of 224;
- the mean over the map, and a linear layer.

The depth counts the layers with weights, except for those of shortcuts.

For small images these nets are often given another stem, a 3x3 convolution with stride 1 and no
pooling: ``stem="3x3"``. With CIFAR's images of 32 pixels the four stages then work on maps of 32,
16, 8 and 4.

Names and shapes are torchvision's, so that weights trained elsewhere can be loaded
(`minires.load`).
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from .. import checks
from .. import functional as F
from ..autograd import Tensor
from ..errors import unknown_name
from .base import ResNet
from .block_config import BlockConfig
from .cifar import SHORTCUTS

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}  # depth -> blocks in each stage
STRIDES = ("3x3", "1x1")
STEMS = {"7x7": (64, 7, 2), "3x3": (64, 3, 1)}  # channels, kernel size and stride
Build: TypeAlias = "Callable[..., ImageNetResNet]"


class ImageNetResNet(ResNet):
    """A net for large images. Build it with one of the functions below, such as `resnet50`."""

    def __init__(
        self, depth: int, num_classes: int, seed: int, config: BlockConfig, stem: str = "7x7"
    ) -> None:
        name = f"resnet{depth}" if config.shortcut else f"plain{depth}"
        if stem not in STEMS:
            raise unknown_name(name, "stem", stem, STEMS)
        num_classes = checks.integer(name, "num_classes", num_classes)
        expansion = 4 if config.bottleneck else 1
        stages = [(64 * 2**i * expansion, blocks) for i, blocks in enumerate(BLOCKS[depth])]
        self.pools = stem == "7x7"
        super().__init__(STEMS[stem], stages, num_classes, seed, config)

    def stem(self, x: Tensor) -> Tensor:
        x = super().stem(x)
        return F.max_pool2d(x, 3, stride=2, padding=1) if self.pools else x


def _basic(
    depth: int,
    *,
    num_classes: int = 1000,
    shortcut: str = "B",
    pre_activation: bool = False,
    seed: int = 0,
    stem: str = "7x7",
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> ImageNetResNet:
    _check_shortcut(depth, shortcut)
    config = BlockConfig(shortcut, pre_activation=pre_activation, eps=eps, momentum=momentum)
    return ImageNetResNet(depth, num_classes, seed, config, stem)


def _bottleneck(
    depth: int,
    *,
    num_classes: int = 1000,
    shortcut: str = "B",
    pre_activation: bool = False,
    seed: int = 0,
    stem: str = "7x7",
    eps: float = 1e-5,
    momentum: float = 0.1,
    stride_on: str = "3x3",
    groups: int = 1,
    width_per_group: int = 64,
) -> ImageNetResNet:
    _check_shortcut(depth, shortcut)
    where = f"resnet{depth}"
    if stride_on not in STRIDES:
        raise unknown_name(where, "stride_on", stride_on, STRIDES)
    groups = checks.integer(where, "groups", groups)
    width_per_group = checks.integer(where, "width_per_group", width_per_group)
    config = BlockConfig(
        shortcut,
        pre_activation=pre_activation,
        bottleneck=True,
        stride_on=stride_on,
        groups=groups,
        width_per_group=width_per_group,
        eps=eps,
        momentum=momentum,
    )
    return ImageNetResNet(depth, num_classes, seed, config, stem)


def _check_shortcut(depth: int, shortcut: str) -> None:
    if shortcut not in SHORTCUTS:
        raise unknown_name(f"resnet{depth}", "shortcut", shortcut, SHORTCUTS)


def _takes_settings_of(make: Build, *fixed: str) -> Callable[[Build], Build]:
    """Give a function the signature of `make`, without the settings `fixed`.

    The function passes its settings on to `make`, and chooses the fixed ones itself.
    """

    def decorate(function):
        passed = [
            parameter
            for parameter in inspect.signature(make).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in fixed
        ]
        known = [parameter.name for parameter in passed]

        @functools.wraps(function)
        def checked(**settings):
            for name in settings:
                if name not in known:
                    raise unknown_name(function.__name__, "setting", name, known)
            return function(**settings)

        checked.__signature__ = inspect.Signature(passed)
        return checked

    return decorate


def plain18(*, num_classes: int = 1000, seed: int = 0, stem: str = "7x7") -> ImageNetResNet:
    """The plain net of 18 layers: ResNet-18 without its shortcuts."""
    return ImageNetResNet(18, num_classes, seed, BlockConfig(shortcut=None), stem)


def plain34(*, num_classes: int = 1000, seed: int = 0, stem: str = "7x7") -> ImageNetResNet:
    """The plain net of 34 layers: ResNet-34 without its shortcuts."""
    return ImageNetResNet(34, num_classes, seed, BlockConfig(shortcut=None), stem)


@_takes_settings_of(_basic)
def resnet18(**settings: Any) -> ImageNetResNet:
    """ResNet-18, of basic blocks.

    Settings: those of `resnet50`, but without stride_on, groups and width_per_group.
    """
    return _basic(18, **settings)


@_takes_settings_of(_basic)
def resnet34(**settings: Any) -> ImageNetResNet:
    """ResNet-34, of basic blocks.

    Settings: those of `resnet50`, but without stride_on, groups and width_per_group.
    """
    return _basic(34, **settings)


@_takes_settings_of(_bottleneck)
def resnet50(**settings: Any) -> ImageNetResNet:
    """ResNet-50, of bottlenecks.

    Parameters
    ----------
    num_classes : int
        1000 by default.
    shortcut : {"A", "B", "C"}
        What is added where the shape changes: the input subsampled and padded with zero channels
        (A), or a 1x1 convolution of it (B, the default); C uses 1x1 convolutions in every block.
    pre_activation : bool
        Batch norm and ReLU before each convolution, none after the addition ("v2", He et al. 2016,
        arXiv:1603.05027).
    seed : int
        For the initial weights.
    stem : {"7x7", "3x3"}
        The first layers: a 7x7 convolution with stride 2 and a max-pool (the default), or for small
        images a 3x3 convolution alone, as in github.com/kuangliu/pytorch-cifar.
    eps, momentum : float
        Those of every batch norm, as in `nn.BatchNorm2d`.
    stride_on : {"3x3", "1x1"}
        Which convolution of a bottleneck has the stride: the 3x3, as in torchvision ("v1.5", the
        default), or the first 1x1, as in the paper. Weights trained with one have the shapes of the
        other, but give wrong results there.
    groups : int
        Groups of the 3x3 convolutions: 32, with ``width_per_group=4``, is `resnext50_32x4d`.
    width_per_group : int
        64 by default; 128 makes the 3x3 convolutions twice as wide: `wide_resnet50_2`.

    Returns
    -------
    ImageNetResNet
        Maps images (N, H, W, 3) to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a setting that does not exist, or a value that is not possible.
    """
    return _bottleneck(50, **settings)


@_takes_settings_of(_bottleneck)
def resnet101(**settings: Any) -> ImageNetResNet:
    """ResNet-101, of bottlenecks. Settings: those of `resnet50`."""
    return _bottleneck(101, **settings)


@_takes_settings_of(_bottleneck)
def resnet152(**settings: Any) -> ImageNetResNet:
    """ResNet-152, of bottlenecks. Settings: those of `resnet50`."""
    return _bottleneck(152, **settings)


@_takes_settings_of(_bottleneck, "groups", "width_per_group")
def resnext50_32x4d(**settings: Any) -> ImageNetResNet:
    """ResNeXt-50: 3x3 convolutions of 32 groups of 4 channels (Xie et al. 2017, arXiv:1611.05431).

    Other settings: those of `resnet50`.
    """
    return _bottleneck(50, groups=32, width_per_group=4, **settings)


@_takes_settings_of(_bottleneck, "groups", "width_per_group")
def resnext101_32x8d(**settings: Any) -> ImageNetResNet:
    """ResNeXt-101: 3x3 convolutions of 32 groups of 8 channels.

    Other settings: those of `resnet50`.
    """
    return _bottleneck(101, groups=32, width_per_group=8, **settings)


@_takes_settings_of(_bottleneck, "width_per_group")
def wide_resnet50_2(**settings: Any) -> ImageNetResNet:
    """ResNet-50 with 3x3 convolutions twice as wide.

    From Zagoruyko and Komodakis 2016 (arXiv:1605.07146). Other settings: those of `resnet50`.
    """
    return _bottleneck(50, width_per_group=128, **settings)


@_takes_settings_of(_bottleneck, "width_per_group")
def wide_resnet101_2(**settings: Any) -> ImageNetResNet:
    """ResNet-101 with 3x3 convolutions twice as wide. Other settings: those of `resnet50`."""
    return _bottleneck(101, width_per_group=128, **settings)
