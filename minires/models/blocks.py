"""The blocks that residual nets are built of: two or three convolutions F, a shortcut, and how the two come together.

    BasicBlock          y = relu(F(x) + x)     F: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm    He et al. 2015
    Bottleneck          y = relu(F(x) + x)     F: the same with 1x1, 3x3 and 1x1 convolutions, narrow in between    He et al. 2015
    PreActBlock         y = F(x) + x           F: batch norm, ReLU, 3x3 convolution, twice                          He et al. 2016
    PreActBottleneck    y = F(x) + x           F: the same with 1x1, 3x3 and 1x1 convolutions                       He et al. 2016
    FixupBlock          y = relu(F(x) + x)     F: convolution, ReLU, convolution, and scalars in between            Zhang et al. 2019

Common to all (`Block`) are how F and the shortcut come together, the shortcut itself, and the lottery of stochastic depth, which
leaves F out of some batches.
"""

from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from .. import functional as F
from .. import nn


@dataclass(frozen=True)
class BlockConfig:
    """What all blocks of a net have in common: the arguments of `models.resnet` and `models.resnet50`.

    ``shortcut=None`` is a plain net. The last four are those of bottlenecks.
    """

    shortcut: str | None = "A"
    batch_norm: bool = True
    pre_activation: bool = False
    shortcut_scale: float = 1.0
    init: str = "he"
    survival_prob: float = 1.0
    bottleneck: bool = False
    stride_on: str = "3x3"
    groups: int = 1
    width_per_group: int = 64

    def conv(self, c_in, c_out, kernel_size, stride, rng, groups=1):
        """A convolution that keeps the map size but for the stride; with a bias where nothing after it has one."""
        bias = not self.batch_norm and self.init != "fixup"
        return nn.Conv2d(c_in, c_out, kernel_size, stride, padding=kernel_size // 2, bias=bias, groups=groups, rng=rng)

    def norm(self, channels):
        """What normalises a convolution's output: batch norm, or nothing."""
        return nn.BatchNorm2d(channels) if self.batch_norm else nn.Identity()

    def block(self):
        """The class of the blocks."""
        if self.bottleneck:
            return PreActBottleneck if self.pre_activation else Bottleneck
        return PreActBlock if self.pre_activation else FixupBlock if self.init == "fixup" else BasicBlock

    def bottleneck_convs(self, c_in, c_out, stride, rng):
        """The three convolutions of a bottleneck, and how many channels the middle one has.

        These are a quarter of `c_out`, times the groups of Xie et al. 2017 (arXiv:1611.05431) and their width over 64. The paper puts
        the stride on the first convolution; most code that followed on the 3x3, which drops no pixels unseen ("v1.5").
        """
        middle = c_out // 4 * self.width_per_group // 64 * self.groups
        first, second = (stride, 1) if self.stride_on == "1x1" else (1, stride)
        return (self.conv(c_in, middle, 1, first, rng), self.conv(middle, middle, 3, second, rng, self.groups),
                self.conv(middle, c_out, 1, 1, rng), middle)


class Block(nn.Module):
    """A block of some convolutions: y = end(F(x) + shortcut(x)).

    A subclass gives F in four steps, F(x) = last(conv(inner(entry(x)))): the first because the shortcut may begin with it too, the last
    convolution and what follows it because they are done at once with the addition and ReLU where that is possible. What takes a net apart, such as
    `diagnostics.dropped` and `diagnostics.routed`, puts the block together from the same steps in another way.

    Attributes
    ----------
    survival_prob : float
        In training F is computed with this probability; else the shortcut alone goes on, at no cost. In evaluation F(x) is
        always there, times `survival_prob`: what one can expect of it (Huang et al. 2016, arXiv:1603.09382, section 3).
    random : np.random.Generator or None
        Decides, once for each batch. The net sets both.
    """

    survival_prob = 1.0
    random = None

    def forward(self, x):
        if self.drop_block():
            return self.end(self.shortcut_of(x))
        h = self.entry(x)
        return self.added(self.inner(h), lambda: self.shortcut_of(x, h))

    def drop_block(self):
        """Draw, in training under stochastic depth, whether this batch goes without F."""
        return self.training and self.survival_prob < 1 and self.random.random() >= self.survival_prob

    @property
    def factor(self):
        """What F(x) is multiplied by before the addition."""
        return 1 if self.training else self.survival_prob

    def entry(self, x):
        """What the first convolution takes, and a projection."""
        return x

    def inner(self, h):
        """From the first convolution to what the last one takes."""
        raise NotImplementedError

    def conv(self, z):
        """The last convolution: given as that module (a property), to be done at once with what follows."""
        raise NotImplementedError

    def last(self, y):
        """What is still to be done to the last convolution's output: a batch norm is given as that module (a property), to be fused."""
        raise NotImplementedError

    def branch(self, h):
        """factor F(x) for an h = entry(x), on its own. `forward` takes the same steps, some at once."""
        return times(self.last(self.conv(self.inner(h))), self.factor)

    def added(self, z, shortcut):
        """end(factor last(conv(z)) + shortcut()), at once where that can be done."""
        if self.factor != 1:
            return F.add_relu(self.last(self.conv(z)) * self.factor, shortcut())
        return nn.conv_norm_relu(self.conv, self.last, z, shortcut)

    def end(self, y):
        """What comes after the addition."""
        return F.relu(y)

    def make_shortcut(self, c_in, c_out, stride, style, rng):
        """Choose what is added to F(x), and make its 1x1 convolution if it has one. Call it after F has been made."""
        changes_shape = stride != 1 or c_in != c_out
        if style.shortcut is None:
            self.shortcut = "none"
        elif style.shortcut == "C" or (style.shortcut == "B" and changes_shape):
            self.shortcut = "projection"
            norm = nn.Identity() if style.pre_activation else style.norm(c_out)
            self.downsample = nn.Sequential(style.conv(c_in, c_out, 1, stride, rng), norm)
        else:
            self.shortcut = "subsample and pad" if changes_shape else "identity"
        self.stride, self.new_channels, self.shortcut_scale = stride, c_out - c_in, style.shortcut_scale

    def shortcut_of(self, x, h=None):
        """What is added to F(x); None for nothing. An h = entry(x) that is there already need not be computed again."""
        if self.shortcut == "none":
            return None
        if self.shortcut == "projection":
            x = self.downsample(self.entry(x) if h is None else h)
        elif self.shortcut == "subsample and pad":
            x = subsample_and_pad(x, self.stride, self.new_channels)
        return times(x, self.shortcut_scale)


class BasicBlock(Block):
    """Two 3x3 convolutions F and, unless the net is plain, what came in: y = relu(F(x) + shortcut(x)).

    With SkipInit (De and Smith 2020, arXiv:2002.10444) there is no batch norm, and a learnable number stands in the place of
    the second: y = relu(a F(x) + shortcut(x)). It starts at 0, so that at first every block passes on what came in.
    """

    def __init__(self, c_in, c_out, stride, style, rng, shortcut_rng):
        self.conv1, self.bn1 = style.conv(c_in, c_out, 3, stride, rng), style.norm(c_out)
        self.conv2 = style.conv(c_out, c_out, 3, 1, rng)
        self.bn2 = Gain(0) if style.init == "skipinit" else style.norm(c_out)
        self.make_shortcut(c_in, c_out, stride, style, shortcut_rng)

    def inner(self, h):
        return nn.conv_norm_relu(self.conv1, self.bn1, h)

    conv = property(attrgetter("conv2"))
    last = property(attrgetter("bn2"))


class Bottleneck(Block):
    """A 1x1 convolution to fewer channels, a 3x3, and a 1x1 back to many: as deep as three layers, as dear as two 3x3 of a quarter."""

    def __init__(self, c_in, c_out, stride, style, rng, shortcut_rng):
        *convs, middle = style.bottleneck_convs(c_in, c_out, stride, rng)
        self.conv1, self.bn1 = convs[0], style.norm(middle)
        self.conv2, self.bn2 = convs[1], style.norm(middle)
        self.conv3, self.bn3 = convs[2], style.norm(c_out)
        self.make_shortcut(c_in, c_out, stride, style, shortcut_rng)

    def inner(self, h):
        return nn.conv_norm_relu(self.conv2, self.bn2, nn.conv_norm_relu(self.conv1, self.bn1, h))

    conv = property(attrgetter("conv3"))
    last = property(attrgetter("bn3"))


class PreActBlock(Block):
    """Batch norm and ReLU before each convolution, and nothing after the addition: y = F(x) + shortcut(x).

    From block to block nothing but additions happens to x (He et al. 2016, arXiv:1603.05027, figure 4e). A projection takes
    what comes out of the first ReLU, as in the authors' code, and no batch norm follows it. With SkipInit a learnable number,
    `gain`, multiplies F, and there is no batch norm.
    """

    def __init__(self, c_in, c_out, stride, style, rng, shortcut_rng):
        self.bn1, self.conv1 = style.norm(c_in), style.conv(c_in, c_out, 3, stride, rng)
        self.bn2, self.conv2 = style.norm(c_out), style.conv(c_out, c_out, 3, 1, rng)
        self.gain = Gain(0) if style.init == "skipinit" else nn.Identity()
        self.make_shortcut(c_in, c_out, stride, style, shortcut_rng)

    def entry(self, x):
        return nn.norm_relu(self.bn1, x)

    def inner(self, h):
        return nn.conv_norm_relu(self.conv1, self.bn2, h)

    conv = property(attrgetter("conv2"))
    last = property(attrgetter("gain"))

    def added(self, z, shortcut):
        return self.end(times(self.last(self.conv(z)), self.factor) + shortcut())

    def end(self, y):
        return y


class PreActBottleneck(PreActBlock):
    """The bottleneck with batch norm and ReLU before each convolution."""

    def __init__(self, c_in, c_out, stride, style, rng, shortcut_rng):
        *convs, middle = style.bottleneck_convs(c_in, c_out, stride, rng)
        self.bn1, self.conv1 = style.norm(c_in), convs[0]
        self.bn2, self.conv2 = style.norm(middle), convs[1]
        self.bn3, self.conv3 = style.norm(middle), convs[2]
        self.gain = nn.Identity()
        self.make_shortcut(c_in, c_out, stride, style, shortcut_rng)

    def inner(self, h):
        return nn.conv_norm_relu(self.conv2, self.bn3, nn.conv_norm_relu(self.conv1, self.bn2, h))

    conv = property(attrgetter("conv3"))


class FixupBlock(Block):
    """A block that trains without batch norm: y = relu(scale F(x) + bias2b + shortcut(x)) (Zhang et al. 2019, arXiv:1901.09321).

    Batch norm's work at the start is done by the initial weights (see `start`), its work later on by learnable numbers, one
    each for the whole map: a bias before each convolution and each ReLU, and a multiplier. Names are those of the authors' code.
    Each of these numbers gets the gradients of a whole map, added up, and so bears smaller steps than weights do.
    """

    def __init__(self, c_in, c_out, stride, style, rng, shortcut_rng):
        self.bias1a = nn.Parameter(np.zeros(1, np.float32))
        self.conv1 = style.conv(c_in, c_out, 3, stride, rng)
        self.bias1b = nn.Parameter(np.zeros(1, np.float32))
        self.bias2a = nn.Parameter(np.zeros(1, np.float32))
        self.conv2 = style.conv(c_out, c_out, 3, 1, rng)
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.bias2b = nn.Parameter(np.zeros(1, np.float32))
        self.make_shortcut(c_in, c_out, stride, style, shortcut_rng)

    def inner(self, h):
        return F.relu(self.conv1(h + self.bias1a) + self.bias1b) + self.bias2a

    conv = property(attrgetter("conv2"))

    def last(self, y):
        return y * self.scale + self.bias2b

    def start(self, blocks):
        """Fixup's initial weights in a net of so many blocks, of m = 2 layers each.

        The first layer's are those of `nn.init.he_normal` times blocks^(-1 / (2m - 2)), the last layer's 0. A step of SGD then
        changes the net's output by about as much as in a shallow net, however deep it is.
        """
        self.conv1.weight.data *= blocks ** -0.5
        self.conv2.weight.data[...] = 0


class Gain(nn.Module):
    """w x, with one learnable number w."""

    def __init__(self, start):
        self.weight = nn.Parameter(np.full(1, start, np.float32))

    def forward(self, x):
        return x * self.weight


class Shift(nn.Module):
    """x + b, with one learnable number b, 0 at first."""

    def __init__(self):
        self.bias = nn.Parameter(np.zeros(1, np.float32))

    def forward(self, x):
        return x + self.bias


def subsample_and_pad(x, stride, new_channels):
    """Shortcut A where the shape changes: every `stride`-th pixel, and zeros for the new channels."""
    x = x[:, ::stride, ::stride]
    return F.pad(x, ((0, 0), (0, 0), (0, 0), (0, new_channels)))


def times(x, factor):
    """x times a constant, without a pass over memory where that is 1."""
    return x if factor == 1 else x * factor
