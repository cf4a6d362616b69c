"""A step of Adam, in place, one array after another."""

from collections.abc import Sequence

import numpy as np

from ...types import Array


class adam:
    """Adam, and with ``decoupled`` AdamW, one array after another. See `optim.Adam`.

    Plain array arithmetic, on either device. On a GPU that is about a dozen launches for each
    parameter, where `gpu.sgd` needs one for a whole net.

    Parameters
    ----------
    weights : list of arrays
    decays, lr_scales : list of float
        The weight decay of each, and what multiplies its learning rate.

    Attributes
    ----------
    weights : list of arrays
    exp_avgs, exp_avg_sqs : list of arrays
        m and v: running means of each gradient and of its square.
    steps : list of int
        t: how often each weight was moved.
    """

    def __init__(
        self, weights: list[Array], decays: Sequence[float], lr_scales: Sequence[float]
    ) -> None:
        self.weights, self.decays, self.lr_scales = weights, decays, lr_scales
        self.exp_avgs = [np.zeros_like(weight) for weight in weights]
        self.exp_avg_sqs = [np.zeros_like(weight) for weight in weights]
        self.steps = [0] * len(weights)

    def step(
        self,
        weights: list[Array],
        gradients: Sequence[Array | None],
        lr: float,
        betas: tuple[float, float],
        eps: float,
        decoupled: bool,
    ) -> list[Array]:
        """Move every weight that has a gradient (not None), in place, and return the weights."""
        for i, (weight, gradient) in enumerate(zip(weights, gradients)):
            if gradient is not None:
                self.steps[i] += 1
                self._move(i, weight, gradient, lr * self.lr_scales[i], betas, eps, decoupled)
        return weights

    def _move(self, i, weight, g, lr, betas, eps, decoupled):
        (beta1, beta2), decay, t = betas, self.decays[i], self.steps[i]
        m, v = self.exp_avgs[i], self.exp_avg_sqs[i]
        if decay and decoupled:
            weight *= 1 - lr * decay
        elif decay:
            g = g + decay * weight
        m += (1 - beta1) * (g - m)
        v *= beta2
        v += (1 - beta2) * (g * g)
        # m and v start at 0, and are too small by these factors at first.
        m_bias, v_bias = 1 - beta1**t, 1 - beta2**t
        weight -= (lr / m_bias) * (m / (np.sqrt(v) / v_bias**0.5 + eps))
