"""What the nets for small and for large images have in common: a stem, stages of blocks, the mean over the map, a linear layer."""

from .. import functional as F
from .. import nn
from ..random import stream
from .blocks import Shift


class ResNet(nn.Module):
    """Images (N, H, W, 3) to logits (N, num_classes).

    Parameters
    ----------
    stem : (int, int, int)
        Channels, kernel size and stride of the first convolution.
    stages : sequence of (int, int)
        Channels that come out of a stage, and how many blocks it has. The first block of each but the first stage has stride 2.
    num_classes, seed : int
    style : BlockConfig

    Attributes
    ----------
    style : BlockConfig
    recompute : bool
        In training, keep only what goes into each block, and run the block again in backward (`nn.recompute`): the same numbers with less
        memory, in about four thirds of the time. False at first; ``net.recompute = True`` switches it on.
    """

    def __init__(self, stem, stages, num_classes, seed, style):
        self.style = style
        # Shortcut convolutions draw from a stream of their own, so that all other weights of one seed are the same
        # in the plain net and under every shortcut.
        rng, shortcut_rng = stream(seed, "weights"), stream(seed, "shortcut weights")
        channels, kernel_size, stride = stem
        self.conv1 = style.conv(3, channels, kernel_size, stride, rng)
        self.bn1 = Shift() if style.init == "fixup" else style.norm(channels)
        self.stages = len(stages)
        for stage, (out, blocks) in enumerate(stages, 1):
            strides = [2 if stage > 1 else 1] + [1] * (blocks - 1)
            made = []
            for stride in strides:
                made.append(style.block()(channels, out, stride, style, rng, shortcut_rng))
                channels = out
            setattr(self, f"layer{stage}", nn.Sequential(*made))
        if style.pre_activation:
            # Batch norm and ReLU of the first block have been done before it, by bn1: its shortcut adds what comes out of them.
            self.layer1[0].bn1 = nn.Identity()
            self.bn2 = style.norm(channels)
        if style.init == "fixup":
            self.bias2 = Shift()
        # No ReLU follows the logits, and the features of a residual net are large at first, for every block has added to
        # them. Weights as small as those of Krizhevsky et al. 2012 (standard deviation 0.01) start the loss at
        # ln(num_classes); larger ones let the first steps at learning rate 0.1 fling resnet-56 away.
        self.fc = nn.Linear(channels, num_classes, rng=rng, std=0.01)
        if style.init == "fixup":
            self._start_by_fixup()
        if style.survival_prob < 1:
            self._let_blocks_drop(style.survival_prob, stream(seed, "stochastic depth"))

    @property
    def recompute(self):
        return all(stage.recompute for stage in self._stages())

    @recompute.setter
    def recompute(self, wanted):
        for stage in self._stages():
            stage.recompute = bool(wanted)

    def stem(self, x):
        """What comes before the first block."""
        return nn.conv_norm_relu(self.conv1, self.bn1, x)

    def features(self, x):
        """The mean over the map of what the last block puts out: (N, channels)."""
        x = self.stem(x)
        for stage in self._stages():
            x = stage(x)
        if self.style.pre_activation:
            x = nn.norm_relu(self.bn2, x)
        return F.global_avg_pool2d(x)

    def forward(self, x):
        x = self.features(x)
        if self.style.init == "fixup":
            x = self.bias2(x)
        return self.fc(x)

    def blocks(self):
        """All blocks, from the images to the logits."""
        return [block for stage in self._stages() for block in stage]

    def _stages(self):
        return [getattr(self, f"layer{stage}") for stage in range(1, self.stages + 1)]

    def _start_by_fixup(self):
        blocks = self.blocks()
        for block in blocks:
            block.start(len(blocks))
        self.fc.weight.data[...] = 0

    def _let_blocks_drop(self, survival_prob, random):
        """Block l of L survives with probability 1 - (1 - survival_prob) l / L; all draw from one stream."""
        blocks = self.blocks()
        for number, block in enumerate(blocks, 1):
            block.survival_prob, block.random = 1 - (1 - survival_prob) * number / len(blocks), random
