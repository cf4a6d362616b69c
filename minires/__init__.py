"""minires: residual networks from scratch, in NumPy."""

__version__ = "0.1.0"

from . import data, diagnostics, functional, kernels, models, nn, optim, plot, training
from .autograd import Tensor, no_grad
from .autograd.gradcheck import gradcheck
from .autograd.graph import graph
from .backend import set_num_threads
from .serialization.weights import load, save

__all__ = ["Tensor", "data", "diagnostics", "functional", "gradcheck", "graph", "kernels", "load", "models", "nn", "no_grad", "optim",
           "plot", "save", "set_num_threads", "training"]
