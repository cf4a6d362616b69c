"""Initial values of weights."""

from math import prod, sqrt

import numpy as np


def he_normal(shape, rng, gain=sqrt(2)):
    """Weights from a normal distribution of standard deviation gain / sqrt(fan_in).

    fan_in is the number of inputs that each output adds up: all axes of `shape` but the last. With gain sqrt(2) the
    mean square of the activations stays the same from layer to layer under ReLU, which zeroes half of them
    (He et al. 2015, arXiv:1502.01852, equation 10).

    Parameters
    ----------
    shape : tuple of int
        (KH, KW, C_in / groups, C_out) or (in, out).
    rng : np.random.Generator or None
        None draws a fresh, unrepeatable stream.

    Returns
    -------
    np.ndarray, float32
    """
    rng = rng if rng is not None else np.random.default_rng()
    std = np.float32(gain / sqrt(prod(shape[:-1])))      # a float64 factor would promote the weights
    return rng.standard_normal(shape, dtype=np.float32) * std
