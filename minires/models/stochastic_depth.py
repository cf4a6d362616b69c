"""Stochastic depth: in training, drop whole blocks at random (Huang et al. 2016, arXiv:1603.09382).

The net is shallow while it learns and deep when it is used. A dropped block costs nothing: its convolutions F are not computed, and
only its shortcut passes on what came in.
"""

from .. import nn


class StochasticDepth(nn.Module):
    """What happens around one block; the block knows nothing of it but `skip` and `branch_end`.

    In training, with probability 1 - survival_prob, drawn once for each batch, the block is dropped: ``block.skip(x)`` is computed in
    place of ``block.forward(x)``. In evaluation every F(x) is there, multiplied by its expected share (section 3 of the paper):

        y = survival_prob F(x) + shortcut(x)                  and then the block's ReLU, if it ends in one

    Parameters
    ----------
    survival_prob : float
        Above 0, at most 1.
    random : np.random.Generator
        All blocks of a net share one. It is part of a run's checkpoint.
    """

    def __init__(self, survival_prob, random):
        self.survival_prob, self.random = survival_prob, random

    def compute(self, block, x):
        """The output of `block` for x."""
        if block.training:
            survives = self.random.random() < self.survival_prob
            return block.forward(x) if survives else block.skip(x)
        with nn.overridden(outputs={block.branch_end: lambda branch: branch * self.survival_prob}):
            return block.forward(x)

    def describe(self):
        return f"survival_prob={self.survival_prob:.4g}"


def add_stochastic_depth(blocks, survival_prob, random):
    """Put stochastic depth around all `blocks` of a net, in order from the images to the logits.

    Block l of L survives with probability 1 - (1 - survival_prob) l / L: early blocks, on which all others build, are kept more often
    (section 3 of the paper, "linear decay rule").
    """
    for number, block in enumerate(blocks, 1):
        block.stochastic_depth = StochasticDepth(1 - (1 - survival_prob) * number / len(blocks), random)
