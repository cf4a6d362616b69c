"""A step of Muon: momentum as for SGD, then each matrix of it made orthogonal."""

from collections.abc import Sequence

import numpy as np

from ...types import Array

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(
    m: Array,
    coefficients: tuple[float, float, float] = COEFFICIENTS,
    eps: float = 1e-7,
    steps: int = 5,
) -> Array:
    """What `naive.orthogonalize` defines, for a stack of matrices (..., rows, columns).

    X X^T X is X (X^T X), so the products of the step are taken on the shorter side.
    """
    a, b, c = coefficients
    wide = m.shape[-1] > m.shape[-2]
    x = m.swapaxes(-1, -2) if wide else m
    x = x / (np.sqrt(np.sum(x * x, axis=(-2, -1), keepdims=True)) + eps)
    for _ in range(steps):
        xtx = x.swapaxes(-1, -2) @ x
        x = a * x + x @ (b * xtx + c * (xtx @ xtx))
    return x.swapaxes(-1, -2) if wide else x


class muon:
    """Muon for matrices and filters, SGD for everything else. See `optim.Muon`.

    Plain array arithmetic, on either device. Matrices of one shape are worked on together.

    Parameters
    ----------
    weights : list of arrays
    decays, lr_scales : list of float
        The weight decay of each weight, and the factor of its learning rate.

    Attributes
    ----------
    weights, velocities : list of arrays
    """

    orthogonalize = staticmethod(orthogonalize)

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
        by_sgd: Sequence[bool],
        coefficients: tuple[float, float, float],
        eps: float,
        steps: int,
    ) -> list[Array]:
        """Move every weight that has a gradient (not None), in place, and return the weights."""
        matrices: dict[tuple[int, ...], list[tuple[int, Array]]] = {}
        for i, (weight, gradient) in enumerate(zip(weights, gradients)):
            if gradient is None:
                continue
            decay, rate = self.decays[i], lr * self.lr_scales[i]
            if by_sgd[i]:
                gradient = gradient + decay * weight if decay else gradient
                weight -= rate * self._direction(i, gradient, momentum, nesterov)
            else:
                weight *= 1 - rate * decay
                direction = self._direction(i, gradient, momentum, nesterov)
                matrix = direction.reshape(-1, weight.shape[-1])
                matrices.setdefault(matrix.shape, []).append((i, matrix))
        for (rows, columns), found in matrices.items():
            stack = np.stack([matrix for _, matrix in found])
            updates = self.orthogonalize(stack, coefficients, eps, steps)
            # An output that adds up fewer inputs than there are outputs moves less otherwise.
            factor = max(1.0, columns / rows) ** 0.5
            for (i, _), update in zip(found, updates):
                rate = lr * self.lr_scales[i] * factor
                weights[i] -= rate * update.reshape(weights[i].shape)
        return weights

    def _direction(self, i, gradient, momentum, nesterov):
        velocity = self.velocities[i]
        velocity *= momentum
        velocity += gradient
        return gradient + momentum * velocity if nesterov else velocity
