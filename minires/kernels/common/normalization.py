"""Group norm: normalisation within each image, for batches too small for batch norm."""

from typing import Any

import numpy as np

from ...types import Array
from .. import shapes
from ..kernel import Kernel


class group_norm(Kernel):
    """Normalise groups of neighbouring channels of each image of x (N, ..., C) on its own, then
    scale each channel by weight (C,) and shift it by bias (C,).

    Per image and group of C / num_groups channels, over its M values (Wu and He 2018,
    arXiv:1803.08494, equations 1 to 6):

        mean = sum(x) / M        var = sum((x - mean)^2) / M
        y = weight x_hat + bias       with x_hat = (x - mean) / sqrt(var + eps)
    """

    def forward(
        x: Array, weight: Array, bias: Array, num_groups: int, eps: float = 1e-5
    ) -> tuple[Array, Any]:
        shapes.group_norm(x.shape, weight, bias, num_groups)
        rows = _rows(x)
        x_hat = rows - _mean(rows, num_groups)
        std = np.sqrt(_mean(x_hat * x_hat, num_groups) + eps)
        x_hat /= std
        y = x_hat * weight
        y += bias
        return y.reshape(x.shape), (x_hat, weight, std, num_groups)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
        """dbias = sum(dy) and dweight = sum(dy x_hat) over each channel. With g = weight dy,

        dx = (g - mean(g) - x_hat mean(g x_hat)) / std, with means over each image and group.
        """
        x_hat, weight, std, num_groups = cache
        rows = _rows(dy)
        g, moments = rows * weight, rows * x_hat
        dweight, dbias = _sum_per_channel(moments), _sum_per_channel(rows)
        moments *= weight
        dx = x_hat * -_mean(moments, num_groups)
        dx += g
        dx -= _mean(g, num_groups)
        dx /= std
        return dx.reshape(dy.shape), dweight, dbias


def _rows(x):
    """x (N, ..., C) as (N, pixels, C)."""
    return x.reshape(len(x), -1, x.shape[-1])


def _mean(rows, num_groups):
    """The mean of each group of each image, repeated for all of its channels: (N, 1, C).

    Sums over an image are kept in float64: NumPy adds pixels one after another, and in float32
    those of a large image would lose digits.
    """
    images, pixels, channels = rows.shape
    sums = rows.sum(axis=1, dtype=np.float64).reshape(images, num_groups, -1)
    mean = sums.sum(axis=2, keepdims=True) / (pixels * channels // num_groups)
    return np.broadcast_to(mean, sums.shape).reshape(images, 1, channels).astype(rows.dtype)


def _sum_per_channel(rows):
    """(C,), over all images and pixels."""
    return rows.sum(axis=(0, 1), dtype=np.float64).astype(rows.dtype)
