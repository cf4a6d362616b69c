"""Lengths that training is kept to: of the gradients, and of the weights before a batch norm."""

import numpy as np

from ..errors import ConfigError
from ..nn.layers import before_batch_norm


def clip_grad_norm(params, max_norm):
    """Scale all gradients down together if their common norm exceeds `max_norm`; return the norm before.

    norm = sqrt(sum over all parameters and elements of gradient^2)   (Pascanu et al. 2013, arXiv:1211.5063)

    Raises
    ------
    ConfigError
        If `max_norm` is not above 0.
    """
    if not max_norm > 0:
        raise ConfigError("clip_grad_norm", "max_norm", "a number above 0", repr(max_norm))
    params = [p for p in params if p.grad is not None]
    # In float64: the squares of an exploding net's gradients would not fit into float32.
    norm = float(np.sqrt(sum(np.square(p.grad, dtype=np.float64).sum() for p in params)))
    if norm > max_norm:
        for p in params:
            p.grad = p.grad * float(max_norm / norm)
    return norm


class KeepNorms:
    """A callback that sets the weights of every layer before a batch norm back to the length that they had at first.

    Batch norm takes the scale of these weights out again, so the loss is the same for w and c w (van Laarhoven 2017,
    arXiv:1706.05350). Then the gradient is at right angles to w, every step lengthens w, the more the larger the gradient, and
    the longer w is, the smaller the gradient and the angle that a step turns w by: about lr |g| / |w|. Where gradients explode
    at the start, a few steps leave weights so long that they hardly turn any more. With their length kept they go on turning.

    A convolution or linear layer is before a batch norm if that was assigned right after it in the same module, as in `models` and in an
    ``nn.Sequential``. The length is |w| = sqrt(sum w^2), of all filters of the layer together.

    Parameters
    ----------
    model : nn.Module
        With the lengths that are to be kept. For a run that is resumed too, give it the net as built, before the checkpoint is loaded.

    Raises
    ------
    ConfigError
        If there is no such layer.
    """

    def __init__(self, model):
        weights = [layer.weight for _, _, layer in before_batch_norm(model)]
        self.kept = [(weight, length) for weight in weights if (length := _length(weight.data)) > 0]
        if not self.kept:
            raise ConfigError("KeepNorms", "nothing to keep", "a Conv2d or Linear, and a BatchNorm2d assigned right after it", "none",
                              "without batch norm the loss depends on the length of weights")

    def after_step(self, trainer=None):
        """Set the lengths back; a `Trainer` calls this after every step."""
        for weight, length in self.kept:
            now = _length(weight.data)
            if now > 0:
                weight.data *= length / now       # in place, for on the GPU the optimiser owns the memory


def _length(array):
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))
