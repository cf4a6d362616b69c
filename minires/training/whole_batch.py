"""The gradient of one batch, computed at once by one process: the heart of a training step."""

from collections.abc import Sequence

import numpy as np

from .. import backend
from .. import functional as F
from ..autograd import Tensor
from ..distributed.data_parallel import Outcome
from ..nn import Module
from ..types import Array


class WholeBatch:
    """Computes the gradients of `model`, as `distributed.DataParallel` does in shards.

    Parameters
    ----------
    model : nn.Module
    label_smoothing : float
    class_weights : sequence of float (K,), optional

    Attributes
    ----------
    part : slice
        The images of a batch that are computed: all.
    """

    part = slice(None)

    def __init__(
        self, model: Module, label_smoothing: float, class_weights: Sequence[float] | None = None
    ) -> None:
        self.model, self.label_smoothing = model, label_smoothing
        self.class_weights = class_weights

    def gradients(self, images: Array, labels: Array, flag: bool) -> Outcome:
        """As `DataParallel.gradients`. If the loss is not finite, no gradients are computed."""
        self.model.train()
        logits = self.model(Tensor(images))
        loss = F.cross_entropy(
            logits, labels, self.class_weights, label_smoothing=self.label_smoothing
        )
        value, wrong = loss.item(), count_wrong(logits, labels)  # a GPU is waited for here only
        if np.isfinite(value):
            self.model.zero_grad()
            loss.backward()
        return Outcome(value, wrong, flag)


def count_wrong(logits: Tensor, labels: Array) -> int:
    """How many images get their highest score for a wrong class."""
    return int((backend.move(logits.data.argmax(axis=1), "cpu") != labels).sum())
