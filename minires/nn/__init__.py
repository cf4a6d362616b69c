"""Layers and nets: modules with parameters, built on `functional`."""

from . import init
from .folding import fuse
from .fused import conv_norm_relu, norm_relu
from .layers import BatchNorm2d, Conv2d, Identity, Linear, ReLU, Sequential
from .module import Buffer, Module, Parameter
from .overriding import overridden
from .recomputation import recompute

__all__ = ["BatchNorm2d", "Buffer", "Conv2d", "Identity", "Linear", "Module", "Parameter", "ReLU", "Sequential", "conv_norm_relu", "fuse", "init", "norm_relu",
           "overridden", "recompute"]
