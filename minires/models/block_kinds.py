"""The choice of the class of a net's blocks."""

from .block_config import BlockConfig
from .blocks import BasicBlock, Block, Bottleneck, PreActBlock, PreActBottleneck
from .dirac_block import DiracBlock
from .fixup_block import FixupBlock
from .highway_block import HighwayBlock
from .repvgg_block import RepVGGBlock

OTHER_LAYERS: dict[str, type[Block]] = {
    "repvgg": RepVGGBlock,
    "diracnet": DiracBlock,
    "highway": HighwayBlock,
}


def block_class(config: BlockConfig) -> type[Block]:
    """The class of the blocks of a net with this `BlockConfig`."""
    if config.layers in OTHER_LAYERS:
        return OTHER_LAYERS[config.layers]
    if config.bottleneck:
        return PreActBottleneck if config.pre_activation else Bottleneck
    if config.pre_activation:
        return PreActBlock
    return FixupBlock if config.init == "fixup" else BasicBlock
