"""The nets of the paper, their variants, and other deep nets to compare them with."""

import re
from typing import TYPE_CHECKING

from .alternatives import diracnet, fading_resnet, highway, repvgg
from .cifar import CifarResNet, plain, resnet
from .deepening import deepen
from .dense_net import DenseNet, densenet
from .imagenet import (
    ImageNetResNet,
    plain18,
    plain34,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    resnext101_32x8d,
    wide_resnet50_2,
    wide_resnet101_2,
)
from .mlp import Mlp, plain_mlp, residual_mlp
from .plain_twin import as_plain
from .registry import build
from .transfer import extract_features, freeze_before, replace_head
from .vgg import VGG, vgg16, vgg16_bn, vgg19, vgg19_bn
from .without_norm import BareNet, bare

__all__ = [
    "BareNet",
    "CifarResNet",
    "DenseNet",
    "ImageNetResNet",
    "Mlp",
    "VGG",
    "as_plain",
    "bare",
    "build",
    "deepen",
    "densenet",
    "diracnet",
    "extract_features",
    "fading_resnet",
    "freeze_before",
    "highway",
    "plain",
    "plain18",
    "plain34",
    "plain_mlp",
    "replace_head",
    "repvgg",
    "residual_mlp",
    "resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "wide_resnet50_2",
    "wide_resnet101_2",
]


if not TYPE_CHECKING:  # with this function, a type checker would accept any name

    def __getattr__(name: str) -> object:
        """Raise AttributeError, and for a name such as ``resnet20`` suggest ``resnet(20)``."""
        message = f"module {__name__!r} has no attribute {name!r}"
        found = re.fullmatch("(resnet|plain)_?([0-9]+)", name)
        if found and (int(found[2]) - 2) % 6 == 0:
            message += f"; for {found[2]} layers: models.{found[1]}({found[2]})"
        raise AttributeError(message, name=name)
