"""minires: residual networks from scratch, in NumPy."""

__version__ = "0.1.0"

from . import data, functional, kernels, models, nn, optim
from .gradcheck import gradcheck
from .graph import graph
from .tensor import Tensor, no_grad
from .weights import load, save

__all__ = ["Tensor", "data", "functional", "gradcheck", "graph", "kernels", "load", "models", "nn", "no_grad", "optim", "save"]
