"""Batch norm, one channel at a time, alone and with the addition and ReLU after it; group norm."""

from typing import Any, NamedTuple

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel
from .activation import relu


class Cache(NamedTuple):
    """The arrays that backward needs. `mean` and `var` (C,) also go into the running averages."""

    x_hat: Array
    weight: Array
    mean: Array
    var: Array
    std: Array
    from_batch: bool


class batch_norm(Kernel):
    """Normalise each channel of x (..., C), then scale by weight (C,) and shift by bias (C,).

    Per channel, over its M values (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1):

        mean = sum(x) / M        var = sum((x - mean)^2) / M
        y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)

    With ``mean=None`` and ``var=None`` the batch's own statistics are used (training), otherwise
    the given ones (inference).
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
        from_batch = mean is None
        y, x_hat = np.empty_like(x), np.empty_like(x)
        used_mean, used_var, std = (np.empty_like(weight) for _ in range(3))
        for c in range(x.shape[-1]):
            values = x[..., c]
            count = values.size
            if from_batch:
                used_mean[c] = sum(values.flat) / count
                used_var[c] = sum((value - used_mean[c]) ** 2 for value in values.flat) / count
            else:
                assert mean is not None and var is not None  # both are given, or neither
                used_mean[c], used_var[c] = mean[c], var[c]
            std[c] = np.sqrt(used_var[c] + eps)
            x_hat[..., c] = (values - used_mean[c]) / std[c]
            y[..., c] = weight[c] * x_hat[..., c] + bias[c]
        return y, Cache(x_hat, weight, used_mean, used_var, std, from_batch)

    def backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
        """dbias = sum(dy),   dweight = sum(dy x_hat),

        dx = weight / std (dy - dbias / M - x_hat dweight / M).

        The last two terms are there because x also moves the batch's mean and variance. In
        inference these are constants: dx = weight / std dy.
        """
        x_hat, weight, _, _, std, from_batch = cache
        dx, dweight, dbias = np.empty_like(dy), np.empty_like(weight), np.empty_like(weight)
        for c in range(dy.shape[-1]):
            count = dy[..., c].size
            dbias[c] = sum(dy[..., c].flat)
            dweight[c] = sum((dy[..., c] * x_hat[..., c]).flat)
            dx[..., c] = weight[c] / std[c] * dy[..., c]
            if from_batch:
                dx[..., c] -= weight[c] / std[c] * (dbias[c] + x_hat[..., c] * dweight[c]) / count
        return dx, dweight, dbias


class batch_norm_relu(Kernel):
    """y = relu(batch_norm(x, weight, bias) + shortcut), with an optional shortcut of x's shape.

    Every layer of a residual net ends like this. Faster backends do it all in one pass.
    """

    def forward(
        x: Array,
        weight: Array,
        bias: Array,
        shortcut: Array | None = None,
        mean: Array | None = None,
        var: Array | None = None,
        eps: float = 1e-5,
    ) -> tuple[Array, "ReluCache"]:
        shapes.channels("batch_norm_relu", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        shapes.same("batch_norm_relu", x.shape, shortcut=shortcut)
        z, norm_cache = batch_norm.forward(x, weight, bias, mean, var, eps)
        y, relu_cache = relu.forward(z if shortcut is None else z + shortcut)
        return y, ReluCache(norm_cache, relu_cache, shortcut is not None)

    def backward(dy: Array, cache: "ReluCache") -> tuple[Array, ...]:
        """Back through the ReLU; the addition then passes dz on to both its terms."""
        dz = relu.backward(dy, cache.relu)
        gradients = batch_norm.backward(dz, cache.norm)
        return (*gradients, dz) if cache.has_shortcut else gradients


class ReluCache:
    """The caches of both kernels. `mean` and `var` (C,) also go into the running averages."""

    def __init__(self, norm: Cache, relu: Array, has_shortcut: bool) -> None:
        self.norm, self.relu, self.has_shortcut = norm, relu, has_shortcut
        self.mean, self.var = norm.mean, norm.var


class group_norm(Kernel):
    """Normalise groups of neighbouring channels of each image of x (N, ..., C) on its own, then
    scale each channel by weight (C,) and shift it by bias (C,).

    Per image and group of C / num_groups channels, over its M values (Wu and He 2018,
    arXiv:1803.08494, equations 1 to 6):

        mean = sum(x) / M        var = sum((x - mean)^2) / M
        y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)

    As no image sees another one, training and inference compute the same.
    """

    def forward(
        x: Array, weight: Array, bias: Array, num_groups: int, eps: float = 1e-5
    ) -> tuple[Array, Any]:
        shapes.group_norm(x.shape, weight, bias, num_groups)
        y, x_hat = np.empty_like(x), np.empty_like(x)
        std = np.empty((len(x), num_groups), x.dtype)
        for n, group, channels in _groups(x.shape, num_groups):
            values = x[n, ..., channels]
            mean = sum(values.flat) / values.size
            var = sum((value - mean) ** 2 for value in values.flat) / values.size
            std[n, group] = np.sqrt(var + eps)
            x_hat[n, ..., channels] = (values - mean) / std[n, group]
        for c in range(x.shape[-1]):
            y[..., c] = weight[c] * x_hat[..., c] + bias[c]
        return y, (x_hat, weight, std)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
        """dbias = sum(dy) and dweight = sum(dy x_hat) over each channel. With g = weight dy,

        dx = (g - sum(g) / M - x_hat sum(g x_hat) / M) / std, with sums over each image and group.
        """
        x_hat, weight, std = cache
        dx, dweight, dbias = np.empty_like(dy), np.empty_like(weight), np.empty_like(weight)
        for c in range(dy.shape[-1]):
            dbias[c] = sum(dy[..., c].flat)
            dweight[c] = sum((dy[..., c] * x_hat[..., c]).flat)
            dx[..., c] = weight[c] * dy[..., c]
        for n, group, channels in _groups(dy.shape, std.shape[1]):
            g, h = dx[n, ..., channels], x_hat[n, ..., channels]
            mean, moment = sum(g.flat) / g.size, sum((g * h).flat) / g.size
            dx[n, ..., channels] = (g - mean - h * moment) / std[n, group]
        return dx, dweight, dbias


def _groups(shape, num_groups):
    """(image, group, slice of its channels) for every group of every image."""
    size = shape[-1] // num_groups
    for n, group in np.ndindex(shape[0], num_groups):
        yield n, group, slice(group * size, (group + 1) * size)
