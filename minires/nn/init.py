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


def delta_orthogonal(shape: Shape, rng: np.random.Generator | None, gain: float = 1.0) -> Array:
    """Filters (KH, KW, C_in, C_out) that are zero except for an orthogonal matrix in the centre.

    With stride 1 and C_out >= C_in such a convolution turns the features of every pixel and mixes
    no neighbours: it preserves the norm of any map, and backward that of its gradient, however many
    of them follow each other (Xiao et al. 2018, arXiv:1806.05393, algorithm 2; gain 1 for tanh,
    sqrt 2 for ReLU). The arguments and errors are those of `normal`.
    """
    if len(shape) != 4 or shape[0] % 2 == 0 or shape[1] % 2 == 0:
        expected = "(KH, KW, C_in, C_out) with odd KH and KW"
        raise ConfigError("init.delta_orthogonal", "shape", expected, str(tuple(shape)))
    weight = np.zeros(shape, np.float32)
    weight[shape[0] // 2, shape[1] // 2] = orthogonal(shape[2:], rng, gain)
    return weight


def mirrored(weight: Array) -> Array:
    """Weights (..., C, out) as weights (..., 2C, out) for the output of a `CReLU`: W, then -W.

    Since relu(x) - relu(-x) = x, the layer after the CReLU gets W x: a whole net of such layers is
    linear at first, and "looks linear" however deep it is (Balduzzi et al. 2017, arXiv:1702.08591,
    section 4).
    """
    return np.concatenate([weight, -weight], axis=-2)


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
