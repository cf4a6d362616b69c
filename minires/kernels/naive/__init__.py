"""The definitions, in loops: slow and short. Every other backend is tested against them.

Each kernel here takes one number after another and computes what the formula says. Read these
first. Then compare `conv.py` here with `conv.py` in `cpu`, which gets the same numbers with a
handful of array operations.
"""

from .activation import add_relu, relu, sigmoid, tanh
from .conv import conv2d, conv2d_relu
from .elementwise import abs, add, divide, exp, log, multiply, negative, power, sqrt, subtract
from .loss import cross_entropy, log_softmax, mse_loss, softmax
from .normalization import batch_norm, batch_norm_relu, group_norm
from .orthogonalization import orthogonalize
from .pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from .products import linear, matmul
from .reduction import max, mean, min, sum
from .regularization import dropout
from .shaping import concatenate, getitem, pad, reshape, transpose
