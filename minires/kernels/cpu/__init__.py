"""The fast backend on NumPy.

Most kernels come from `common`. Convolution, batch norm, matrix products, pooling, addition and
ReLU are its own, written for caches and cores; they build on `workspace` and `chunks`.
"""

from ..common import *
from .activation import add_relu, relu
from .augmentation import prepare_images
from .conv import conv2d, conv2d_relu
from .elementwise import add
from .normalization import batch_norm, batch_norm_relu, update_running_stats
from .optimizers import sgd
from .orthogonalization import muon, orthogonalize
from .pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from .products import linear, matmul
