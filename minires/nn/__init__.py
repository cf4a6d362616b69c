"""Layers and nets: modules with parameters, built on `functional`."""

from . import init
from .layers import BatchNorm2d, Conv2d, Identity, Linear, ReLU, Sequential, norm_relu
from .module import Buffer, Module, Parameter
from .recompute import recompute

__all__ = ["BatchNorm2d", "Buffer", "Conv2d", "Identity", "Linear", "Module", "Parameter", "ReLU", "Sequential", "init", "norm_relu", "recompute"]
