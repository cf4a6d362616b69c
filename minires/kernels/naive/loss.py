"""From logits to a loss, one row and one class at a time."""

import math

import numpy as np

from ...errors import ShapeError
from .. import shapes
from ..kernel import Kernel


class log_softmax(Kernel):
    """y_k = x_k - log(sum over j of e^(x_j)), over the last axis.

    The largest x is subtracted first. In exact arithmetic this changes nothing, but it keeps e^x
    from overflowing.

    dy_k/dx_j = (1 if j = k else 0) - softmax(x)_j.
    """

    def forward(x):
        if x.ndim < 1 or x.shape[-1] == 0:
            raise ShapeError("log_softmax", "no classes", "shape (..., K) with K > 0",
                             f"shape {x.shape}")
        y = np.empty_like(x)
        for row in np.ndindex(x.shape[:-1]):
            largest = max(x[row])
            log_sum = math.log(sum(math.exp(value - largest) for value in x[row]))
            for k in range(x.shape[-1]):
                y[row + (k,)] = (x[row + (k,)] - largest) - log_sum
        return y, y

    def backward(dy, y):
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

    dL/dlogits = (softmax(logits) - t) / N.
    """

    def forward(logits, labels, label_smoothing=0.0):
        labels = np.asarray(labels)
        shapes.cross_entropy(logits.shape, labels, label_smoothing)
        n, classes = logits.shape
        log_p, _ = log_softmax.forward(logits)
        target = np.empty_like(log_p)
        loss = 0.0
        for i, k in np.ndindex(n, classes):
            at_label = 1 - label_smoothing if k == labels[i] else 0
            target[i, k] = label_smoothing / classes + at_label
            if target[i, k] > 0:                           # a class with target 0 costs nothing
                loss -= target[i, k] * log_p[i, k] / n
        return np.asarray(loss, dtype=logits.dtype), (log_p, target)

    def backward(dy, cache):
        log_p, target = cache
        dlogits = np.empty_like(log_p)
        for i, k in np.ndindex(log_p.shape):
            dlogits[i, k] = dy * (math.exp(log_p[i, k]) - target[i, k]) / len(log_p)
        return dlogits
