"""What training does to arrays in place: a step of SGD, and batch norm's running averages."""

import numpy as np


class sgd:
    """SGD with momentum and weight decay, one array after another. See `optim.SGD`.

    Parameters
    ----------
    weights : list of arrays
    decays, lr_scales : list of float
        The weight decay of each, and what multiplies its learning rate.

    Attributes
    ----------
    weights, velocities : list of arrays
    """

    def __init__(self, weights, decays, lr_scales):
        self.weights, self.decays, self.lr_scales = weights, decays, lr_scales
        self.velocities = [np.zeros_like(weight) for weight in weights]

    def step(self, weights, gradients, lr, momentum, nesterov):
        """Move every weight that has a gradient (not None), in place, and return the weights."""
        for weight, gradient, velocity, decay, scale in zip(weights, gradients, self.velocities, self.decays, self.lr_scales):
            if gradient is None:
                continue
            gradient = gradient + decay * weight if decay else gradient
            velocity *= momentum
            velocity += gradient
            direction = gradient + momentum * velocity if nesterov else velocity
            weight -= lr * scale * direction
        return weights


def follow(running_mean, running_var, mean, var, momentum, correction):
    """Move the running averages, in place, by the fraction `momentum` towards the batch's mean and ``var * correction``."""
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var * correction - running_var)
