"""Nets, built from `nn`."""

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

__all__ = [
    "CifarResNet",
    "DenseNet",
    "ImageNetResNet",
    "Mlp",
    "as_plain",
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
    "wide_resnet50_2",
    "wide_resnet101_2",
]
