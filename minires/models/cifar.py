"""The nets of He et al. 2015 (arXiv:1512.03385), section 4.2, plain and residual from one builder.

A 3x3 convolution to 16 channels; three stages of n blocks of two 3x3 convolutions each, with 16, 32 and 64 channels
on maps of size 32, 16 and 8, the first convolution of stages two and three with stride 2; global average pooling;
a linear layer: 6n + 2 layers with weights. Batch norm follows each convolution, ReLU each batch norm.

A residual net differs in one thing: in every block, what came in is added to what comes out, before the last ReLU.
With shortcut A that adds no parameter, so the plain and the residual net of one depth are twins: the same
parameters, of the same shapes and, for one seed, the same initial values.
"""

import numpy as np

from .. import functional as F
from .. import nn
from ..errors import ConfigError, unknown_name
from ..seeds import stream

SHORTCUTS = ("A", "B", "C")


def plain(depth, *, width=16, num_classes=10, batch_norm=True, seed=0):
    """The plain net of `depth` layers: a chain without shortcuts. Parameters as for `resnet`."""
    return CifarNet(depth, width, None, num_classes, batch_norm, seed)


def resnet(depth, *, width=16, shortcut="A", num_classes=10, batch_norm=True, seed=0):
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
        For the initial weights: `nn.init.he_normal`, but for the last layer, which starts smaller.

    Returns
    -------
    CifarNet
        Maps images (N, H, W, 3) of any size to logits (N, num_classes).

    Raises
    ------
    ConfigError
        For a depth that is not 6n + 2, or a shortcut that does not exist.
    """
    if shortcut not in SHORTCUTS:
        raise unknown_name("resnet", "shortcut", shortcut, SHORTCUTS)
    return CifarNet(depth, width, shortcut, num_classes, batch_norm, seed)


class CifarNet(nn.Module):
    """A plain (``shortcut=None``) or residual net for small images. Build it with `plain` or `resnet`."""

    def __init__(self, depth, width, shortcut, num_classes, batch_norm, seed):
        blocks_per_stage = check_depth(depth)
        # Shortcut convolutions draw from a stream of their own, so that all other weights of one seed are the same
        # in the plain net and under every shortcut.
        rng, shortcut_rng = stream(seed, "weights"), stream(seed, "shortcut weights")
        self.conv1, self.bn1 = _conv_and_norm(3, width, 3, 1, batch_norm, rng)
        channels = width
        for stage in (1, 2, 3):
            blocks = []
            for i in range(blocks_per_stage):
                out, stride = width * 2 ** (stage - 1), 2 if stage > 1 and i == 0 else 1
                blocks.append(BasicBlock(channels, out, stride, shortcut, batch_norm, rng, shortcut_rng))
                channels = out
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        # No ReLU follows the logits, and the features of a residual net are large at first, for every block has added to
        # them. Weights as small as those of Krizhevsky et al. 2012 (standard deviation 0.01) start the loss at
        # ln(num_classes); larger ones let the first steps at learning rate 0.1 fling residual-56 away.
        self.fc = nn.Linear(channels, num_classes, rng=rng, std=0.01)

    def forward(self, x):
        x = nn.norm_relu(self.bn1, self.conv1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.global_avg_pool2d(x))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions F and, unless `shortcut` is None, what came in: y = relu(F(x) + shortcut(x))."""

    def __init__(self, c_in, c_out, stride, shortcut, batch_norm, rng, shortcut_rng):
        self.conv1, self.bn1 = _conv_and_norm(c_in, c_out, 3, stride, batch_norm, rng)
        self.conv2, self.bn2 = _conv_and_norm(c_out, c_out, 3, 1, batch_norm, rng)
        changes_shape = stride != 1 or c_in != c_out
        if shortcut is None:
            self.shortcut = "none"
        elif shortcut == "C" or (shortcut == "B" and changes_shape):
            self.shortcut = "projection"
            self.downsample = nn.Sequential(*_conv_and_norm(c_in, c_out, 1, stride, batch_norm, shortcut_rng))
        else:
            self.shortcut = "subsample and pad" if changes_shape else "identity"
        self.stride, self.new_channels = stride, c_out - c_in

    def forward(self, x):
        y = nn.norm_relu(self.bn1, self.conv1(x))
        return nn.norm_relu(self.bn2, self.conv2(y), self._shortcut(x))

    def _shortcut(self, x):
        """What is added to F(x); None for nothing."""
        if self.shortcut == "identity":
            return x
        if self.shortcut == "subsample and pad":
            return subsample_and_pad(x, self.stride, self.new_channels)
        if self.shortcut == "projection":
            return self.downsample(x)
        return None


def subsample_and_pad(x, stride, new_channels):
    """Shortcut A where the shape changes: every `stride`-th pixel, and zeros for the new channels."""
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, new_channels)))


def check_depth(depth):
    """The number of blocks in each of the three stages, (depth - 2) / 6. Raises ConfigError if that is not whole."""
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 8 or (depth - 2) % 6:
        near = max(8, 6 * round((depth - 2) / 6) + 2) if isinstance(depth, (int, np.integer)) else 20
        raise ConfigError("depth", "three stages of n blocks of two layers, and two more", "6n + 2: 8, 14, 20, 26, 32, ...",
                          repr(depth), f"the nearest is {near}")
    return (depth - 2) // 6


def _conv_and_norm(c_in, c_out, kernel_size, stride, batch_norm, rng):
    """A convolution that keeps the map size but for the stride, and what normalises it."""
    conv = nn.Conv2d(c_in, c_out, kernel_size, stride, padding=kernel_size // 2, bias=not batch_norm, rng=rng)
    return conv, nn.BatchNorm2d(c_out) if batch_norm else nn.Identity()
