"""Kernels that are the same for every array library: arithmetic, reductions, shapes, losses.

NumPy passes calls with arrays of another library on to that library (NEP 13 and NEP 18), so
``np.exp`` works for all of them.
"""

from .activation import add_relu, relu
from .conv import swap_in_out_channels
from .elementwise import (abs, add, divide, exp, log, multiply, negative, power, sqrt, subtract,
                          unbroadcast)
from .products import linear, matmul
from .loss import cross_entropy, log_softmax
from .reduction import max, mean, min, sum
from .shaping import concatenate, getitem, pad, reshape, transpose

__all__ = ["abs", "add", "add_relu", "concatenate", "cross_entropy", "divide", "exp", "getitem",
           "linear", "log", "log_softmax", "matmul", "max", "mean", "min", "multiply", "negative",
           "pad", "power", "relu", "reshape", "sqrt", "subtract", "sum", "transpose"]
