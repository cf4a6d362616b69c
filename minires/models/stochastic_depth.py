"""Stochastic depth: in training, drop whole blocks at random (Huang et al. 2016, arXiv:1603.09382).

The net is shallow while it learns and deep when it is used. A dropped block takes almost no time:
its convolutions F are not computed, and the shortcut alone passes on the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import nn
from ..autograd import Tensor

if TYPE_CHECKING:
    from .blocks import Block


class StochasticDepth(nn.Module):
    """Decides for each batch whether a block is dropped.

    In training the block is dropped with probability 1 - survival_prob, drawn once for each batch:
    then ``block.skip(x)`` is computed instead of ``block.forward(x)``. In evaluation no block is
    dropped, and F(x), the output of ``block.branch_end``, is multiplied by the survival
    probability. This makes the sum the expected one (section 3 of the paper):

        y = survival_prob F(x) + shortcut(x)        and then the ReLU, if the block ends in one

    Parameters
    ----------
    survival_prob : float
        Above 0, at most 1.
    random : np.random.Generator
        All blocks of a net share one generator. Its state is saved in a run's checkpoint.
    """

    def __init__(self, survival_prob: float, random: np.random.Generator) -> None:
        self.survival_prob, self.random = survival_prob, random

    def compute(self, block: Block, x: Tensor) -> Tensor:
        """The output of `block` for x."""
        if block.training:
            survives = self.random.random() < self.survival_prob
            return block.forward(x) if survives else block.skip(x)
        with nn.overridden(outputs={block.branch_end: lambda branch: branch * self.survival_prob}):
            return block.forward(x)

    def extra_repr(self) -> str:
        return f"survival_prob={self.survival_prob:.4g}"


def add_stochastic_depth(
    blocks: Sequence[Block], survival_prob: float, random: np.random.Generator
) -> None:
    """Give all `blocks` of a net, in order from the images to the logits, stochastic depth.

    Block l of L survives with probability 1 - (1 - survival_prob) l / L. So early blocks, on which
    all others build, are kept more often (the paper's "linear decay rule").
    """
    for number, block in enumerate(blocks, 1):
        prob = 1 - (1 - survival_prob) * number / len(blocks)
        block.stochastic_depth = StochasticDepth(prob, random)
