"""Code that is the same for every array library: arithmetic, shapes, losses, Adam, Muon.

NumPy passes calls with arrays of another library on to that library (NEP 13 and NEP 18), so
``np.exp`` works for all of them.
"""

from .activation import add_relu, relu, sigmoid, tanh
from .conv import swap_in_out_channels
from .elementwise import (
    abs,
    add,
    divide,
    exp,
    log,
    multiply,
    negative,
    power,
    sqrt,
    subtract,
    unbroadcast,
)
from .loss import cross_entropy, log_softmax, mse_loss, softmax
from .normalization import group_norm
from .optimizers import adam
from .orthogonalization import muon, orthogonalize
from .products import linear, matmul
from .reduction import max, mean, min, sum
from .regularization import dropout
from .shaping import concatenate, getitem, pad, reshape, transpose

__all__ = [
    "abs",
    "adam",
    "add",
    "add_relu",
    "concatenate",
    "cross_entropy",
    "divide",
    "dropout",
    "exp",
    "getitem",
    "group_norm",
    "linear",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "mean",
    "min",
    "mse_loss",
    "multiply",
    "muon",
    "negative",
    "orthogonalize",
    "pad",
    "power",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "sqrt",
    "subtract",
    "sum",
    "tanh",
    "transpose",
]
