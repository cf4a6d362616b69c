"""From outputs to a loss, one number at a time: softmax, cross-entropy, mean squared error."""

import math
from typing import Any

import numpy as np

from ...types import Array, ArrayLike
from .. import shapes
from ..kernel import Kernel


class softmax(Kernel):
    """y_k = e^(x_k) / (sum over j of e^(x_j)), over the last axis: positive, with the sum 1.

    The largest x is subtracted first: it changes nothing in exact arithmetic and keeps e^x from
    overflowing. dy_k/dx_j = y_k ((1 if j = k else 0) - y_j).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        shapes.classes("softmax", x.shape)
        y = np.empty_like(x)
        for row in np.ndindex(x.shape[:-1]):
            largest = max(x[row])
            total = sum(math.exp(value - largest) for value in x[row])
            for k in range(x.shape[-1]):
                y[row + (k,)] = math.exp(x[row + (k,)] - largest) / total
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        dx = np.zeros_like(y)
        for row in np.ndindex(y.shape[:-1]):
            for j in range(y.shape[-1]):
                for k in range(y.shape[-1]):
                    dx[row + (j,)] += dy[row + (k,)] * y[row + (k,)] * ((j == k) - y[row + (j,)])
        return dx


class log_softmax(Kernel):
    """y_k = x_k - log(sum over j of e^(x_j)), over the last axis.

    The largest x is subtracted first. In exact arithmetic this changes nothing, but it keeps e^x
    from overflowing.

    dy_k/dx_j = (1 if j = k else 0) - softmax(x)_j.
    """

    def forward(x: Array) -> tuple[Array, Array]:
        shapes.classes("log_softmax", x.shape)
        y = np.empty_like(x)
        for row in np.ndindex(x.shape[:-1]):
            largest = max(x[row])
            log_sum = math.log(sum(math.exp(value - largest) for value in x[row]))
            for k in range(x.shape[-1]):
                y[row + (k,)] = (x[row + (k,)] - largest) - log_sum
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        dx = np.zeros_like(y)
        for row in np.ndindex(y.shape[:-1]):
            for j in range(y.shape[-1]):
                for k in range(y.shape[-1]):
                    dx[row + (j,)] += dy[row + (k,)] * ((j == k) - math.exp(y[row + (j,)]))
        return dx


class cross_entropy(Kernel):
    """loss = mean over the batch of -sum over k of t_k log softmax(logits)_k.

    logits (N, K); labels (N,) integers. The target t is 1 - s + s/K at the label and s/K elsewhere,
    where s is the label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7).

    With a `weight` (K,) for each class t_k is multiplied by that of class k, and the mean is a
    weighted one: the sum is divided by the sum over the batch of the labels' weights, not by N.

    dL/dlogits_k = (T softmax(logits)_k - t_k) / N, where T is the sum of the row's targets: 1
    without weights.
    """

    def forward(
        logits: Array, labels: ArrayLike, label_smoothing: float = 0.0, weight: Any = None
    ) -> tuple[Array, Any]:
        labels = np.asarray(labels)
        label_smoothing = shapes.cross_entropy(logits.shape, labels, label_smoothing)
        n, classes = logits.shape
        log_p, _ = log_softmax.forward(logits)
        weight = shapes.class_weights(weight, classes, logits.dtype)
        if weight is None:
            weight = np.ones(classes, logits.dtype)
        total = sum(weight[label] for label in labels)
        target = np.empty_like(log_p)
        loss = 0.0
        for i, k in np.ndindex(n, classes):
            at_label = 1 - label_smoothing if k == labels[i] else 0
            target[i, k] = weight[k] * (label_smoothing / classes + at_label)
            if target[i, k] > 0:  # a class with target 0 costs nothing
                loss -= target[i, k] * log_p[i, k] / total
        return np.asarray(loss, dtype=logits.dtype), (log_p, target, total)

    def backward(dy: Array, cache: Any) -> Array:
        log_p, target, total = cache
        dlogits = np.empty_like(log_p)
        for i, k in np.ndindex(log_p.shape):
            share = math.exp(log_p[i, k]) * sum(target[i])
            dlogits[i, k] = dy * (share - target[i, k]) / total
        return dlogits


class mse_loss(Kernel):
    """loss = mean over all n elements of (x - target)^2, with x and target of one shape.

    dL/dx = 2 (x - target) / n,  dL/dtarget = -dL/dx.
    """

    def forward(x: Array, target: Array) -> tuple[Array, tuple[Array, Array]]:
        shapes.mse_loss(x.shape, target.shape)
        loss = 0.0
        for i in np.ndindex(x.shape):
            loss += (x[i] - target[i]) ** 2 / x.size
        return np.asarray(loss, dtype=x.dtype), (x, target)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array]:
        x, target = cache
        dx = np.empty_like(x)
        for i in np.ndindex(x.shape):
            dx[i] = dy * 2 * (x[i] - target[i]) / x.size
        return dx, -dx
