"""Other ways to build a deep net in the shape of those of `cifar`: 6n + 2 layers, three stages.

    repvgg           each layer has a 1x1 convolution and the identity beside it while it is trained
                     (Ding et al. 2021, arXiv:2101.03697): `repvgg_block`
    diracnet         the shortcut is a part of the weights
                     (Zagoruyko and Komodakis 2017, arXiv:1706.00388): `dirac_block`
    fading_resnet    shortcuts are turned down to 0 during training
                     (as in Monti et al. 2018): `fading`
    highway          gates choose between a block's output and its input
                     (Srivastava et al. 2015, arXiv:1505.00387): `highway_block`

Their 3x3 convolutions are those of the plain net: they have the same shapes and, for the same seed,
the same initial values. So differences in training come from what was added. After training, the
first three can be turned into plain nets: see `plain_twin`.
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
    """The plain net of `depth` layers, whose layers have branches while they are trained.

    The layers are those of the paper, but the shape is that of `plain`: the paper's nets are wider
    and for ImageNet. The first layer is an ordinary convolution. `as_plain` folds the trained net.

    Parameters
    ----------
    depth : int
        6n + 2, not counting the 1x1 convolutions.
    width, num_classes, seed, eps, momentum
        As for `resnet`.

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2.
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

    The nets of the paper have max pooling between stages, and NCReLU. This one has the shape of
    `plain`, with strides and ReLU. The first layer is an ordinary convolution. `as_plain` turns the
    trained net into a plain one with the weights W.

    Parameters
    ----------
    depth, width, num_classes, seed, eps, momentum
        As for `resnet`.

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2.
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
    """The residual net of `depth` layers with shortcuts alpha x, where alpha starts at 1.

    The callback `models.fading.FadeShortcuts` turns alpha down to 0 during training. After that,
    `as_plain` makes a net without shortcuts.

    Parameters
    ----------
    depth, width, num_classes, seed, eps, momentum
        As for `resnet`.

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2.
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
        The initial bias of every gate. Srivastava et al. take a negative number, so that blocks at
        first mostly carry their input. With -2, T starts at about 0.12.
    width, num_classes, seed, eps, momentum
        As for `resnet`.

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2, or a bias that is not a number.
    """
    gate_bias = checks.number("highway", "gate_bias", gate_bias, "a number, such as -2")
    config = BlockConfig(eps=eps, momentum=momentum, layers="highway", gate_bias=gate_bias)
    return CifarResNet(depth, width, num_classes, seed, config)
