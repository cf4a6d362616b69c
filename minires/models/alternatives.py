"""Other ways to build a deep net of the shape of `cifar`: 6n + 2 layers, three stages.

    repvgg     each layer has a 1x1 convolution and the identity beside it while it is trained
               (Ding et al. 2021, arXiv:2101.03697)

Their 3x3 convolutions are those of the plain net: of the same shapes and, for one seed, with the
same initial values. Differences in training then come from what was added.
"""

from .block_config import BlockConfig
from .cifar import CifarResNet


def repvgg(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    seed: int = 0,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> CifarResNet:
    """The plain net of `depth` layers with branches for training: see `repvgg_block`.

    Not one of the nets of the paper, which are wider, for ImageNet: it has its layers and the shape
    of `plain`. The first layer is an ordinary one. `as_plain` folds the trained net.

    Parameters
    ----------
    depth : int
        6n + 2, not counting the 1x1 convolutions.
    width, num_classes, seed, eps, momentum
        As for `resnet`.
    """
    config = BlockConfig(shortcut=None, eps=eps, momentum=momentum, layers="repvgg")
    return CifarResNet(depth, width, num_classes, seed, config)
