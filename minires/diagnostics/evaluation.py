"""The loss and the error of a net on a data set."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .. import backend
from .. import functional as F
from ..autograd import Tensor, no_grad
from ..errors import ConfigError
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Mode
from .parts import Batches, Loss, array_of


class Evaluation(NamedTuple):
    """How well a net does on a data set."""

    loss: float  # mean over the images; cross-entropy in nats
    error: float  # percentage of images whose largest logit is not that of the label


def evaluate(
    model: Module, batches: Batches, mode: Mode = "eval", loss: Loss = F.cross_entropy
) -> Evaluation:
    """Compute the loss and error of `model` on a data set. The net stays as it is.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, C) to logits (N, K).
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`; a single batch is a list of one pair. Images are on the
        device of the model. It is gone through once.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's own statistics; the running ones are restored
        afterwards.
    loss : callable
        Takes logits and labels, returns the mean over the batch.

    Returns
    -------
    Evaluation

    Raises
    ------
    ConfigError
        If `batches` is an iterator, such as the endless `data.train_loader`, a single pair outside
        of a list, or holds no images; or for an unknown mode.
    """
    check_batches(batches, "evaluate")
    total, wrong, images_seen = 0.0, 0, 0
    # A net whose weights are far from the trained ones may overflow. The inf or nan in the result
    # says so; NumPy need not warn.
    with preserve_state(model, mode), no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for images, labels in batches:
            logits = model(Tensor(array_of(images)))
            total += loss(logits, labels).item() * len(labels)
            wrong += int(
                (backend.move(logits.data.argmax(axis=1), "cpu") != np.asarray(labels)).sum()
            )
            images_seen += len(labels)
    if not images_seen:
        raise ConfigError("evaluate", "batches", "at least one image", "none")
    return Evaluation(total / images_seen, 100 * wrong / images_seen)


def check_batches(batches: Batches, where: str) -> None:
    """Raise ConfigError unless these are batches that can be used more than once.

    An iterator can be used only once, and may never end. A pair (images, labels) is one batch, and
    belongs in a list.
    """
    expected = "a list of (images, labels), or an eval loader"
    parts = batches if isinstance(batches, (list, tuple)) else [batches]
    if any(isinstance(part, Tensor) or backend.is_array(part) for part in parts):
        got = f"a {type(batches).__name__} of arrays" if parts is batches else "an array"
        todo = "put the pair of images and labels into a list: [(images, labels)]"
    elif not isinstance(batches, Iterable):
        got, todo = type(batches).__name__, "data.eval_loader makes batches from a data set"
    elif iter(batches) is batches:
        got = type(batches).__name__
        todo = "an iterator can be used up only once, and may be endless"
    else:
        return
    raise ConfigError(where, "batches", expected, got, todo)
