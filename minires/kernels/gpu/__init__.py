"""The wing on the GPU: hand-written CUDA (the .cu files beside their launchers), and `common` on arrays of CuPy for the rest."""

from ..common import *
from .batch_norm import batch_norm, batch_norm_relu, follow
from .conv import conv2d, conv2d_relu
from .elementwise import add, add_relu, relu
from .images import prepare_images
from .loss import cross_entropy, log_softmax
from .pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from .sgd import sgd
from .shaping import getitem
