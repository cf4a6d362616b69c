"""The backend on the GPU: CUDA kernels, in .cu files beside their launchers.

The rest is `common` on arrays of CuPy.
"""

from ..common import *
from .normalization import batch_norm, batch_norm_relu, update_running_stats
from .conv import conv2d, conv2d_relu
from .activation import add_relu, relu
from .augmentation import prepare_images
from .elementwise import add
from .loss import cross_entropy, log_softmax
from .pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from .optimizers import sgd
from .shaping import getitem
