"""Losses and softmax: softmax, its logarithm, cross-entropy, mean squared error."""

from typing import Any

import numpy as np

from ... import backend
from ...types import Array, ArrayLike
from .. import shapes
from ..kernel import Kernel


class softmax(Kernel):
    """y_k = e^(x_k) / (sum over j of e^(x_j)), over the last axis: positive, with the sum 1.

    The largest x is subtracted first: it changes nothing in exact arithmetic and keeps e^x from
    overflowing. dL/dx_j = y_j (dL/dy_j - sum over k of dL/dy_k y_k).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        shapes.classes("softmax", x.shape)
        y = np.exp(x - x.max(axis=-1, keepdims=True))
        y /= y.sum(axis=-1, keepdims=True)
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


class log_softmax(Kernel):
    """y = x - log(sum over k of e^(x_k)), over the last axis.

    The largest x is subtracted first. In exact arithmetic this changes nothing, but it keeps e^x
    from overflowing.

    dL/dx = dL/dy - softmax(x) * (sum over k of dL/dy_k).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        shapes.classes("log_softmax", x.shape)
        shifted = x - x.max(axis=-1, keepdims=True)
        y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


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
        target = np.full_like(log_p, label_smoothing / classes)
        target[np.arange(n), labels] += 1 - label_smoothing
        total, row_sums = n, None
        weight = shapes.class_weights(weight, classes, logits.dtype)
        if weight is not None:
            target *= weight
            total, row_sums = weight[labels].sum(), target.sum(axis=1, keepdims=True)
        terms = np.zeros_like(log_p)  # a class with target 0 costs nothing
        np.multiply(target, log_p, out=terms, where=target > 0)
        loss = -terms.sum() / total
        return np.asarray(loss, dtype=logits.dtype), (log_p, target, total, row_sums)

    def backward(dy: Array, cache: Any) -> Array:
        log_p, target, total, row_sums = cache
        p = np.exp(log_p)
        if row_sums is not None:
            p *= row_sums
        return (p - target) * (dy / total)


class mse_loss(Kernel):
    """loss = mean over all n elements of (x - target)^2, with x and target of one shape.

    dL/dx = 2 (x - target) / n,  dL/dtarget = -dL/dx.
    """

    def forward(x: Array, target: Array) -> tuple[Array, Array]:
        shapes.mse_loss(x.shape, target.shape)
        difference = x - target
        return backend.as_array(np.square(difference).mean()), difference

    def backward(dy: Array, difference: Array) -> tuple[Array, Array]:
        dx = difference * (dy * (2 / difference.size))
        return dx, -dx
