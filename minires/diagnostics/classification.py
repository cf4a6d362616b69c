"""How well a net tells classes apart: top-1 and top-5 error, and the confusion matrix."""

from typing import NamedTuple

import numpy as np

from .. import backend
from .. import functional as F
from ..autograd import Tensor, no_grad
from ..checks import integer
from ..errors import ConfigError
from ..kernels import shapes
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Array, Mode
from .evaluation import check_batches
from .parts import Batches, array_of


class Classified(NamedTuple):
    """The logits that a net gives for each image of a set, and the right classes."""

    logits: Array  # float, shape (N, K)
    labels: Array  # int, shape (N,)


def classify(
    model: Module, batches: Batches, mode: Mode = "eval", flip: bool = False
) -> Classified:
    """Compute the logits of `model` for all images, as NumPy arrays. The net stays as it is.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits (N, K).
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`. It is gone through once.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's own statistics.
    flip : bool
        Classify each image twice, as it is and mirrored left to right, and take the mean of the two
        probabilities of each class. The logits are then the logarithms of these means.

    Returns
    -------
    Classified

    Raises
    ------
    ConfigError
        If `batches` is an iterator, such as the endless `data.train_loader`, a single pair outside
        of a list, or holds no images; or for an unknown mode.
    DataError
        For a label that is not one of the net's classes.
    ShapeError, DtypeError
        If a batch has not one whole number for each image as its labels.
    """
    check_batches(batches, "classify")
    logits, labels = [], []
    with preserve_state(model, mode), no_grad():
        for images, right in batches:
            logits.append(_logits(model, array_of(images), flip))
            labels.append(np.asarray(right))
            shapes.class_labels("classify", logits[-1].shape, labels[-1])
    if not logits:
        raise ConfigError("classify", "batches", "at least one image", "none")
    return Classified(np.concatenate(logits), np.concatenate(labels))


def _logits(model, images, flip):
    """The logits for images (N, H, W, C), on the CPU."""
    if not flip:
        return backend.move(model(Tensor(images)).data, "cpu")
    mirrored = images[:, :, ::-1].copy()
    first, second = (
        backend.move(F.log_softmax(model(Tensor(view))).data, "cpu") for view in (images, mirrored)
    )
    return np.logaddexp(first, second) - np.log(first.dtype.type(2))


def top_error(classified: Classified, k: int = 1) -> float:
    """The percentage of images whose right class is not among the `k` largest logits.

    With k = 1 and 5 these are the top-1 and top-5 error of He et al. 2015. Among equal logits the
    right one counts as the last. So a net that gives all classes the same logit is always wrong,
    for any k below their number.

    Raises
    ------
    ConfigError
        If `k` is not a whole number from 1 to the number of classes.
    """
    logits, labels = classified
    k = integer(
        "top_error",
        "k",
        k,
        most=logits.shape[1],
        todo=f"the net tells {logits.shape[1]} classes apart",
    )
    right = logits[np.arange(len(labels)), labels]
    # Minus 1 for the right logit itself. A nan is not below anything, so it counts as larger.
    before = (~(logits < right[:, None])).sum(axis=1) - 1
    return 100 * float((before >= k).mean())


def confusion_matrix(classified: Classified) -> Array:
    """How many images of each class the net assigned to each class.

    The matrix (K, K) of int has a row for each right class, and a column for each class predicted.
    """
    logits, labels = classified
    matrix = np.zeros((logits.shape[1],) * 2, np.int64)
    np.add.at(matrix, (labels, logits.argmax(axis=1)), 1)
    return matrix
