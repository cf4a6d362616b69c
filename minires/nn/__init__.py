"""Layers, losses and containers: modules with parameters, built on `functional`."""

from . import init
from .activation import CReLU, ReLU, Softmax, Tanh
from .containers import ModuleList, Sequential
from .conv import Conv2d
from .dropout import Dropout
from .folding import fuse
from .fused import conv_norm_relu, norm_relu
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss
from .module import Buffer, Module, Parameter
from .normalization import BatchNorm2d, GroupNorm
from .overriding import overridden
from .pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .recomputation import recompute
from .shaping import Flatten, Identity

__all__ = [
    "AvgPool2d",
    "BatchNorm2d",
    "Buffer",
    "CReLU",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "GroupNorm",
    "Identity",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Softmax",
    "Tanh",
    "conv_norm_relu",
    "fuse",
    "init",
    "norm_relu",
    "overridden",
    "recompute",
]
