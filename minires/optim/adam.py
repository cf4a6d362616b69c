"""Adam, and AdamW: steps whose length depends little on that of the gradient."""

from collections.abc import Mapping
from typing import Any

from ..checks import is_integer, is_number
from ..errors import ConfigError
from ..types import Array
from .optimizer import Optimizer, Params


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1), with PyTorch's arithmetic.

    For each parameter w with gradient g, moved for the t-th time:

        g <- g + weight_decay w
        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) g^2
        w <- w - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)

    m and v start at 0; dividing by 1 - beta^t makes up for it. A step is about lr long in every
    element, whatever the size of the gradients.

    Parameters
    ----------
    params, lr, weight_decay
        As for `Optimizer`.
    betas : (float, float)
        beta1 and beta2, from 0 to below 1.
    eps : float

    Attributes
    ----------
    exp_avgs, exp_avg_sqs : list of arrays
        m and v, for each parameter.
    steps : list of int
        t, for each parameter.

    Raises
    ------
    ConfigError
        As for `Optimizer`, and for `betas` or `eps` out of range.

    Notes
    -----
    Plain array arithmetic on either device. On a GPU that is about a dozen small launches for each
    parameter, where `SGD` has one kernel for a whole net.
    """

    rule, kept, decoupled = "adam", ("exp_avgs", "exp_avg_sqs"), False
    exp_avgs: list[Array]
    exp_avg_sqs: list[Array]

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        pair = tuple(betas) if isinstance(betas, (tuple, list)) else ()
        if len(pair) != 2 or not all(is_number(beta) and 0 <= beta < 1 for beta in pair):
            raise ConfigError(
                type(self).__name__, "betas", "two numbers from 0 to below 1", repr(betas)
            )
        self.betas = float(pair[0]), float(pair[1])
        self.eps = self._at_least_0("eps", eps)
        super().__init__(params, lr, weight_decay)
        self.steps = self._rule.steps

    def settings(self) -> dict[str, Any]:
        return {"lr": self.lr, "betas": self.betas, "eps": self.eps, "decoupled": self.decoupled}

    def state_dict(self) -> dict[str, Any]:
        """The learning rate, and m, v and t of each parameter, in their order. m and v uncopied."""
        return {**super().state_dict(), "steps": list(self.steps)}

    def _check_state(self, where: str, state_dict: Mapping[str, Any]) -> None:
        steps = state_dict["steps"]
        fit = isinstance(steps, (list, tuple)) and len(steps) == len(self.steps)
        if not fit or not all(is_integer(step, 0) for step in steps):
            expected = f"{len(self.steps)} whole numbers, one for each parameter"
            raise ConfigError(where, "steps", expected, repr(steps))

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.steps[:] = [int(step) for step in state_dict["steps"]]


class AdamW(Adam):
    """Adam with weight decay apart from the gradient.

    The decay is a step of its own, ``w <- w - lr weight_decay w``, before Adam's (Loshchilov and
    Hutter 2019, arXiv:1711.05101). In `Adam` it is part of the gradient, so weights with large
    gradients decay less. Parameters, attributes and errors as for `Adam`.
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
