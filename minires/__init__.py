"""minires: residual networks from scratch, in NumPy."""

__version__ = "0.1.0"

from . import starting as starting  # first: Ctrl-C may come while the others are imported

# isort: split
from . import (
    autograd,
    data,
    diagnostics,
    distributed,
    functional,
    kernels,
    models,
    nn,
    optim,
    plot,
    training,
)
from .autograd import Tensor, enable_grad, no_grad
from .autograd.gradcheck import gradcheck
from .autograd.graph import graph
from .backend import set_num_threads
from .kernels import release_memory
from .serialization.weights import load, save

__all__ = [
    "Tensor",
    "autograd",
    "data",
    "diagnostics",
    "distributed",
    "enable_grad",
    "functional",
    "gradcheck",
    "graph",
    "kernels",
    "load",
    "models",
    "nn",
    "no_grad",
    "optim",
    "plot",
    "release_memory",
    "save",
    "set_num_threads",
    "training",
]
