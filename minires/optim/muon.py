"""Muon: steps that change every direction of a layer's output alike."""

from collections.abc import Sequence
from typing import Any

from ..autograd import Tensor
from ..checks import boolean, integer, is_number
from ..errors import ConfigError
from ..types import Array
from .optimizer import Optimizer, Params


class Muon(Optimizer):
    """Momentum, orthogonalised (Jordan 2024, https://kellerjordan.github.io/posts/muon).

    For each matrix of weights W (in, out) with gradient G:

        V <- momentum V + G
        O <- V with all singular values moved to about 1     (Nesterov: G + momentum V instead of V)
        W <- (1 - lr weight_decay) W
        W <- W - lr sqrt(max(1, out / in)) O

    The singular values of a gradient differ by orders of magnitude: a step of SGD changes a layer's
    output in a few directions, and hardly in the others. O has the same directions and changes all
    of them alike. `kernels.naive.orthogonalize` has the formula: five steps of an iteration with
    matrix products alone, no decomposition.

    Filters (KH, KW, C_in, C_out) count as matrices (KH KW C_in, C_out). Parameters with one axis,
    such as biases and those of batch norm, are moved as by `SGD`, with its weight decay; so should
    the last layer be (`by_sgd`), since its outputs are not features but one number for each class.

    Parameters
    ----------
    params, lr, weight_decay
        As for `Optimizer`. A matrix of size n x n moves by about lr sqrt(n), whatever its gradient,
        so a good `lr` differs from SGD's: Jordan takes 0.02. ``lr_scale`` of a group gives SGD's
        part its own.
    momentum : float
    nesterov : bool
    ns_coefficients : (float, float, float)
        a, b and c of the iteration.
    eps : float
        Added to the length that a matrix is divided by.
    ns_steps : int
        Steps of the iteration.
    by_sgd : list of Parameter
        Matrices that SGD moves.

    Attributes
    ----------
    velocities : list of arrays
        V, for each parameter.

    Raises
    ------
    ConfigError
        As for `Optimizer`, and for settings out of range, for a parameter `by_sgd` that is not
        among `params`, or if no matrix is left.
    """

    rule, kept = "muon", ("velocities",)
    velocities: list[Array]

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        *,
        by_sgd: Sequence[Tensor] = (),
    ) -> None:
        self.momentum = self._at_least_0("momentum", momentum)
        self.nesterov = boolean("Muon", "nesterov", nesterov)
        numbers = tuple(ns_coefficients) if isinstance(ns_coefficients, (tuple, list)) else ()
        if len(numbers) != 3 or not all(map(is_number, numbers)):
            raise ConfigError("Muon", "ns_coefficients", "three numbers", repr(ns_coefficients))
        self.ns_coefficients = numbers
        self.eps = self._at_least_0("eps", eps)
        self.ns_steps = integer("Muon", "ns_steps", ns_steps)
        super().__init__(params, lr, weight_decay)
        named = list(by_sgd)
        if not all(any(one is own for own in self.params) for one in named):
            raise ConfigError("Muon", "by_sgd", "some of the parameters in params", "others")
        self._by_sgd = [
            parameter.ndim < 2 or any(parameter is one for one in named)
            for parameter in self.params
        ]
        if all(self._by_sgd):
            raise ConfigError(
                "Muon",
                "nothing to orthogonalise",
                "a parameter with two axes or more that is not in by_sgd",
                "none",
                "optim.SGD moves the others as well",
            )

    def settings(self) -> dict[str, Any]:
        return {
            "lr": self.lr,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "by_sgd": self._by_sgd,
            "coefficients": self.ns_coefficients,
            "eps": self.eps,
            "steps": self.ns_steps,
        }
