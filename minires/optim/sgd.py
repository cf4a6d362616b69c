"""Stochastic gradient descent."""

from typing import Any

from ..checks import boolean
from ..errors import ConfigError
from ..types import Array
from .optimizer import Optimizer, Params


class SGD(Optimizer):
    """Stochastic gradient descent with momentum and weight decay, as in the paper and in PyTorch.

    For each parameter w with gradient g:

        g <- g + weight_decay w
        v <- momentum v + g
        w <- w - lr v        (Nesterov: w <- w - lr (g + momentum v))

    Parameters
    ----------
    params, lr, weight_decay
        As for `Optimizer`.
    momentum : float
    nesterov : bool
        Nesterov's variant (Sutskever et al. 2013).

    Attributes
    ----------
    velocities : list of arrays
        v, for each parameter.

    Raises
    ------
    ConfigError
        As for `Optimizer`, and for Nesterov without momentum.

    Notes
    -----
    On the GPU all parameters are moved into one array, where one launch of a kernel does the step
    for all of them; their ``.data`` become views of it.
    """

    rule, kept = "sgd", ("velocities",)
    velocities: list[Array]

    def __init__(
        self,
        params: Params,
        lr: float,
        momentum: float = 0,
        *,
        weight_decay: float = 0,
        nesterov: bool = False,
    ) -> None:
        self.momentum = self._at_least_0("momentum", momentum)
        self.nesterov = nesterov = boolean("SGD", "nesterov", nesterov)
        if nesterov and not momentum:
            raise ConfigError("SGD", "nesterov", "a momentum above 0", repr(momentum))
        super().__init__(params, lr, weight_decay)

    def settings(self) -> dict[str, Any]:
        return {"lr": self.lr, "momentum": self.momentum, "nesterov": self.nesterov}
