"""Which class the blocks of a net have."""

from .block_config import BlockConfig
from .blocks import BasicBlock, Block, Bottleneck, FixupBlock, PreActBlock, PreActBottleneck
from .repvgg_block import RepVGGBlock


def block_class(config: BlockConfig) -> type[Block]:
    """The class of the blocks of a net with this `BlockConfig`."""
    if config.layers == "repvgg":
        return RepVGGBlock
    if config.bottleneck:
        return PreActBottleneck if config.pre_activation else Bottleneck
    if config.pre_activation:
        return PreActBlock
    return FixupBlock if config.init == "fixup" else BasicBlock
