"""For tests of all optimisers: parameters of a few numbers, and steps with given gradients."""

import numpy as np

from minires import nn


def parameter(*values):
    return nn.Parameter(np.array(values, np.float32))


def steps(optimizer, weight, gradients):
    """The values of `weight` after each step with the given gradients."""
    values = []
    for gradient in gradients:
        weight.grad = np.full(weight.shape, gradient, np.float32)
        optimizer.step()
        values.append(weight.data.item())
    return values


def scheduled_steps(optimizer, schedule, gradients):
    """The same for the optimiser's first parameter, at the learning rates of a schedule."""
    values = []
    for gradient in gradients:
        values += steps(optimizer, optimizer.params[0], [gradient])
        schedule.step()
    return values
