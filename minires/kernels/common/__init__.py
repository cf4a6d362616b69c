"""Kernels that read letter by letter the same for every array library: arithmetic, reductions, shapes, losses.

NumPy hands its functions on to other libraries' arrays (NEP 13 and NEP 18), so ``np.exp`` serves them all. Beside them the
routines of a wing that are no kernels, for they have no derivative: `sgd`, `follow` and `prepare_images`.
"""

from .activation import add_relu, relu
from .elementwise import add, divide, exp, log, multiply, negative, power, sqrt, subtract, unbroadcast
from .filters import exchange
from .images import prepare_images
from .linear import linear, matmul
from .loss import cross_entropy, log_softmax
from .reduction import max, mean, sum
from .shaping import concatenate, getitem, pad, reshape, transpose
from .updates import follow, sgd

__all__ = ["add", "add_relu", "concatenate", "cross_entropy", "divide", "exp", "follow", "getitem", "linear", "log", "log_softmax",
           "matmul", "max", "mean", "multiply", "negative", "pad", "power", "prepare_images", "relu", "reshape", "sgd", "sqrt", "subtract",
           "sum", "transpose"]
