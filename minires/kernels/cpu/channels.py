"""Sums over each channel of a batch, and arithmetic with one number for each channel, in chunks.

Where channels are few, an array (..., C) is seen as rows of many pixels each, and a scale or shift
(C,) is repeated to the length of a row: NumPy's inner loops run along a row, and starting one
costs time.

    x (..., C)   ->   rows (x.size / (P C), P C)      of P pixels each
"""

from collections.abc import Callable
from functools import cache, reduce

import numpy as np

from ...types import Array
from . import chunks, memory, workspace
from .activation import where_positive

MAX_ROW = 8192  # numbers in a row
EPILOGUE_BYTES = 256 * 1024  # with as many bytes of a shortcut they fit a core's second-level cache
MANY_ROWS = 1000  # a sum over more of them feels rounding: two steps to the mean


def moments(x: Array) -> tuple[int, Array, Array]:
    """Number of values, mean, and sum of squared deviations of each channel of x (..., C).

    The mean and the sum of squared deviations of a chunk are found while it is in cache, then those
    of all chunks are merged (Chan, Golub and LeVeque 1979): one pass over the memory, and none of
    the cancellation of mean(x^2) - mean(x)^2.
    """
    rows, sum_per_channel = _as_rows(x)

    def worker(chunks):
        for first, last in chunks:
            chunk = rows[first:last]
            count = chunk.size // x.shape[-1]
            mean = sum_per_channel(chunk.sum(axis=0)) / x.dtype.type(count)
            deviation = workspace.scratch("deviation", chunk.shape, x.dtype)
            np.subtract(chunk, _repeat_per_channel(mean, chunk), out=deviation)
            squares = sum_per_channel(_sum_of_products(deviation, deviation))
            if len(chunk) > MANY_ROWS:
                missed = sum_per_channel(deviation.sum(axis=0)) / x.dtype.type(count)
                mean, squares = mean + missed, squares - missed * missed * x.dtype.type(count)
            yield count, mean, squares

    parts = chunks.run(worker, len(rows), _bytes_of_a_row(rows))
    nothing = np.zeros(x.shape[-1], x.dtype)  # of an empty shard
    return reduce(merge, parts) if parts else (0, nothing, nothing)


def merge(a: tuple[int, Array, Array], b: tuple[int, Array, Array]) -> tuple[int, Array, Array]:
    """The (count, mean, sum of squared deviations) of two sets of numbers together."""
    (count_a, mean_a, squares_a), (count_b, mean_b, squares_b) = a, b
    count = count_a + count_b
    weight_b = count_b / count  # a Python float promotes no array
    difference = mean_b - mean_a
    squares = squares_a + squares_b + difference * difference * (count_a * weight_b)
    return count, mean_a + difference * weight_b, squares


def scale_and_shift(
    x: Array, scale: Array, shift: Array, shortcut: Array | None = None, relu: bool = False
) -> Array:
    """y = x scale + shift, then + shortcut if there is one, then at least 0 if `relu`.

    x, shortcut (..., C); scale, shift (C,).
    """
    rows, _ = _as_rows(x)
    y = memory.empty(x.shape, x.dtype)
    y_rows = y.reshape(rows.shape)
    shortcut_rows = None if shortcut is None else _as_rows(shortcut)[0]
    scale, shift = _repeat_per_channel(scale, rows), _repeat_per_channel(shift, rows)
    zeros = np.zeros(rows.shape[1], x.dtype)  # against a single 0 NumPy is slower

    def worker(chunks):
        for first, last in chunks:
            y_chunk = y_rows[first:last]
            np.multiply(rows[first:last], scale, out=y_chunk)
            y_chunk += shift
            if shortcut is not None:
                y_chunk += shortcut_rows[first:last]
            if relu:
                np.maximum(y_chunk, zeros, out=y_chunk)

    chunks.run(worker, len(rows), _bytes_of_a_row(rows))
    return y


def bias_relu_epilogue(
    y: Array, bias: Array, shortcut: Array | None = None
) -> Callable[[int, int], None]:
    """The last step of a convolution whose output is y (N, ..., C): ``epilogue(first, last)``.

    This function replaces the images y[first:last], which must be in cache, by relu(y + bias +
    shortcut). It takes a few rows at a time, because one image may be larger than that cache.
    """
    channels = len(bias)
    length = channels
    if y.size:
        length *= _largest_divisor(y[0].size // channels, MAX_ROW // channels)
    y_rows = y.reshape(-1, length)
    shortcut_rows = None
    if shortcut is not None:
        shortcut_rows = np.ascontiguousarray(shortcut).reshape(y_rows.shape)
    bias = _repeat_per_channel(bias, y_rows)
    rows_per_image = len(y_rows) // max(1, len(y))
    step = max(1, EPILOGUE_BYTES // (length * y.itemsize))

    def epilogue(first, last):
        end = last * rows_per_image
        for start in range(first * rows_per_image, end, step):
            rows = slice(start, min(start + step, end))
            y_chunk = y_rows[rows]
            y_chunk += bias
            if shortcut is not None:
                y_chunk += shortcut_rows[rows]
            np.clip(y_chunk, 0, np.inf, out=y_chunk)

    return epilogue


def gradient_sums(
    dy: Array, x: Array, mean: Array, y: Array | None = None, dz: Array | None = None
) -> tuple[Array, Array]:
    """sum(dy) and sum(dy (x - mean)) over each channel: each of shape (C,).

    With `y`, the output of a ReLU, the sums are those of dz = dy where y > 0, else 0, and dz is
    written to the array `dz`.
    """
    x_rows, sum_per_channel = _as_rows(x)
    dy_rows = _as_rows(dy)[0]
    mean = _repeat_per_channel(mean, x_rows)
    if y is not None and dz is not None:
        y_rows, dz_rows = _as_rows(y)[0], dz.reshape(x_rows.shape)

    def worker(chunks):
        for first, last in chunks:
            gradient = dy_rows[first:last]
            if y is not None:
                gradient = where_positive(gradient, y_rows[first:last], out=dz_rows[first:last])
            deviation = workspace.scratch("deviation", gradient.shape, x.dtype)
            np.subtract(x_rows[first:last], mean, out=deviation)
            yield np.stack([gradient.sum(axis=0), _sum_of_products(gradient, deviation)])

    parts = chunks.run(worker, len(x_rows), _bytes_of_a_row(x_rows))
    total, moment = sum(parts) if parts else np.zeros((2, x_rows.shape[1]), x.dtype)
    return sum_per_channel(total), sum_per_channel(moment)


def combine(dy: Array, gain: Array, x: Array, slope: Array, shift: Array, out: Array) -> None:
    """out = dy gain - x slope + shift; `out` may be dy.

    dy, x, out (..., C); gain, slope, shift (C,).
    """
    dy_rows, _ = _as_rows(dy)
    x_rows = _as_rows(x)[0]
    out_rows = out.reshape(x_rows.shape)
    gain, slope, shift = (_repeat_per_channel(vector, x_rows) for vector in (gain, slope, shift))

    def worker(chunks):
        for first, last in chunks:
            out_chunk = out_rows[first:last]
            term = workspace.scratch("term", out_chunk.shape, out_chunk.dtype)
            np.multiply(x_rows[first:last], slope, out=term)
            term -= shift
            np.multiply(dy_rows[first:last], gain, out=out_chunk)
            out_chunk -= term

    chunks.run(worker, len(x_rows), _bytes_of_a_row(x_rows))


def _as_rows(x):
    """x (..., C) as rows (-1, P C) of P pixels, and a function from such a row to its sums (C,)."""
    channels = x.shape[-1]
    pixels = _largest_divisor(x.size // channels, MAX_ROW // channels) if x.size else 1

    def sum_per_channel(row):
        return row.reshape(-1, channels).sum(axis=0)

    return np.ascontiguousarray(x).reshape(-1, pixels * channels), sum_per_channel


def _bytes_of_a_row(rows):
    return rows.shape[1] * rows.itemsize


@cache
def _largest_divisor(number, limit):
    return max(n for n in range(1, max(1, limit) + 1) if number % n == 0)


def _sum_of_products(a, b):
    """The sum of a b over the rows, without an array for a b."""
    return np.einsum("ij,ij->j", a, b)


def _repeat_per_channel(vector, rows):
    """One value for each channel (C,), repeated to the length of a row."""
    repeated = np.empty((rows.shape[1] // len(vector), len(vector)), vector.dtype)
    repeated[...] = vector
    return repeated.reshape(-1)
