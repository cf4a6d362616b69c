"""Automatic differentiation: the Tensor, the tape that remembers what was computed, and two tools.

Read `tape.py` first (the walk back that finds gradients), then `tensor.py`. `operators.py` has what
one can write with a Tensor, `recording.py` is `no_grad`. The tools: `gradcheck.py` compares
gradients with slopes, and `graph.py` draws the tape.
"""

from .hooks import RemovableHandle
from .recording import enable_grad, is_recording, no_grad
from .tensor import Tensor

__all__ = ["RemovableHandle", "Tensor", "enable_grad", "is_recording", "no_grad"]
