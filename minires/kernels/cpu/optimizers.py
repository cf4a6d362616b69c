"""A step of SGD, in place, one array after another."""

from collections.abc import Sequence

import numpy as np

from ...types import Array


class sgd:
    """SGD with momentum and weight decay. See `optim.SGD`.

    Parameters
    ----------
    weights : list of arrays
    decays, lr_scales : list of float
        The weight decay of each weight, and the factor of its learning rate.

    Attributes
    ----------
    weights, velocities : list of arrays
    """

    def __init__(
        self, weights: list[Array], decays: Sequence[float], lr_scales: Sequence[float]
    ) -> None:
        self.weights, self.decays, self.lr_scales = weights, decays, lr_scales
        self.velocities = [np.zeros_like(weight) for weight in weights]

    def step(
        self,
        weights: list[Array],
        gradients: Sequence[Array | None],
        lr: float,
        momentum: float,
        nesterov: bool,
    ) -> list[Array]:
        """Move every weight that has a gradient (not None), in place, and return the weights."""
        for weight, gradient, velocity, decay, scale in zip(
            weights, gradients, self.velocities, self.decays, self.lr_scales
        ):
            if gradient is None:
                continue
            gradient = gradient + decay * weight if decay else gradient
            velocity *= momentum
            velocity += gradient
            direction = gradient + momentum * velocity if nesterov else velocity
            weight -= lr * scale * direction
        return weights
