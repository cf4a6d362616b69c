"""Shattered gradients: how alike are the gradients at nearby inputs?

In a deep plain net the gradient with respect to the input looks like white noise: the gradients at
two nearby inputs have nothing in common. In a residual net it lies between white and brown noise
(Balduzzi et al. 2017, arXiv:1702.08591).

In training, batch norm couples the images of a batch: a change of one input changes the statistics,
and with them all outputs. So ``mode="train"`` measures the derivative of the *sum* of the batch's
outputs with respect to each input. The batch is the path of inputs, as in the paper. In
``mode="eval"`` the gradient at one input does not depend on the others. But batch norm then uses
running statistics, which mean nothing in a net that was never trained.
"""

from typing import NamedTuple

import numpy as np

from .. import backend
from ..autograd.tensor import Tensor
from ..checks import integer, is_integer
from ..errors import ConfigError
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, array_of


class GradientPath(NamedTuple):
    """Gradients of the output with respect to the input, at inputs along a straight line."""

    t: Array  # (points,), from 0 at the start to 1 at the end
    gradients: Array  # (points, ...): a gradient in the input's shape for each point
    autocorrelation: Array  # (lags,): at lags of 0, 1, ... points; 1 at lag 0


class GradientCorrelation(NamedTuple):
    """How alike the gradients of a batch are."""

    mean: float  # the correlation, averaged over all pairs of different inputs
    matrix: Array  # (N, N): the correlation of each pair


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
        In "train" it is the derivative of the sum of this output over the batch; see above.

    Returns
    -------
    array (N, ...)
        In the shape of `images`, on their device.
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
    """Gradients at the inputs start + t (end - start) for t from 0 to 1, and their autocorrelation.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    start, end : Tensor or array (...)
        Two inputs, without a batch axis.
    points : int
        The number of inputs on the path, which form one batch.
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
        For fewer than two points, or a lag that is not below their number.
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

    where m is their mean. This is the usual estimate. It takes the sum of the n - lag products at a
    lag, and not their mean, so it falls to 0 as the lag approaches n. For white noise r(lag) is
    about -(n - lag) / n^2 on average, for every lag above 0.

    Parameters
    ----------
    series : array (n, ...)
    max_lag : int, optional
        By default n - 1.

    Returns
    -------
    np.ndarray of float64, shape (max_lag + 1,)
        1 at lag 0; all nan if the arrays are all the same.

    Raises
    ------
    ConfigError
        If `max_lag` is not a whole number from 0 to n - 1, or the series is empty.
    """
    if not len(series):
        raise ConfigError("autocorrelation", "series", "at least one array", "none")
    flat = np.asarray(series, np.float64).reshape(len(series), -1)
    max_lag = len(flat) - 1 if max_lag is None else max_lag
    if not is_integer(max_lag, 0, len(flat) - 1):
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
    """How alike the gradients at the images of a batch are: <g_i, g_j> / (|g_i| |g_j|) per pair.

    This is a correlation over random draws of the weights. The gradients are 0 on average over
    these draws, so no mean is subtracted.

    For one output of a fresh, wide net of ReLUs without batch norm there is a theory (Cho and Saul
    2009). The correlation starts from 1. Each hidden layer multiplies it by 1 - a / pi, where a is
    the angle between its two inputs. The angle a' between its two outputs is given by
    cos a' = (sin a + (pi - a) cos a) / pi.

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
        An image whose gradient is 0 has the correlation nan with all others. The mean is taken over
        the other pairs.

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
