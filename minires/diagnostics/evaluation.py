"""Loss and error of a net on a data set."""

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
    error: float  # images whose largest logit is not that of the label, in percent


def evaluate(
    model: Module, batches: Batches, mode: Mode = "eval", loss: Loss = F.cross_entropy
) -> Evaluation:
    """The loss and error of `model`, which stays as it is.

    Parameters
    ----------
    model : nn.Module
        Maps images (N, H, W, C) to logits (N, K).
    batches : iterable of (images, labels)
        Gone through once: `data.eval_loader`, or a list, of one pair for a single batch; on the
        device of the model.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's own statistics; the running ones are put back.
    loss : callable
        Takes logits and labels, returns the mean over the batch.

    Returns
    -------
    Evaluation

    Raises
    ------
    ConfigError
        If `batches` is an iterator, such as the endless `data.train_loader`, or holds no images; or
        for an unknown mode.
    """
    check_batches(batches, "evaluate")
    total, wrong, images_seen = 0.0, 0, 0
    # Weights far from where they were trained may overflow; inf and nan in the result say so, no
    # warning is needed.
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
    """Raise ConfigError for an iterator: it can be gone through once only, and may never end."""
    if iter(batches) is batches:
        raise ConfigError(
            where,
            "batches",
            "a list of (images, labels), or an eval loader",
            type(batches).__name__,
            "an iterator can be used up only once, and may be endless",
        )
