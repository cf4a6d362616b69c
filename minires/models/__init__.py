"""Nets, built from `nn`."""

from .cifar import CifarNet, plain, resnet
from .deeper import deepen
from .imagenet import ImageNetNet, plain18, plain34, resnet18, resnet34, resnet50, resnet101, resnet152
from .mlp import Mlp, plain_mlp, residual_mlp

__all__ = ["CifarNet", "ImageNetNet", "Mlp", "deepen", "plain", "plain18", "plain34", "plain_mlp", "residual_mlp", "resnet",
           "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
