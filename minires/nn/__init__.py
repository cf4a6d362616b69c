"""Layers and nets: modules with parameters, built on `functional`."""

from . import init
from .fusion import fuse
from .layers import BatchNorm2d, Conv2d, Identity, Linear, ReLU, Sequential, conv_norm_relu, norm_relu
from .module import Buffer, Module, Parameter
from .recomputation import recompute

__all__ = ["BatchNorm2d", "Buffer", "Conv2d", "Identity", "Linear", "Module", "Parameter", "ReLU", "Sequential", "conv_norm_relu", "fuse", "init", "norm_relu", "recompute"]
