"""Automatic differentiation: the Tensor, the tape that remembers what was computed, and two ways to look at it.

Read `tape.py` first (the walk back that finds gradients), then `tensor.py`. `gradcheck.py` compares gradients with slopes, and
`graph.py` draws the tape.
"""

from .tensor import Tensor, no_grad

__all__ = ["Tensor", "no_grad"]
