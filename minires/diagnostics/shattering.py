"""Shattered gradients: how alike are the gradients of nearby inputs? Balduzzi et al. 2017
(arXiv:1702.08591).

In a deep plain net the gradient with respect to the input looks like white noise: at two nearby
inputs it has nothing in common. In a residual net it stays somewhere between white and brown noise.

Batch norm in training couples a batch: moving one input moves the statistics, and so the outputs of
all. What is measured then (``mode="train"``) is the derivative of the *sum* of the batch's outputs
by each input, the path of inputs being the batch, as in the paper. In ``mode="eval"`` each input is
on its own, and its gradient does not depend on the others; but batch norm then uses the running
statistics, which a net that was never trained does not have.
"""

from typing import NamedTuple

import numpy as np

from .. import backend
from ..autograd.tensor import Tensor
from ..checks import integer
from ..errors import ConfigError
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, array_of


class GradientPath(NamedTuple):
    """Gradients of the output with respect to the input along a straight path of inputs."""

    t: Array  # (points,), from 0 at the start to 1 at the end
    gradients: Array  # (points, ...): of the input's shape, one for each point
    autocorrelation: Array  # (lags,): by lag in points, from 0, where it is 1


class GradientCorrelation(NamedTuple):
    """How alike the gradients of a batch are."""

    mean: float  # correlation, averaged over all pairs of different inputs
    matrix: Array  # (N, N), of each pair


def input_gradients(model: Module, images: Images, output: int = 0, mode: Mode = "eval") -> Array:
    """The gradient of one output with respect to every input of a batch.

    Parameters
    ----------
    model : nn.Module
        Maps (N, ...) to (N, K). Stays as it is.
    images : Tensor or array (N, ...)
    output : int
        Which of the K outputs.
    mode : {"train", "eval"}
        In "train" the derivative of the sum of this output over the batch; see above.

    Returns
    -------
    array (N, ...)
        Of the shape of `images`, on their device.
    """
    with preserve_state(model, mode):
        x = Tensor(array_of(images), requires_grad=True)
        model(x)[:, output].sum().backward()
        return np.zeros_like(x.data) if x.grad is None else x.grad


def gradient_path(
    model: Module,
    start: Images,
    end: Images,
    points: int = 128,
    max_lag: int | None = None,
    output: int = 0,
    mode: Mode = "train",
) -> GradientPath:
    """The gradients at start + t (end - start) for t from 0 to 1, and how they correlate by
    distance.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    start, end : Tensor or array (...)
        Two inputs, without a batch axis.
    points : int
        Inputs on the path; they are one batch.
    max_lag : int, optional
        The largest lag of the autocorrelation, by default `points` - 1.
    output, mode
        As for `input_gradients`.

    Returns
    -------
    GradientPath

    Raises
    ------
    ConfigError
        For fewer than two points, or a lag beyond them.
    """
    points = integer("gradient_path", "points", points, least=2)
    start, end = array_of(start), array_of(end)
    t = np.linspace(0, 1, points)
    along = backend.move(
        t.astype(start.dtype).reshape(-1, *[1] * start.ndim), backend.device_of(start)
    )
    gradients = backend.move(
        input_gradients(model, start + along * (end - start), output, mode), "cpu"
    )
    return GradientPath(t, gradients, autocorrelation(gradients, max_lag))


def autocorrelation(series: Array, max_lag: int | None = None) -> Array:
    """The autocorrelation of a series of arrays g_0 ... g_{n-1}, by lag.

        r(lag) = sum over t of <g_t - m, g_{t + lag} - m> / sum over t of |g_t - m|^2

    with m their mean.

    This is the usual estimate: of the n - lag products that there are at a lag it takes the sum,
    not the mean, so it falls to 0 as the lag nears n. White noise has r(lag) = -1 / n on average
    for every lag above 0.

    Parameters
    ----------
    series : array (n, ...)
    max_lag : int, optional
        By default n - 1.

    Returns
    -------
    np.ndarray of float64, shape (max_lag + 1,)
        From 1 at lag 0; nan if all are alike.

    Raises
    ------
    ConfigError
        For a lag outside 0 to n - 1.
    """
    flat = np.asarray(series, np.float64).reshape(len(series), -1)
    max_lag = len(flat) - 1 if max_lag is None else max_lag
    if not 0 <= max_lag < len(flat):
        raise ConfigError("autocorrelation", "max_lag", f"0 to {len(flat) - 1}", repr(max_lag))
    flat = flat - flat.mean(axis=0)
    products = flat @ flat.T
    with np.errstate(invalid="ignore"):
        return np.array([np.trace(products, lag) for lag in range(max_lag + 1)]) / np.trace(
            products
        )


def gradient_correlation(
    model: Module, images: Images, output: int = 0, mode: Mode = "train"
) -> GradientCorrelation:
    """How alike the gradients of the images of a batch are: <g_i, g_j> / (|g_i| |g_j|) for each
    pair.

    This is a correlation over the draw of the weights, under which gradients are 0 on average; for
    that reason no mean is subtracted. Theory, for one output of a fresh and wide net of ReLUs
    without batch norm whose inputs are at an angle a_0 (Cho & Saul 2009): each hidden layer
    multiplies the correlation of gradients by 1 - a / pi, with a the angle of its inputs to each
    other, and cos a' = (sin a + (pi - a) cos a) / pi is that of its outputs. The correlation with
    respect to the input starts from 1.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    images : Tensor or array (N, ...)
        At least two.
    output, mode
        As for `input_gradients`.

    Returns
    -------
    GradientCorrelation
        nan for an image whose gradient is 0; the mean is over the pairs that have a correlation.

    Raises
    ------
    ConfigError
        For fewer than two images.
    """
    if len(images) < 2:
        raise ConfigError("gradient_correlation", "images", "at least two", str(len(images)))
    gradients = backend.move(input_gradients(model, images, output, mode), "cpu")
    flat = gradients.reshape(len(gradients), -1).astype(np.float64)
    with np.errstate(invalid="ignore"):
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    matrix = flat @ flat.T
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    pairs = pairs[np.isfinite(pairs)]
    return GradientCorrelation(float(pairs.mean()) if pairs.size else np.nan, matrix)
