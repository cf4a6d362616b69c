"""Batch norm in plain NumPy, and the arrays that the checks try."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....types import Array
from ...trial import Trial

SHAPES = ((3, 4, 5, 2), (7, 3))  # a batch of images, and one of the outputs of a linear layer
EPS = 0.1  # not the default, and large enough to show where it is added


def batch_axes(x: Array) -> tuple[int, ...]:
    """All axes but the last, that of the channels."""
    return tuple(range(x.ndim - 1))


def moments_of(x: Array, axes: tuple[int, ...] | None = None) -> tuple[Array, Array]:
    """Mean and biased variance over `axes` (default: all but the channels), which keep length 1."""
    axes = batch_axes(x) if axes is None else axes
    mean = x.sum(axis=axes, keepdims=True) / math.prod(x.shape[i] for i in axes)
    return mean, ((x - mean) ** 2).sum(axis=axes, keepdims=True) / math.prod(
        x.shape[i] for i in axes
    )


def normalised_by(x: Any, weight: Any, bias: Any, mean: Any, var: Any, eps: float) -> Array:
    """The formula of batch norm, with the given mean and variance: an array like x."""
    return weight * (x - mean) / np.sqrt(var + eps) + bias


def draw_arrays(
    trial: Trial, shape: Sequence[int], dtype: Any = np.float64
) -> tuple[Array, Array, Array]:
    """Draw x of `shape`, whose channels differ in mean and spread, and weight and bias (C,)."""
    channels = np.arange(1, shape[-1] + 1)
    x = trial.normal(*shape) * channels * 0.5 + 3 - 2 * channels
    weight, bias = trial.rng.uniform(0.5, 2, shape[-1]), trial.normal(shape[-1])
    return x.astype(dtype), weight.astype(dtype), bias.astype(dtype)
