"""Random images for nets that are not trained."""

import numpy as np

from minires import Tensor


def images(*shape, seed=0):
    """A float32 Tensor of that shape, (N, H, W, C), of normally distributed numbers."""
    return Tensor(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))
