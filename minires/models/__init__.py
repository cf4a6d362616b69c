"""Nets, built from `nn`."""

from .cifar import CifarNet, plain, resnet
from .deeper import deepen
from .mlp import Mlp, plain_mlp, residual_mlp

__all__ = ["CifarNet", "Mlp", "deepen", "plain", "plain_mlp", "residual_mlp", "resnet"]
