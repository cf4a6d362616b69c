"""Keep the weights before each batch norm at their first length."""

import numpy as np

from ..errors import ConfigError
from ..nn import Module
from ..nn.folding import before_batch_norm
from ..types import Array


class KeepNorms:
    """A callback that sets the weights before every batch norm back to their first length.

    Batch norm takes the scale of these weights out again, so the loss is the same for w and c w
    (van Laarhoven 2017, arXiv:1706.05350). The gradient is then at right angles to w, and every
    step lengthens w, the more the larger the gradient. The longer w is, the smaller are the
    gradient and the angle by which a step turns w: about lr |g| / |w|. Where gradients explode at
    the start, a few steps leave weights so long that they hardly turn any more. With their length
    kept they go on turning.

    A convolution or linear layer is before a batch norm if the batch norm was assigned right after
    it in the same module, as in `models` and in an ``nn.Sequential``. The length is
    |w| = sqrt(sum w^2), over all filters of the layer together.

    Parameters
    ----------
    model : nn.Module
        With the lengths that are to be kept. For a run that is resumed too, give it the net as
        built, before the checkpoint is loaded.

    Raises
    ------
    ConfigError
        If there is no such layer.
    """

    def __init__(self, model: Module) -> None:
        weights = [layer.weight for _, _, layer in before_batch_norm(model)]
        self.kept = [(weight, length) for weight in weights if (length := _length(weight.data)) > 0]
        if not self.kept:
            raise ConfigError(
                "KeepNorms",
                "nothing to keep",
                "a Conv2d or Linear, and a BatchNorm2d assigned right after it",
                "none",
                "without batch norm the loss depends on the length of weights",
            )

    def after_step(self, trainer: object = None) -> None:
        """Set the lengths back; a `Trainer` calls this after every step."""
        for weight, length in self.kept:
            now = _length(weight.data)
            if now > 0:
                weight.data *= length / now  # in place: on the GPU it is the optimiser's memory


def _length(array: Array) -> float:
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))
