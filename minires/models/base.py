"""The base of the nets for small and for large images.

They consist of a stem, stages of blocks, the mean over the map, and a linear layer.
"""

from collections.abc import Sequence

from .. import functional as F
from .. import nn
from ..autograd import Tensor
from ..random import stream
from .block_config import BlockConfig
from .block_kinds import block_class
from .blocks import Block, Shift
from .stochastic_depth import add_stochastic_depth


class ResNet(nn.Module):
    """Images (N, H, W, 3) to logits (N, num_classes).

    Parameters
    ----------
    stem : (int, int, int)
        Output channels, kernel size and stride of the first convolution.
    stages : sequence of (int, int)
        Output channels and number of blocks of each stage. The first block of each stage but the
        first has stride 2.
    num_classes, seed : int
    config : BlockConfig
        The settings of all blocks.

    Attributes
    ----------
    config : BlockConfig
    recompute : bool
        In training, keep only the input of each block, and run the block again in backward
        (`nn.recompute`). This gives the same numbers with less memory, and takes about four thirds
        of the time. It is False at first; ``net.recompute = True`` switches it on.
    """

    layer1: nn.Sequential  # and layer2, ...: one for each stage

    def __init__(
        self,
        stem: tuple[int, int, int],
        stages: Sequence[tuple[int, int]],
        num_classes: int,
        seed: int,
        config: BlockConfig,
    ) -> None:
        self.config = config
        # Shortcut convolutions draw from a stream of their own, so that all other weights of one
        # seed are the same in the plain net and with every shortcut.
        rngs = stream(seed, "weights"), stream(seed, "shortcut weights")
        channels, kernel_size, stride = stem
        self.conv1 = config.conv(3, channels, kernel_size, stride, rngs[0])
        self.bn1 = Shift() if config.init == "fixup" else config.norm(channels)
        self.num_stages = len(stages)
        for number, (out_channels, num_blocks) in enumerate(stages, 1):
            stride = 1 if number == 1 else 2
            stage = self._make_stage(channels, out_channels, num_blocks, stride, rngs)
            setattr(self, f"layer{number}", stage)
            channels = out_channels
        if config.pre_activation:
            # The net's own bn1 and its ReLU already do what the first block's bn1 would do. They
            # come before the block, so that its shortcut starts from their output.
            self.layer1[0].bn1 = nn.Identity()
            self.bn2 = config.norm(channels)
        if config.init == "fixup":
            self.bias2 = Shift()
        # No ReLU follows the logits, and the features of a residual net are large at first, because
        # every block has added to them. Weights as small as those of Krizhevsky et al. 2012
        # (standard deviation 0.01) start the loss at ln(num_classes). With larger ones resnet-56
        # diverges in the first steps at learning rate 0.1.
        self.fc = nn.Linear(channels, num_classes, rng=rngs[0], std=0.01)
        if config.init == "fixup":
            self._init_by_fixup()
        if config.survival_prob < 1:
            random = stream(seed, "stochastic depth")
            add_stochastic_depth(self.blocks(), config.survival_prob, random)

    def _make_stage(self, in_channels, out_channels, num_blocks, stride, rngs):
        block = block_class(self.config)
        first = block(in_channels, out_channels, stride, self.config, *rngs)
        others = [
            block(out_channels, out_channels, 1, self.config, *rngs) for _ in range(num_blocks - 1)
        ]
        return nn.Sequential(first, *others)

    def _init_by_fixup(self):
        blocks = self.blocks()
        for block in blocks:
            block.init_weights(len(blocks))
        self.fc.weight.data[...] = 0

    def forward(self, x: Tensor) -> Tensor:
        x = self.forward_features(x)
        if self.config.init == "fixup":
            x = self.bias2(x)
        return self.fc(x)

    def forward_features(self, x: Tensor) -> Tensor:
        """The input of the last layer, a vector for each image: (N, channels)."""
        x = self.stem(x)
        for stage in self.stages():
            x = stage(x)
        if self.config.pre_activation:
            x = nn.norm_relu(self.bn2, x)
        return F.global_avg_pool2d(x)

    def stem(self, x: Tensor) -> Tensor:
        """The layers before the first block."""
        return nn.conv_norm_relu(self.conv1, self.bn1, x)

    def stages(self) -> list[nn.Sequential]:
        """`layer1`, `layer2`, ..., each a Sequential of blocks."""
        return [getattr(self, f"layer{number}") for number in range(1, self.num_stages + 1)]

    def blocks(self) -> list[Block]:
        """All blocks, in order from the images to the logits."""
        return [block for stage in self.stages() for block in stage]

    @property
    def recompute(self) -> bool:
        return all(stage.recompute for stage in self.stages())

    @recompute.setter
    def recompute(self, wanted: bool) -> None:
        for stage in self.stages():
            stage.recompute = bool(wanted)
