"""Batch norm over the last axis, alone and with the addition and ReLU that follow it.

Per channel, over the M = N H W values of the batch (Ioffe and Szegedy 2015, arXiv:1502.03167,
algorithm 1):

    mean = sum(x) / M        var = sum((x - mean)^2) / M
    y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)

As kernels of their own, addition and ReLU would each read and write the whole batch once more, and
memory is the bottleneck here. So batch_norm_relu does them in the same passes.
"""

from typing import NamedTuple

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel
from . import channels, memory


class Cache(NamedTuple):
    """The arrays that backward needs. `mean` and `var` (C,) also go into the running averages."""

    x: Array
    weight: Array
    mean: Array
    var: Array
    inverse_std: Array
    from_batch: bool
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
    from_batch = mean is None
    if from_batch:
        mean, var = channels.moments(x)
    else:
        mean, var = mean.copy(), var.copy()  # running averages may change before backward
    inverse_std = 1 / np.sqrt(var + eps)
    scale = weight * inverse_std
    return scale, bias - mean * scale, Cache(x, weight, mean, var, inverse_std, from_batch)


def _gradients(dy, sums, cache, out):
    """dx, dweight and dbias, from the sums over each channel of dy and of dy (x - mean)."""
    x, weight, mean, _, inverse_std, from_batch, *_ = cache
    dbias, dweight = sums
    dweight *= inverse_std
    gain = weight * inverse_std
    count = x.size // x.shape[-1] if from_batch else np.inf  # inf: mean and var are constants
    slope = gain * inverse_std * dweight / count  # of dx over x
    channels.combine(dy, gain, x, slope, slope * mean - gain * dbias / count, out)
    return out, dweight, dbias
