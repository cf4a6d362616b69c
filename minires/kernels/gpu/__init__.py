"""The GPU backend: CUDA kernels in .cu files, each beside the Python file that launches it.

All other kernels come from `common`, which works on CuPy's arrays too.
"""

from ..common import *
from .activation import add_relu, relu
from .augmentation import prepare_images
from .conv import conv2d, conv2d_relu
from .elementwise import add
from .loss import cross_entropy, log_softmax
from .normalization import batch_norm, batch_norm_relu, update_running_stats
from .optimizers import sgd
from .pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from .shaping import getitem
