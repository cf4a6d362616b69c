"""Exercises of notebook 14: paths that survive, lengths of paths, directions around a net."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect
from ...types import Array
from .kinds import Exercise


def _check_left(paths_left: Callable[..., Any]) -> None:
    for blocks, removed in ((9, 2), (9, 0), (27, 1), (54, 6)):
        want = 2.0**-removed
        mistakes = [
            ("it is the number of paths that are left, not their share", 2.0 ** (blocks - removed)),
            ("it is the share of blocks that are left", (blocks - removed) / blocks),
            ("it is the share of paths that are gone", 1 - want),
            (
                "every block takes away half of all paths, but the second one finds only half "
                "of them left",
                1 - removed / 2,
            ),
            ("the power is missing: halve once for every block", 1 / (1 + removed)),
            ("they are percent: a share from 0 to 1 is wanted", 100 * want),
        ]
        got = call(paths_left, blocks, removed, name="paths_left")
        expect(f"paths_left({blocks}, {removed})", got, want, mistakes, 1e-12)


def _count(blocks: int, low: int, high: int) -> int:
    return sum(math.comb(blocks, length) for length in range(low, high + 1))


def _check_between(share_between: Callable[..., Any]) -> None:
    for blocks, low, high in ((9, 3, 5), (54, 5, 17), (27, 10, 17), (9, 0, 9)):
        want = _count(blocks, low, high) / 2**blocks
        mistakes = [
            ("it is the number of paths, not their share", _count(blocks, low, high)),
            (
                "the last length is left out: `range` stops before it",
                _count(blocks, low, high - 1) / 2**blocks,
            ),
            ("the first length is left out", _count(blocks, low + 1, high) / 2**blocks),
            ("all lengths are taken to be equally frequent", (high - low + 1) / (blocks + 1)),
            (
                "only one order of the blocks is counted: there are `math.comb(blocks, length)`",
                (high - low + 1) / 2**blocks,
            ),
            ("they are percent: a share from 0 to 1 is wanted", 100 * want),
        ]
        got = call(share_between, blocks, low, high, name="share_between")
        expect(f"share_between({blocks}, {low}, {high})", got, want, mistakes, 1e-9)


def _scaled(d: Array, w: Array, axes: tuple[int, ...]) -> Array:
    return d * np.sqrt((w**2).sum(axis=axes, keepdims=True) / (d**2).sum(axis=axes, keepdims=True))


def _check_direction(filter_normalised: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    d = rng.standard_normal((3, 3, 4, 5))
    w = rng.standard_normal((3, 3, 4, 5)) * np.array([0.1, 1, 3, 0.5, 10])
    right = _scaled(d, w, (0, 1, 2))
    unit = d / np.sqrt((d**2).sum(axis=(0, 1, 2), keepdims=True))
    mistakes = [
        (
            "all filters together get one factor: each filter needs its own",
            _scaled(d, w, (0, 1, 2, 3)),
        ),
        (
            "it is done for each input channel: a filter has an *output* channel, the last axis",
            _scaled(d, w, (0, 1, 3)),
        ),
        ("it is done for each place of the window by itself", _scaled(d, w, (2,))),
        (
            "it is done for each pair of channels: a filter holds all input channels",
            _scaled(d, w, (0, 1)),
        ),
        ("the filters have length 1: multiply by the length of the filter of w", unit),
        ("the root is missing: lengths are roots of sums of squares", right * right / d),
        ("it is not divided by the length of d", d * np.sqrt((w**2).sum(axis=(0, 1, 2)))),
        ("it is the wrong way round: d is divided by the length of w", d * d / right),
        ("the direction is lost: that is w", w),
    ]
    got = call(filter_normalised, d, w, name="filter_normalised")
    expect("filter_normalised", got, right, mistakes)


EXERCISES = (
    Exercise(
        "14.left",
        1,
        "What is left",
        """A residual net has n blocks, and so 2^n paths. Some blocks are taken out. Write
`paths_left(blocks, removed)`, which returns the share of the paths that still lead through, from 0
to 1.""",
        (
            "Every path goes through a block or past it. Which of them does a lesion cut?",
            "One block takes away half of the paths, and the next one half of the rest.",
        ),
        """
def paths_left(blocks, removed):
    return 0.5**removed  # however many blocks there are
""",
        _check_left,
    ),
    Exercise(
        "14.between",
        2,
        "How long are the paths?",
        """Write `share_between(blocks, low, high)`, which returns the share of the paths through
that many blocks that pass at least `low` and at most `high` branches. Veit et al. say that in a net
of 54 blocks most of the gradient comes along paths of 5 to 17 branches. What share of the *paths*
is that?""",
        (
            "To pass exactly k of n branches, choose which: there are `math.comb(n, k)` ways.",
            "Add them up from low to high, both included, and divide by 2**blocks.",
        ),
        """
def share_between(blocks, low, high):
    chosen = sum(math.comb(blocks, length) for length in range(low, high + 1))
    return chosen / 2**blocks  # share_between(54, 5, 17) is 0.5 %
""",
        _check_between,
    ),
    Exercise(
        "14.direction",
        3,
        "A fair direction",
        """To draw the loss around a trained net, one walks away from its weights in a random
direction d. But where batch norm follows, a step that turns a filter of length 0.1 completely
hardly changes one of length 10. So Li et al. 2018 (arXiv:1712.09913, section 4) give each filter
of d the length of the same filter of w. Write `filter_normalised(d, w)` for arrays of shape (KH,
KW, C, O), where each of the O filters has the shape (KH, KW, C). Then compare with
`diagnostics.random_direction` and draw a map by `diagnostics.loss_plane`.""",
        (
            "The lengths of the O filters are `np.sqrt((w**2).sum(axis=(0, 1, 2)))`.",
            "Divide each filter of d by its own length, and multiply by that of w.",
        ),
        """
def filter_normalised(d, w):
    def lengths(a):
        return np.sqrt((a**2).sum(axis=(0, 1, 2)))

    return d * lengths(w) / lengths(d)
""",
        _check_direction,
    ),
    Exercise(
        "14.explain",
        0,
        "a net that survives an operation",
        """A friend takes one layer out of a trained plain net, and it guesses. Then the friend
takes a block out of a trained ResNet, and it still gets most images right. *So the blocks of a
ResNet do nothing*, says the friend. What would you answer?""",
        ("How many of the paths are left? What if you take out five blocks?",),
        """In a plain net every path leads through the missing layer, and the next layer gets
something that it never saw. In a residual net half of the paths do not use the missing block, and
they still work. That does not mean that the block did nothing: the error does rise, and with each
further block it rises more. The blocks correct the signal by small steps, and the rest still works
when one is missing.""",
    ),
)
