"""What reads letter by letter the same for every array library: arithmetic, shapes, losses, ...

NumPy hands its functions on to other libraries' arrays (NEP 13 and NEP 18), so ``np.exp`` serves them all.
"""

from .activation import add_relu, relu
from .conv import swap_in_out_channels
from .elementwise import add, divide, exp, log, multiply, negative, power, sqrt, subtract, unbroadcast
from .products import linear, matmul
from .loss import cross_entropy, log_softmax, mse_loss, softmax
from .normalization import group_norm
from .optimizers import adam
from .reduction import max, mean, sum
from .regularization import dropout
from .shaping import concatenate, getitem, pad, reshape, transpose

__all__ = ["adam", "add", "add_relu", "concatenate", "cross_entropy", "divide", "dropout", "exp",
           "getitem", "group_norm", "linear", "log", "log_softmax", "matmul", "max", "mean",
           "mse_loss", "multiply", "negative", "pad", "power", "relu", "reshape", "softmax", "sqrt",
           "subtract", "sum", "transpose"]
