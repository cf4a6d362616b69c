"""Sums over the images of a batch and arithmetic with one number a channel, in pieces that stay in cache.

Arrays (..., C) of few channels are seen as lines of many pixels each, with scale and shift repeated to that length: the
inner loops of NumPy run along a line, and cost something at each start.
"""

from functools import cache, reduce

import numpy as np

from . import workspace, chunks
from .activation import where_positive

LINE = 8192                  # numbers in a line, at most
FINISHED_AT_ONCE = 256 * 1024     # bytes of what a convolution has put out: with a shortcut's they fit into a core's second-level cache
MANY_LINES = 1000            # from which rounding in their sum is felt, so that the mean is found in two steps


def moments(x):
    """Mean and biased variance of each channel of x (..., C), each of shape (C,).

    Each piece's mean and sum of squared deviations are found while it is in cache, then merged (Chan, Golub and
    LeVeque 1979): one pass over the memory, and none of the cancellation of mean(x^2) - mean(x)^2.
    """
    lines, fold = _lines(x)

    def share(pieces):
        for first, last in pieces:
            piece = lines[first:last]
            count = piece.size // x.shape[-1]
            mean = fold(piece.sum(axis=0)) / x.dtype.type(count)
            deviation = chunks.scratch("deviation", piece.shape, x.dtype)
            np.subtract(piece, _tile(mean, piece), out=deviation)
            squares = fold(_sum_of_products(deviation, deviation))
            if len(piece) > MANY_LINES:
                missed = fold(deviation.sum(axis=0)) / x.dtype.type(count)
                mean, squares = mean + missed, squares - missed * missed * x.dtype.type(count)
            yield count, mean, squares

    _, mean, squares = reduce(_merge, chunks.run(share, len(lines), lines[0].nbytes))
    return mean, squares / x.dtype.type(x.size // x.shape[-1])


def scale_and_shift(x, scale, shift, plus=None, relu=False):
    """x scale + shift, with one scale and shift a channel; `plus` another array of x's shape; at least 0 if `relu`."""
    lines, _ = _lines(x)
    y = workspace.empty(x.shape, x.dtype)
    y_lines = y.reshape(lines.shape)
    plus_lines = None if plus is None else _lines(plus)[0]
    scale, shift, zeros = _tile(scale, lines), _tile(shift, lines), np.zeros_like(lines[0])

    def share(pieces):
        for first, last in pieces:
            piece = y_lines[first:last]
            np.multiply(lines[first:last], scale, out=piece)
            piece += shift
            if plus is not None:
                piece += plus_lines[first:last]
            if relu:
                np.maximum(piece, zeros, out=piece)            # a row of zeros: with a single 0 NumPy is slower

    chunks.run(share, len(lines), lines[0].nbytes)
    return y


def shift_and_clip(y, shift, plus=None):
    """A function ``finish(first, last)`` that makes images y[first:last] at least 0 after adding `shift`, one number a channel, and `plus`.

    For whoever has just written them. A few lines at a time: an image may be larger than the cache that they still are in.
    """
    line = _largest_divisor(y[0].size // len(shift), LINE // len(shift)) * len(shift) if y.size else len(shift)
    y_lines = y.reshape(-1, line)
    plus_lines = None if plus is None else np.ascontiguousarray(plus).reshape(y_lines.shape)
    shift = _tile(shift, y_lines)
    lines_an_image = len(y_lines) // max(1, len(y))
    at_once = max(1, FINISHED_AT_ONCE // (line * y.itemsize))

    def finish(first, last):
        for start in range(first * lines_an_image, last * lines_an_image, at_once):
            lines = slice(start, min(start + at_once, last * lines_an_image))
            piece = y_lines[lines]
            piece += shift
            if plus is not None:
                piece += plus_lines[lines]
            np.clip(piece, 0, np.inf, out=piece)
    return finish


def gradient_sums(dy, x, mean, y=None, dz=None):
    """sum(dy) and sum(dy (x - mean)) over each channel.

    With `y`, the output of a ReLU, it is not dy that is summed but what the ReLU lets through, dy where y > 0, which
    is left in `dz`.
    """
    x_lines, fold = _lines(x)
    dy_lines = _lines(dy)[0]
    tiled_mean = _tile(mean, x_lines)
    if y is not None:
        y_lines, dz_lines = _lines(y)[0], dz.reshape(x_lines.shape)

    def share(pieces):
        for first, last in pieces:
            gradient = dy_lines[first:last]
            if y is not None:
                gradient = where_positive(gradient, y_lines[first:last], out=dz_lines[first:last])
            deviation = chunks.scratch("deviation", gradient.shape, x.dtype)
            np.subtract(x_lines[first:last], tiled_mean, out=deviation)
            yield np.stack([gradient.sum(axis=0), _sum_of_products(gradient, deviation)])

    total, moment = sum(chunks.run(share, len(x_lines), x_lines[0].nbytes))
    return fold(total), fold(moment)


def combine(dy, gain, x, slope, shift, out):
    """Write dy gain - x slope + shift, with one of each a channel, into `out`, which may be dy."""
    dy_lines, _ = _lines(dy)
    x_lines = _lines(x)[0]
    out_lines = out.reshape(x_lines.shape)
    gain, slope, shift = _tile(gain, x_lines), _tile(slope, x_lines), _tile(shift, x_lines)

    def share(pieces):
        for first, last in pieces:
            dx = out_lines[first:last]
            term = chunks.scratch("term", dx.shape, dx.dtype)
            np.multiply(x_lines[first:last], slope, out=term)
            term -= shift
            np.multiply(dy_lines[first:last], gain, out=dx)
            dx -= term

    chunks.run(share, len(x_lines), x_lines[0].nbytes)


def _lines(x):
    """x (..., C) as lines of several pixels each (-1, pixels C), and the function that folds a line to one value a channel."""
    channels = x.shape[-1]
    pixels = _largest_divisor(x.size // channels, LINE // channels)
    return np.ascontiguousarray(x).reshape(-1, pixels * channels), lambda line: line.reshape(-1, channels).sum(axis=0)


@cache
def _largest_divisor(number, limit):
    return max(n for n in range(1, max(1, limit) + 1) if number % n == 0)


def _sum_of_products(a, b):
    """sum(a b) over the lines, without writing a b to memory."""
    return np.einsum("ij,ij->j", a, b)


def _tile(vector, lines):
    """One value a channel, repeated to the length of a line."""
    tiled = np.empty((lines.shape[1] // len(vector), len(vector)), vector.dtype)
    tiled[...] = vector
    return tiled.reshape(-1)


def _merge(a, b):
    """Merge two (count, mean, sum of squared deviations) into that of their union."""
    (count_a, mean_a, squares_a), (count_b, mean_b, squares_b) = a, b
    count = count_a + count_b
    weight_b = count_b / count                                     # a Python float: promotes no array
    difference = mean_b - mean_a
    return count, mean_a + difference * weight_b, squares_a + squares_b + difference * difference * (count_a * weight_b)
