"""The nets of He et al. 2015 (arXiv:1512.03385), section 4.2, plain and residual from one builder, and what came after them.

A 3x3 convolution to 16 channels; three stages of n blocks of two 3x3 convolutions each, with 16, 32 and 64 channels
on maps of size 32, 16 and 8, the first convolution of stages two and three with stride 2; global average pooling;
a linear layer: 6n + 2 layers with weights. Batch norm follows each convolution, ReLU each batch norm.

A residual net differs in one thing: in every block, what came in is added to what comes out, before the last ReLU.
With shortcut A that adds no parameter, so the plain and the residual net of one depth are twins: the same
parameters, of the same shapes and, for one seed, the same initial values.
"""

import math

import numpy as np

from .. import functional as F
from .. import nn
from ..errors import ConfigError, unknown_name
from ..seeds import stream
from .blocks import Shift, Style

SHORTCUTS = ("A", "B", "C")
INITS = ("he", "fixup", "skipinit")


def plain(depth, *, width=16, num_classes=10, batch_norm=True, seed=0):
    """The plain net of `depth` layers: a chain without shortcuts. Parameters as for `resnet`."""
    return CifarNet(depth, width, num_classes, seed, Style(shortcut=None, batch_norm=batch_norm))


def resnet(depth, *, width=16, shortcut="A", num_classes=10, batch_norm=True, seed=0,
           pre_activation=False, shortcut_scale=1.0, init="he", survival=1.0):
    """The residual net of `depth` layers.

    Parameters
    ----------
    depth : int
        Layers with weights: 6n + 2, such as 20, 32, 44, 56, 110.
    width : int
        Channels of the first stage; the later ones have twice and four times as many.
    shortcut : {"A", "B", "C"}
        What is added where the shape changes: the input subsampled and padded with zero channels (A), or a 1x1
        convolution of it (B); C uses 1x1 convolutions in every block. Elsewhere A and B add the input itself.
    num_classes : int
    batch_norm : bool
        Without it, convolutions have a bias instead.
    seed : int
        For the initial weights: `nn.init.he_normal`, but for the last layer, which starts smaller; and for stochastic depth.
    pre_activation : bool
        Batch norm and ReLU before each convolution of a block, none after the addition, and both once more before the
        pooling (He et al. 2016, arXiv:1603.05027). As many parameters as without, and the same initial weights.
    shortcut_scale : float
        Multiplies every shortcut: with 0.5, a signal halves from block to block (the same paper, section 3.1).
    init : {"he", "fixup", "skipinit"}
        With ``batch_norm=False``, how a deep net is made to start well all the same: by Fixup (Zhang et al. 2019,
        arXiv:1901.09321) or SkipInit (De and Smith 2020, arXiv:2002.10444). Under both every F(x) is 0 at first.
    survival : float
        Stochastic depth (Huang et al. 2016, arXiv:1603.09382): the probability with which the last block's F(x) is computed for
        a batch in training. It falls to this from 1 by equal steps, block by block. The paper takes 0.5.

    Returns
    -------
    CifarNet
        Maps images (N, H, W, 3) of any size to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2, a shortcut or init that does not exist, or settings that do not go together.
    """
    if shortcut not in SHORTCUTS:
        raise unknown_name("resnet", "shortcut", shortcut, SHORTCUTS)
    if init not in INITS:
        raise unknown_name("resnet", "init", init, INITS)
    if init != "he" and batch_norm:
        raise ConfigError("resnet", f"init {init!r} is for nets without batch norm", "batch_norm=False", "batch_norm=True")
    if init == "fixup" and pre_activation:
        raise ConfigError("resnet", "init 'fixup' is for blocks that end in ReLU", "pre_activation=False", "pre_activation=True",
                          "init='skipinit' goes with both")
    if not (_is_number(shortcut_scale) and math.isfinite(shortcut_scale)):
        raise ConfigError("resnet", "shortcut_scale", "a number, such as 0.5", repr(shortcut_scale))
    if not (_is_number(survival) and 0 < survival <= 1):
        raise ConfigError("resnet", "survival", "a probability above 0, at most 1", repr(survival), "1 keeps every block")
    return CifarNet(depth, width, num_classes, seed, Style(shortcut, batch_norm, pre_activation, shortcut_scale, init, survival))


class CifarNet(nn.Module):
    """A plain or residual net for small images. Build it with `plain` or `resnet`.

    Attributes
    ----------
    style : Style
    settings : dict
        What it was built from but for the seed: ``CifarNet(**settings, seed=0)`` is a net of the same shape.
    """

    def __init__(self, depth, width, num_classes, seed, style):
        blocks_per_stage = check_depth(depth)
        self.style = style
        self.settings = {"depth": depth, "width": width, "num_classes": num_classes, "style": style}
        # Shortcut convolutions draw from a stream of their own, so that all other weights of one seed are the same
        # in the plain net and under every shortcut.
        rng, shortcut_rng = stream(seed, "weights"), stream(seed, "shortcut weights")
        self.conv1 = style.conv(3, width, 3, 1, rng)
        self.bn1 = Shift() if style.init == "fixup" else style.norm(width)
        channels = width
        for stage in (1, 2, 3):
            blocks = []
            for i in range(blocks_per_stage):
                out, stride = width * 2 ** (stage - 1), 2 if stage > 1 and i == 0 else 1
                blocks.append(style.block()(channels, out, stride, style, rng, shortcut_rng))
                channels = out
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        if style.pre_activation:
            # Batch norm and ReLU of the first block have been done before it, by bn1: its shortcut adds what comes out of them.
            self.layer1[0].bn1 = nn.Identity()
            self.bn2 = style.norm(channels)
        if style.init == "fixup":
            self.bias2 = Shift()
        # No ReLU follows the logits, and the features of a residual net are large at first, for every block has added to
        # them. Weights as small as those of Krizhevsky et al. 2012 (standard deviation 0.01) start the loss at
        # ln(num_classes); larger ones let the first steps at learning rate 0.1 fling residual-56 away.
        self.fc = nn.Linear(channels, num_classes, rng=rng, std=0.01)
        if style.init == "fixup":
            self._start_by_fixup()
        if style.survival < 1:
            self._let_blocks_drop(style.survival, stream(seed, "stochastic depth"))

    def forward(self, x):
        x = nn.norm_relu(self.bn1, self.conv1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        if self.style.pre_activation:
            x = nn.norm_relu(self.bn2, x)
        x = F.global_avg_pool2d(x)
        if self.style.init == "fixup":
            x = self.bias2(x)
        return self.fc(x)

    def blocks(self):
        """All blocks, from the images to the logits."""
        return [*self.layer1, *self.layer2, *self.layer3]

    def _start_by_fixup(self):
        blocks = self.blocks()
        for block in blocks:
            block.start(len(blocks))
        self.fc.weight.data[...] = 0

    def _let_blocks_drop(self, survival, random):
        """Block l of L survives with probability 1 - (1 - survival) l / L; all draw from one stream."""
        blocks = self.blocks()
        for number, block in enumerate(blocks, 1):
            block.survival, block.random = 1 - (1 - survival) * number / len(blocks), random


def check_depth(depth, step=6):
    """The n of a depth of step n + 2. Raises ConfigError if there is none.

    In each of the three stages of a `CifarNet` there are n blocks of two layers: 6n + 2. In a `Mlp` there are n in all: 2n + 2.
    """
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < step + 2 or (depth - 2) % step:
        near = max(step + 2, step * round((depth - 2) / step) + 2) if isinstance(depth, (int, np.integer)) else 20
        stages = "three stages of n blocks" if step == 6 else "n blocks"
        known = ", ".join(str(step * n + 2) for n in range(1, 6))
        raise ConfigError("depth", f"{stages} of two layers, and two more", f"{step}n + 2: {known}, ...", repr(depth),
                          f"the nearest is {near}")
    return (depth - 2) // step


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
