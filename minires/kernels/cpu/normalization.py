"""Batch norm over the last axis, alone and with the addition and ReLU that follow it.

Per channel, over the M = N H W values of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167,
algorithm 1):

    mean = sum(x) / M        var = sum((x - mean)^2) / M
    y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)

A shard of a batch (`shards.py`) is normalised by the statistics of the whole batch: M, the mean and
the variance are those of all shards together, and so are the sums in dx. Each shard returns its own
part of dL/dweight and dL/dbias; the caller, which cut the batch, adds them up.

As kernels of their own, addition and ReLU would each read and write the whole batch once more, and
memory is the bottleneck here. So batch_norm_relu does them in the same passes.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np

from ...types import Array
from .. import shapes, shards
from ..kernel import Kernel
from . import channels, memory


class Cache(NamedTuple):
    """The arrays that backward needs. `mean` and `var` (C,) also go into the running averages."""

    x: Array
    weight: Array
    mean: Array
    var: Array
    inverse_std: Array
    values: float  # M, in all shards; inf if mean and var were given, and are constants
    y: Array | None = None  # only with a ReLU, like the next one
    has_shortcut: bool = False


class batch_norm(Kernel):
    """Normalise each channel of x (..., C), then scale by weight (C,) and shift by bias (C,).

    With ``mean=None`` and ``var=None`` the batch's own statistics are used (training), otherwise
    the given ones (inference). The cache's ``mean`` and ``var`` hold the statistics used; var is
    the biased one.
    """

    def forward(
        x: Array,
        weight: Array,
        bias: Array,
        mean: Array | None = None,
        var: Array | None = None,
        eps: float = 1e-5,
    ) -> tuple[Array, Cache]:
        shapes.channels("batch_norm", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        scale, shift, cache = _scale_and_shift(x, weight, bias, mean, var, eps)
        return channels.scale_and_shift(x, scale, shift), cache

    def backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
        """With g = weight / std:   dbias = sum(dy),   dweight = sum(dy x_hat),

        dx = g (dy - dbias / M - x_hat dweight / M); in inference, where mean and var are constants,
        dx = g dy.
        """
        sums = channels.gradient_sums(dy, cache.x, cache.mean)
        return _gradients(dy, sums, cache, out=memory.empty(dy.shape, dy.dtype))


class batch_norm_relu(Kernel):
    """y = relu(batch_norm(x, weight, bias) + shortcut), with an optional shortcut of x's shape."""

    def forward(
        x: Array,
        weight: Array,
        bias: Array,
        shortcut: Array | None = None,
        mean: Array | None = None,
        var: Array | None = None,
        eps: float = 1e-5,
    ) -> tuple[Array, Cache]:
        shapes.channels("batch_norm_relu", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        shapes.same("batch_norm_relu", x.shape, shortcut=shortcut)
        scale, shift, cache = _scale_and_shift(x, weight, bias, mean, var, eps)
        y = channels.scale_and_shift(x, scale, shift, shortcut, relu=True)
        return y, cache._replace(y=y, has_shortcut=shortcut is not None)

    def backward(dy: Array, cache: Cache) -> tuple[Array, ...]:
        """With dz = dy where y > 0, else 0: batch norm's gradients for dz; dz for the shortcut."""
        dz = memory.empty(dy.shape, dy.dtype)
        sums = channels.gradient_sums(dy, cache.x, cache.mean, cache.y, dz)
        if cache.has_shortcut:
            dx = memory.empty(dy.shape, dy.dtype)
            return *_gradients(dz, sums, cache, out=dx), dz
        return _gradients(dz, sums, cache, out=dz)


def update_running_stats(
    running_mean: Array,
    running_var: Array,
    mean: Array,
    var: Array,
    momentum: float,
    correction: float,
) -> None:
    """Move the running averages by the fraction `momentum` towards those of the batch, in place.

    ``var * correction`` is the unbiased variance.
    """
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var * correction - running_var)


def _scale_and_shift(x, weight, bias, mean, var, eps):
    """(scale, shift, cache), with which batch norm is x scale + shift in each channel."""
    if mean is None:
        count, mean, squares = _moments_of_all_shards(*channels.moments(x))
        var = squares / x.dtype.type(count)
    else:
        count, mean, var = np.inf, mean.copy(), var.copy()  # the running averages may change
    inverse_std = 1 / np.sqrt(var + eps)
    scale = weight * inverse_std
    return scale, bias - mean * scale, Cache(x, weight, mean, var, inverse_std, count)


def _gradients(dy, sums, cache, out):
    """dx, dweight and dbias, from the sums over each channel of dy and of dy (x - mean)."""
    x, weight, mean, _, inverse_std, count, *_ = cache
    total, moment = sums if count == np.inf else _sums_of_all_shards(*sums)
    gain = weight * inverse_std
    slope = gain * inverse_std * (moment * inverse_std) / count  # of dx over x
    channels.combine(dy, gain, x, slope, slope * mean - gain * total / count, out)
    return out, sums[1] * inverse_std, sums[0]


def _moments_of_all_shards(count, mean, squares):
    """Those of the whole batch, if x is a shard of one. In float64 each count is a whole number."""
    shard = shards.current()
    if shard is None:
        return count, mean, squares
    own = np.array([np.full_like(mean, count, np.float64), mean, squares])
    parts = [
        (int(counts[0]), mean_of_part.astype(mean.dtype), squares_of_part.astype(mean.dtype))
        for counts, mean_of_part, squares_of_part in shard.exchange(own)
        if counts[0] > 0
    ]
    return reduce(channels.merge, parts)


def _sums_of_all_shards(total, moment):
    """The sums of dy and dy (x - mean) over the whole batch, if x is a shard of one."""
    shard = shards.current()
    if shard is None:
        return total, moment
    all_totals, all_moments = reduce(np.add, shard.exchange(np.array([total, moment], np.float64)))
    return all_totals.astype(total.dtype), all_moments.astype(moment.dtype)
