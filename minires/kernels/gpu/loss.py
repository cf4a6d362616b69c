"""Log-softmax and cross-entropy in CUDA: from logits to a loss."""

from typing import Any

import numpy as np

from ... import backend
from ...types import Array, ArrayLike
from .. import common, shapes
from .launch import THREADS, contiguous, empty, launch, one_thread_each


class log_softmax(common.log_softmax):
    """y = x - log(sum over k of e^(x_k)), over the last axis.

    dL/dx = dL/dy - softmax(x) * (sum over k of dL/dy_k).
    """

    def forward(x: Array) -> tuple[Array, Array]:
        shapes.classes("log_softmax", x.shape)
        y = empty(x.shape, x.dtype)
        launch(
            "loss",
            "log_softmax",
            x.dtype,
            *_one_block_per_row(x.shape),
            contiguous(x),
            y,
            x.shape[-1],
        )
        return y, y

    def backward(dy: Array, y: Array) -> Array:
        dx = empty(y.shape, y.dtype)
        launch(
            "loss",
            "log_softmax_backward",
            y.dtype,
            *_one_block_per_row(y.shape),
            contiguous(dy),
            y,
            dx,
            y.shape[-1],
        )
        return dx


class cross_entropy(common.cross_entropy):
    """loss = mean over the batch of -sum over k of t_k log softmax(logits)_k.

    logits (N, K) are on the GPU; labels (N,) are integers, which should be on the CPU, because they
    are checked there. The target t is 1 - s + s/K at the label and s/K elsewhere, where s is the
    label smoothing. With a `weight` for each class, t_k is multiplied by the weight of class k, and
    the sum is divided by the sum of the labels' weights instead of N. With T the sum of a row's
    targets, dL/dlogits_k = (T softmax(logits)_k - t_k) / N.
    """

    def forward(
        logits: Array, labels: ArrayLike, label_smoothing: float = 0.0, weight: Any = None
    ) -> tuple[Array, Any]:
        labels = np.asarray(backend.move(backend.as_array(labels), "cpu"))
        label_smoothing = shapes.cross_entropy(logits.shape, labels, label_smoothing)
        n, classes = logits.shape
        weight = shapes.class_weights(weight, classes, logits.dtype)
        total = n if weight is None else float(weight[labels].sum())
        all_weights = 0.0 if weight is None else float(weight.sum())
        labels = backend.move(labels.astype(np.int64), "gpu")
        # Without weights the kernels do not read the array, so one number in it is enough.
        weight = backend.move(np.ones(1, logits.dtype) if weight is None else weight, "gpu")
        log_p, losses = empty(logits.shape, logits.dtype), empty(n, logits.dtype)
        launch(
            "loss",
            "cross_entropy",
            logits.dtype,
            *_one_block_per_row(logits.shape),
            contiguous(logits),
            labels,
            log_p,
            losses,
            classes,
            float(label_smoothing),
            weight,
            all_weights,
        )
        loss = losses.mean() if all_weights == 0 else losses.sum() / total
        return loss, (log_p, labels, label_smoothing, weight, all_weights, total)

    def backward(dy: Array, cache: Any) -> Array:
        log_p, labels, label_smoothing, weight, all_weights, total = cache
        n, classes = log_p.shape
        dlogits = empty(log_p.shape, log_p.dtype)
        launch(
            "loss",
            "cross_entropy_backward",
            log_p.dtype,
            *one_thread_each(log_p.size),
            log_p,
            labels,
            contiguous(dy),
            dlogits,
            log_p.size,
            float(total),
            classes,
            float(label_smoothing),
            weight,
            all_weights,
        )
        return dlogits


def _one_block_per_row(shape):
    """(grid, block) for one block per row. Its number of threads is a power of two."""
    rows = 1
    for size in shape[:-1]:
        rows *= size
    return rows, min(THREADS, 1 << (shape[-1] - 1).bit_length())
