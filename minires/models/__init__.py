"""Nets, built from `nn`."""

from .cifar import CifarResNet, plain, resnet
from .deepening import deepen
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
from .registry import build
from .transfer import extract_features, freeze_before, replace_head
from .vgg import VGG, vgg16, vgg16_bn, vgg19, vgg19_bn
from .without_norm import BareNet, bare

__all__ = [
    "BareNet",
    "CifarResNet",
    "ImageNetResNet",
    "Mlp",
    "VGG",
    "bare",
    "build",
    "deepen",
    "extract_features",
    "freeze_before",
    "plain",
    "plain18",
    "plain34",
    "plain_mlp",
    "replace_head",
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
