"""Other ways to build a deep net of the shape of `cifar`: 6n + 2 layers, three stages.

    repvgg           each layer has a 1x1 convolution and the identity beside it while it is trained
                     (Ding et al. 2021, arXiv:2101.03697): `repvgg_block`
    diracnet         the shortcut is a part of the weights
                     (Zagoruyko and Komodakis 2017, arXiv:1706.00388): `dirac_block`
    fading_resnet    shortcuts are turned down to 0 during training
                     (as in Monti et al. 2018): `fading`
    highway          gates choose between a block's output and its input
                     (Srivastava et al. 2015, arXiv:1505.00387): `highway_block`

Their 3x3 convolutions are those of the plain net: of the same shapes and, for one seed, with the
same initial values. Differences in training then come from what was added. The first three can be
plain nets after training: `plain_twin`.
"""

from .. import checks
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
    """The plain net of `depth` layers, with branches for training.

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


def diracnet(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    seed: int = 0,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> CifarResNet:
    """The plain net of `depth` layers with weights W = a delta + b V / |V|.

    The nets of the paper have a max pooling between stages and NCReLU; this one has the shape of
    `plain`, with strides and ReLU. The first layer is an ordinary one. `as_plain` folds W.

    Parameters
    ----------
    depth, width, num_classes, seed, eps, momentum
        As for `resnet`.
    """
    config = BlockConfig(shortcut=None, eps=eps, momentum=momentum, layers="diracnet")
    return CifarResNet(depth, width, num_classes, seed, config)


def fading_resnet(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    seed: int = 0,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> CifarResNet:
    """The residual net of `depth` layers with shortcuts alpha x, alpha = 1 at first.

    The callback `models.fading.FadeShortcuts` turns alpha down to 0 during training. Then
    `as_plain` leaves the shortcuts out.

    Parameters
    ----------
    depth, width, num_classes, seed, eps, momentum
        As for `resnet`.
    """
    config = BlockConfig(eps=eps, momentum=momentum, layers="fading")
    return CifarResNet(depth, width, num_classes, seed, config)


def highway(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    seed: int = 0,
    gate_bias: float = -2.0,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> CifarResNet:
    """The net of `depth` layers whose blocks are T H(x) + (1 - T) x, with a gate T.

    Parameters
    ----------
    depth : int
        6n + 2, not counting the gates, which are 1x1 convolutions.
    gate_bias : float
        Of every gate at first. With -2, T is about 0.12. Srivastava et al. take a negative number,
        so that blocks carry at first.
    width, num_classes, seed, eps, momentum
        As for `resnet`.
    """
    gate_bias = checks.number("highway", "gate_bias", gate_bias, "a number, such as -2")
    config = BlockConfig(eps=eps, momentum=momentum, layers="highway", gate_bias=gate_bias)
    return CifarResNet(depth, width, num_classes, seed, config)
