"""From logits to a loss: log-softmax and cross-entropy."""

import numpy as np

from ...errors import ShapeError
from .. import shapes
from ..kernel import Kernel


class log_softmax(Kernel):
    """y = x - log(sum over k of e^(x_k)), over the last axis.

    The largest x is subtracted first. In exact arithmetic this changes nothing, but it keeps e^x
    from overflowing.

    dL/dx = dL/dy - softmax(x) * (sum over k of dL/dy_k).
    """

    def forward(x):
        if x.ndim < 1 or x.shape[-1] == 0:
            raise ShapeError("log_softmax", "no classes", "shape (..., K) with K > 0",
                             f"shape {x.shape}")
        shifted = x - x.max(axis=-1, keepdims=True)
        y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return y, y

    def backward(dy, y):
        return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


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
        target = np.full_like(log_p, label_smoothing / classes)
        target[np.arange(n), labels] += 1 - label_smoothing
        terms = np.zeros_like(log_p)               # a class with target 0 costs nothing
        np.multiply(target, log_p, out=terms, where=target > 0)
        loss = -terms.sum() / n
        return np.asarray(loss, dtype=logits.dtype), (log_p, target)

    def backward(dy, cache):
        log_p, target = cache
        return (np.exp(log_p) - target) * (dy / len(log_p))
