"""Sum the gradients of all shards, in an order that does not depend on which rank has which shard.

In floating point a + (b + c) and (a + b) + c may differ in the last bit. So the order is fixed, as
a tree: the row of shards is halved again and again, and the sum of each part is the sum of its two
halves.

    shards      0   1   2   3   4   5   6   7
                 0+1     2+3     4+5     6+7         as in a tournament
                    0...3           4...7
                            0...7

A part of the tree, such as 2+3, is called a block. A rank that computes shards 2 and 3 sends only
the sum of this block. One that computes shards 1, 2 and 3 sends two blocks: 1, and 2+3.
"""

from collections.abc import Mapping

import numpy as np

from ..types import Array
from .cutting import cut
from .world import World

Block = tuple[int, int]  # the shards first ... last - 1


def blocks(first: int, last: int, own_first: int, own_last: int) -> list[Block]:
    """The largest blocks in the tree over shards `first` to `last` that lie within `own_first` to
    `own_last`.
    """
    if own_first <= first and last <= own_last:
        return [(first, last)]
    if last <= own_first or own_last <= first:
        return []
    middle = (first + last) // 2
    return blocks(first, middle, own_first, own_last) + blocks(middle, last, own_first, own_last)


def total(first: int, last: int, known: Mapping[Block, Array]) -> Array:
    """The sum of a block, from the known sums of blocks within it."""
    if (first, last) in known:
        return known[first, last]
    middle = (first + last) // 2
    return total(first, middle, known) + total(middle, last, known)


def summed(vectors: list[Array], shards: int, world: World) -> Array:
    """Sum one vector from each shard. All ranks get the sum.

    Each rank adds up one part of the vectors, for all ranks: first it receives this part of all
    blocks, then it sends the sum to everyone. If each rank has one block, it sends about twice the
    length of a vector in all, as in a ring of ranks that add in turn.

    Parameters
    ----------
    vectors : list of arrays (n,)
        The vectors of this rank's shards, which are ``cut(shards, world.size)[world.rank]``.
    shards : int
        The number of shards of all ranks.
    world : World

    Returns
    -------
    array (n,)
    """
    ranks = cut(shards, world.size)
    own_first = ranks[world.rank][0]
    own = {(own_first + i, own_first + i + 1): vector for i, vector in enumerate(vectors)}
    blocks_of = [blocks(0, shards, *rank) for rank in ranks]
    sums = [total(*block, own) for block in blocks_of[world.rank]]
    if world.size == 1:
        return sums[0]
    parts = cut(len(vectors[0]), world.size)
    first, last = parts[world.rank]
    found = world.swap(
        np.concatenate([block_sum[slice(*part)] for part in parts for block_sum in sums]),
        [len(sums) * (end - start) for start, end in parts],
        [len(own_blocks) * (last - first) for own_blocks in blocks_of],
    )
    all_blocks = [block for own_blocks in blocks_of for block in own_blocks]
    part = total(0, shards, dict(zip(all_blocks, found.reshape(len(all_blocks), last - first))))
    return world.gather_rows(part.reshape(-1, 1), [end - start for start, end in parts])[:, 0]
