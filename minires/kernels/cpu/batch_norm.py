"""Batch norm over the last axis, in pieces that stay in cache.

Per channel, over the M = N H W values of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1):

    mean = sum(x) / M        var = sum((x - mean)^2) / M
    y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)

Arrays of few channels are seen as rows of whole image lines, (N H, W C), so that NumPy's inner loops are long.
"""

from typing import NamedTuple

import numpy as np

from .. import shapes
from ..kernel import Kernel
from . import parallel


class Cache(NamedTuple):
    """What backward needs; `mean` and `var` (C,) are also what the running averages are made from."""

    x: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    inverse_std: np.ndarray
    from_batch: bool


class batch_norm(Kernel):
    """Normalise each channel of x (..., C), then scale by weight (C,) and shift by bias (C,).

    With ``mean=None`` and ``var=None`` the batch's own statistics are used (training), else the given ones
    (inference). The cache's ``mean`` and ``var`` hold the statistics used; var is the biased one.
    """

    def forward(x, weight, bias, mean=None, var=None, eps=1e-5):
        shapes.channels("batch_norm", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        from_batch = mean is None
        if from_batch:
            mean, var = moments(x)
        inverse_std = 1 / np.sqrt(var + eps)
        scale = weight * inverse_std
        y = scale_and_shift(x, scale, bias - mean * scale)
        return y, Cache(x, weight, mean, var, inverse_std, from_batch)

    def backward(dy, cache):
        """With g = weight / std:   dbias = sum(dy),   dweight = sum(dy x_hat),

        dx = g (dy - dbias / M - x_hat dweight / M); in inference, where mean and var are constants, dx = g dy.
        """
        x, weight, mean, _, inverse_std, from_batch = cache
        dbias, dweight = _gradient_sums(dy, x, mean)
        dweight *= inverse_std
        gain = weight * inverse_std
        if not from_batch:
            return scale_and_shift(dy, gain, np.zeros_like(gain)), dweight, dbias
        count = x.size // x.shape[-1]
        slope = gain * inverse_std * dweight / count                   # of dx over x
        return _combine(dy, gain, x, slope, slope * mean - gain * dbias / count), dweight, dbias


def moments(x):
    """Mean and biased variance of each channel of x (..., C), each of shape (C,).

    Each piece's mean and sum of squared deviations are found while it is in cache, then merged (Chan, Golub and
    LeVeque 1979): one pass over the memory, and none of the cancellation of mean(x^2) - mean(x)^2.
    """
    lines, fold = _lines(x)

    def share(start, stop):
        count, mean, squares = 0, 0, 0
        for first, last in parallel.pieces(start, stop, 2 * lines[0].nbytes):
            piece = lines[first:last]
            piece_count = piece.size // x.shape[-1]
            piece_mean = fold(piece.sum(axis=0)) / x.dtype.type(piece_count)
            deviation = parallel.scratch("deviation", piece.shape, x.dtype)
            np.subtract(piece, _tile(piece_mean, piece), out=deviation)
            np.multiply(deviation, deviation, out=deviation)
            count, mean, squares = _merge((count, mean, squares), (piece_count, piece_mean, fold(deviation.sum(axis=0))))
        return count, mean, squares

    count, mean, squares = 0, 0, 0
    for part in parallel.run(share, len(lines), lines[0].nbytes):
        count, mean, squares = _merge((count, mean, squares), part)
    return mean, squares / count


def scale_and_shift(x, scale, shift):
    """x scale + shift, for one scale and shift a channel."""
    lines, _ = _lines(x)
    out = np.empty(x.shape, x.dtype)
    out_lines = out.reshape(lines.shape)
    scale, shift = _tile(scale, lines), _tile(shift, lines)

    def share(start, stop):
        for first, last in parallel.pieces(start, stop, 2 * lines[0].nbytes):
            np.multiply(lines[first:last], scale, out=out_lines[first:last])
            out_lines[first:last] += shift

    parallel.run(share, len(lines), lines[0].nbytes)
    return out


def _gradient_sums(dy, x, mean):
    """sum(dy) and sum(dy (x - mean)) over each channel."""
    dy_lines, fold = _lines(dy)
    x_lines = x.reshape(dy_lines.shape)
    tiled_mean = _tile(mean, x_lines)

    def share(start, stop):
        total, moment = 0, 0
        for first, last in parallel.pieces(start, stop, 3 * x_lines[0].nbytes):
            deviation = parallel.scratch("deviation", x_lines[first:last].shape, x.dtype)
            np.subtract(x_lines[first:last], tiled_mean, out=deviation)
            np.multiply(deviation, dy_lines[first:last], out=deviation)
            total = total + dy_lines[first:last].sum(axis=0)
            moment = moment + deviation.sum(axis=0)
        return np.stack([fold(total), fold(moment)])

    parts = parallel.run(share, len(x_lines), x_lines[0].nbytes)
    return sum(parts[1:], parts[0])


def _combine(dy, gain, x, slope, shift):
    """dy gain - x slope + shift."""
    dy_lines, _ = _lines(dy)
    x_lines = x.reshape(dy_lines.shape)
    out = np.empty(dy.shape, dy.dtype)
    out_lines = out.reshape(dy_lines.shape)
    gain, slope, shift = _tile(gain, x_lines), _tile(slope, x_lines), _tile(shift, x_lines)

    def share(start, stop):
        for first, last in parallel.pieces(start, stop, 4 * x_lines[0].nbytes):
            dx = out_lines[first:last]
            term = parallel.scratch("term", dx.shape, dx.dtype)
            np.multiply(dy_lines[first:last], gain, out=dx)
            np.multiply(x_lines[first:last], slope, out=term)
            dx -= term
            dx += shift

    parallel.run(share, len(x_lines), x_lines[0].nbytes)
    return out


def _lines(x):
    """x (..., W, C) as rows (-1, W C), and the function that folds a sum over the rows to one value a channel."""
    channels = x.shape[-1]
    width = x.shape[-2] if x.ndim > 2 else 1
    return np.ascontiguousarray(x).reshape(-1, width * channels), lambda row: row.reshape(width, channels).sum(axis=0)


def _tile(vector, lines):
    """One value a channel, repeated to the length of a line."""
    return np.tile(vector, lines.shape[1] // len(vector))


def _merge(a, b):
    """Merge two (count, mean, sum of squared deviations) into that of their union."""
    (count_a, mean_a, squares_a), (count_b, mean_b, squares_b) = a, b
    count = count_a + count_b
    weight_b = count_b / count                                     # a Python float: promotes no array
    difference = mean_b - mean_a
    return count, mean_a + difference * weight_b, squares_a + squares_b + difference * difference * (count_a * weight_b)
