"""The nets of He et al. 2015 (arXiv:1512.03385), section 4.2, plain and residual, and variants.

The plain net has 6n + 2 layers with weights:

- a 3x3 convolution to 16 channels;
- three stages of n blocks, each of two 3x3 convolutions, with 16, 32 and 64 channels on maps of
  size 32, 16 and 8. The first convolution of stages two and three has stride 2;
- global average pooling and a linear layer.

Batch norm follows each convolution, and ReLU each batch norm.

A residual net differs in one thing: every block adds its input to the output of its convolutions,
before the last ReLU. Shortcut A adds no parameters. So the plain and the residual net of the same
depth are twins: their parameters have the same shapes and, for the same seed, the same initial
values.
"""

from __future__ import annotations

from typing import Any

from .. import checks
from ..errors import ConfigError, unknown_name
from .base import ResNet
from .block_config import BlockConfig
from .shortcuts import ZEROS

MOST_LAYERS = 10_000  # the paper went to 1,202

SHORTCUTS = ("A", "B", "C")
INITS = ("he", "fixup", "skipinit")


def plain(
    depth: int,
    *,
    width: int = 16,
    num_classes: int = 10,
    batch_norm: bool = True,
    seed: int = 0,
    eps: float = 1e-5,
    momentum: float = 0.1,
    norm_groups: int | None = None,
) -> CifarResNet:
    """The plain net of `depth` layers: a chain without shortcuts. Parameters as for `resnet`."""
    config = BlockConfig(
        shortcut=None, batch_norm=batch_norm, eps=eps, momentum=momentum, norm_groups=norm_groups
    )
    return CifarResNet(depth, width, num_classes, seed, config)


def resnet(
    depth: int,
    *,
    width: int = 16,
    shortcut: str = "A",
    num_classes: int = 10,
    batch_norm: bool = True,
    seed: int = 0,
    pre_activation: bool = False,
    shortcut_scale: float = 1.0,
    init: str = "he",
    survival_prob: float = 1.0,
    zeros: str = "after",
    eps: float = 1e-5,
    momentum: float = 0.1,
    norm_groups: int | None = None,
) -> CifarResNet:
    """The residual net of `depth` layers.

    Parameters
    ----------
    depth : int
        Layers with weights: 6n + 2, such as 20, 32, 44, 56, 110.
    width : int
        Channels of the first stage; the later ones have twice and four times as many.
    shortcut : {"A", "B", "C"}
        What is added where the shape changes: the input subsampled and padded with zero channels
        (A), or a 1x1 convolution of it (B); C uses 1x1 convolutions in every block. Elsewhere A and
        B add the input itself.
    num_classes : int
    batch_norm : bool
        Without it, convolutions have a bias instead.
    seed : int
        For the initial weights (`nn.init.he_normal`, except in the last layer, which starts
        smaller) and for stochastic depth.
    pre_activation : bool
        Batch norm and ReLU before each convolution of a block, none after the addition, and both
        once more before the pooling (He et al. 2016, arXiv:1603.05027). With shortcut A the number
        of parameters and the initial weights are the same as without.
    shortcut_scale : float
        Multiplies every shortcut: with 0.5, a signal halves from block to block (the same paper,
        section 3.1).
    init : {"he", "fixup", "skipinit"}
        "fixup" and "skipinit" let a deep net start well without batch norm, and need
        ``batch_norm=False`` (Zhang et al. 2019, arXiv:1901.09321; De and Smith 2020,
        arXiv:2002.10444). With both, every F(x) is 0 at first.
    survival_prob : float
        Stochastic depth (Huang et al. 2016, arXiv:1603.09382): the probability that F(x) of the
        last block is computed for a batch in training. From block to block the probability falls in
        equal steps, from 1 to this. The paper takes 0.5.
    zeros : {"after", "around"}
        Where shortcut A puts its new channels of zeros: after the channels of x, or half of them
        before and half after. Weights of other libraries may need the latter; see `shortcuts`.
    eps, momentum : float
        Those of every batch norm, as in `nn.BatchNorm2d`.
    norm_groups : int, optional
        Group norm with so many groups of channels replaces batch norm (Wu and He 2018,
        arXiv:1803.08494). 1 is layer norm, over all channels and pixels of an image.

    Returns
    -------
    CifarResNet
        Maps images (N, H, W, 3) of any size to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2, a shortcut or init that does not exist, or settings that do
        not go together.
    ShapeError
        If `norm_groups` does not divide the number of channels.
    """
    if shortcut not in SHORTCUTS:
        raise unknown_name("resnet", "shortcut", shortcut, SHORTCUTS)
    if init not in INITS:
        raise unknown_name("resnet", "init", init, INITS)
    if init != "he" and batch_norm:
        raise ConfigError(
            "resnet",
            f"init {init!r} is for nets without batch norm",
            "batch_norm=False",
            "batch_norm=True",
        )
    if init == "fixup" and pre_activation:
        raise ConfigError(
            "resnet",
            "init 'fixup' is for blocks that end in ReLU",
            "pre_activation=False",
            "pre_activation=True",
            "init='skipinit' goes with both",
        )
    shortcut_scale = checks.number(
        "resnet", "shortcut_scale", shortcut_scale, "a number, such as 0.5"
    )
    survival_prob = checks.number(
        "resnet",
        "survival_prob",
        survival_prob,
        "a probability above 0, at most 1",
        lambda value: 0 < value <= 1,
        todo="1 keeps every block",
    )
    if zeros not in ZEROS:
        raise unknown_name("resnet", "zeros", zeros, ZEROS)
    config = BlockConfig(
        shortcut,
        batch_norm,
        pre_activation,
        shortcut_scale,
        init,
        survival_prob,
        zeros,
        eps=eps,
        momentum=momentum,
        norm_groups=norm_groups,
    )
    return CifarResNet(depth, width, num_classes, seed, config)


class CifarResNet(ResNet):
    """A plain or residual net for small images. Build it with `plain` or `resnet`.

    Attributes
    ----------
    settings : dict
        What it was built from except for the seed: ``CifarResNet(**settings, seed=0)`` is a net of
        the same shape.
    """

    def __init__(
        self, depth: int, width: int, num_classes: int, seed: int, config: BlockConfig
    ) -> None:
        n = check_depth(depth)
        width = checks.integer("CifarResNet", "width", width)
        num_classes = checks.integer("CifarResNet", "num_classes", num_classes)
        self.settings: dict[str, Any] = {
            "depth": int(depth),
            "width": width,
            "num_classes": num_classes,
            "config": config,
        }
        stem, stages = (width, 3, 1), [(width, n), (2 * width, n), (4 * width, n)]
        super().__init__(stem, stages, num_classes, seed, config)


def check_depth(depth: int, step: int = 6) -> int:
    """The number n of blocks in a stage, for a net of ``step * n + 2`` layers.

    A `CifarResNet` has three stages of n blocks of two layers, and two more layers: 6n + 2. An
    `Mlp` has one stage: 2n + 2.

    Raises
    ------
    ConfigError
        If there is no such n. The message names the nearest depth that is possible.
    """
    if checks.is_integer(depth, least=MOST_LAYERS + 1):
        raise ConfigError("depth", "too deep to build", f"at most {MOST_LAYERS:,}", repr(depth))
    if not checks.is_integer(depth, least=step + 2) or (depth - 2) % step:
        n = (int(depth) - 2 + step // 2) // step if checks.is_integer(depth) else 18 // step
        blocks = "three stages of n blocks" if step == 6 else "n blocks"
        known = ", ".join(str(step * n + 2) for n in range(1, 6))
        raise ConfigError(
            "depth",
            f"{blocks} of two layers, and two more layers",
            f"{step}n + 2, such as {known}",
            repr(depth),
            f"the nearest is {step * max(n, 1) + 2}",
        )
    return (int(depth) - 2) // step
