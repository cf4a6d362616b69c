"""Which part of a batch the running code computes, where several parts make one batch.

A batch that is cut into shards stays one batch for what looks at all of its images: batch norm
takes the mean over all of them, and dropout draws for all of them. Code that computes one shard
runs inside `computing`; kernels ask `current` what the whole is.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..types import Array
from .scope import Block, Setting


class Shard(NamedTuple):
    """Images `first` to `last` - 1 of a batch of `total` images.

    ``exchange(array)`` returns this array of every shard, in the order of the shards: each shard
    must call it, with an array of the same shape and dtype, and waits until all have.
    """

    first: int
    last: int
    total: int
    exchange: Callable[[Array], list[Array]]


_blocks = Setting("kernels.shards.computing")


class computing(Block):
    """``with computing(shard):`` says that the code inside computes `shard`."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(_blocks, shard)


def current() -> Shard | None:
    """The shard that the running code computes; None if its batch is whole."""
    shards = _blocks.values()
    return shards[-1] if shards else None
