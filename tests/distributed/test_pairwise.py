"""Sums in a fixed order: the same bits whichever rank adds what, with few numbers sent."""

import numpy as np
import pytest

from minires.distributed import alone, pairwise
from minires.distributed.cutting import cut, number_of_shards
from minires.errors import ConfigError

from .worlds import ThreadWorld, on_ranks


def vectors(shards, length, seed=0):
    """Numbers of very different sizes: adding them in another order gives other bits."""
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal(length) * 10.0 ** rng.integers(-4, 5, length)).astype(np.float32)
        for _ in range(shards)
    ]


@pytest.mark.parametrize("items, parts", [(10, 3), (3, 3), (2, 5), (128, 8)])
def test_pieces_follow_each_other_and_are_even(items, parts):
    pieces = cut(items, parts)
    assert [i for first, last in pieces for i in range(first, last)] == list(range(items))
    sizes = [last - first for first, last in pieces]
    assert len(pieces) == parts and max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    "shards, ranks", [(s, r) for s in (1, 2, 3, 7, 8, 12) for r in (1, 2, 3, 4, 8) if r <= s]
)
def test_the_sum_has_the_same_bits_on_all_ranks_and_any_number_of_them(shards, ranks):
    found = vectors(shards, 101)
    expected = pairwise.summed(found, shards, alone())
    np.testing.assert_allclose(expected, np.sum(found, axis=0, dtype=np.float64), rtol=1e-3)

    def work(world):
        return pairwise.summed(found[slice(*cut(shards, ranks)[world.rank])], shards, world)

    for total in on_ranks(ranks, work):
        assert np.array_equal(total, expected)


def test_adding_up_each_rank_first_would_give_other_bits():
    found = vectors(8, 101)
    by_rank = [sum(found[slice(*piece)]) for piece in cut(8, 3)]
    assert not np.array_equal(sum(by_rank), pairwise.summed(found, 8, alone()))


def test_a_rank_sends_one_block_if_ranks_divide_the_shards():
    assert pairwise.blocks(0, 8, 4, 8) == [(4, 8)]
    assert pairwise.blocks(0, 8, 1, 4) == [(1, 2), (2, 4)]
    assert pairwise.blocks(0, 12, 3, 6) == [(3, 6)]


def test_vectors_shorter_than_the_number_of_ranks():
    def work(world):
        return pairwise.summed(vectors(4, 2)[world.rank : world.rank + 1], 4, world)

    for total in on_ranks(4, work):
        assert np.array_equal(total, pairwise.summed(vectors(4, 2), 4, alone()))


def test_more_ranks_than_shards():
    world = ThreadWorld(0, [None] * 3, None)
    assert number_of_shards(None, world) == 3 and number_of_shards(5, world) == 5
    with pytest.raises(ConfigError, match="more ranks than parts of a batch: expected at most 2"):
        number_of_shards(2, world)
