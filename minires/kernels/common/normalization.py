"""Group norm: normalisation within each image, for batches too small for batch norm."""

import numpy as np

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

    def forward(x, weight, bias, num_groups, eps=1e-5):
        shapes.group_norm(x.shape, weight, bias, num_groups)
        groups = _grouped(x, num_groups)
        x_hat = groups - groups.mean(axis=(1, 3), keepdims=True)
        std = np.sqrt(np.square(x_hat).mean(axis=(1, 3), keepdims=True) + eps)
        x_hat /= std
        x_hat = x_hat.reshape(x.shape)
        return weight * x_hat + bias, (x_hat, weight, std)

    def backward(dy, cache):
        """dbias = sum(dy) and dweight = sum(dy x_hat) over each channel. With g = weight dy,

        dx = (g - mean(g) - x_hat mean(g x_hat)) / std, with means over each image and group.
        """
        x_hat, weight, std = cache
        num_groups, all_but_channels = std.shape[2], tuple(range(dy.ndim - 1))
        g, h = _grouped(weight * dy, num_groups), _grouped(x_hat, num_groups)
        mean, moment = g.mean(axis=(1, 3), keepdims=True), (g * h).mean(axis=(1, 3), keepdims=True)
        dx = (g - mean - h * moment) / std
        return dx.reshape(dy.shape), (dy * x_hat).sum(all_but_channels), dy.sum(all_but_channels)


def _grouped(x, num_groups):
    """x (N, ..., C) as (N, pixels, num_groups, C / num_groups): a group is what two axes hold."""
    return x.reshape(len(x), -1, num_groups, x.shape[-1] // num_groups)
