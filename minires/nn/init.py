"""Initial values of weights."""

from math import prod, sqrt

import numpy as np

from ..checks import fits_in_memory, generator, number
from ..errors import ConfigError
from ..types import Array, Shape


def normal(shape: Shape, rng: np.random.Generator | None, std: float) -> Array:
    """Weights from a normal distribution around 0.

    Parameters
    ----------
    shape : tuple of int
    rng : np.random.Generator or None
        None draws a fresh, unrepeatable stream.
    std : float
        Standard deviation.

    Returns
    -------
    np.ndarray, float32

    Raises
    ------
    ConfigError
        For a negative `std`, or if `rng` is no generator.
    MemoryError
        If there is not that much memory.
    """
    rng = generator("init.normal", rng)
    number("init.normal", "std", std, "a number of at least 0", lambda std: std >= 0)
    fits_in_memory("weights", shape, 4)
    # A float64 factor would promote them.
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(std)


def he_normal(shape: Shape, rng: np.random.Generator | None) -> Array:
    """Weights from a normal distribution of standard deviation sqrt(2 / fan_in).

    fan_in is the number of inputs that each output adds up: the product of all axes of `shape` but
    the last, so of (KH, KW, C_in / groups) or of (in,). The mean square of the activations then
    stays the same from layer to layer under ReLU, which zeroes half of them (He et al. 2015,
    arXiv:1502.01852, equation 10).
    """
    return normal(shape, rng, sqrt(2 / prod(shape[:-1])))


def orthogonal(shape: Shape, rng: np.random.Generator | None, gain: float = 1.0) -> Array:
    """Weights that keep lengths: as a matrix (fan_in, outputs), a random one with W^T W = gain^2 I.

    Its columns are drawn from all orthonormal ones alike (the Haar measure): the Q of the QR
    decomposition of a Gaussian matrix, with the signs of R's diagonal taken off it (Mezzadri 2007,
    arXiv:math-ph/0609050). Where outputs outnumber inputs, the rows are orthonormal instead (Saxe
    et al. 2014, arXiv:1312.6120).

    Parameters
    ----------
    shape : tuple of int
        (in, out) of a linear layer, or (KH, KW, C_in, C_out) of a convolution.
    rng : np.random.Generator or None
        None draws a fresh, unrepeatable stream.
    gain : float

    Returns
    -------
    np.ndarray, float32

    Raises
    ------
    ConfigError
        For a shape of fewer than two axes, or if `rng` is no generator.
    """
    rng = generator("init.orthogonal", rng)
    number("init.orthogonal", "gain", gain, "a number")
    if len(shape) < 2:
        raise ConfigError("init.orthogonal", "shape", "at least two axes", f"{tuple(shape)}")
    fan_in, outputs = prod(shape[:-1]), shape[-1]
    fits_in_memory("weights", shape, 8)
    tall = rng.standard_normal((max(fan_in, outputs), min(fan_in, outputs)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return (gain * (q if fan_in >= outputs else q.T)).reshape(shape).astype(np.float32)
