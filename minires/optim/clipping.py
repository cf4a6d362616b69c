"""Gradient clipping: a limit to the norm of all gradients together."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..checks import number
from ..errors import ConfigError


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients down together if their common norm exceeds `max_norm`.

    norm = sqrt(sum over all parameters and elements of gradient^2)   (Pascanu et al. 2013,
    arXiv:1211.5063). In PyTorch it is ``nn.utils.clip_grad_norm_``, with an underscore because it
    writes into the gradients; here each parameter gets a new array.

    Parameters
    ----------
    parameters : Parameter, or iterable of Parameter
        Parameters without a gradient are skipped.
    max_norm : float

    Returns
    -------
    float
        The norm before.

    Raises
    ------
    ConfigError
        If `max_norm` is not above 0, or for a module instead of its parameters.
    """
    if max_norm != math.inf:  # with inf the norm is measured, and nothing scaled
        number("clip_grad_norm", "max_norm", max_norm, "a number above 0", lambda norm: norm > 0)
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    elif hasattr(parameters, "parameters"):
        got = f"a {type(parameters).__name__}"
        raise ConfigError(
            "clip_grad_norm", "parameters", "parameters", got, "pass net.parameters()"
        )
    found: list[Any] = [p for p in parameters if p.grad is not None]
    # In float64: the squares of an exploding net's gradients would not fit into float32.
    norm = float(np.sqrt(sum(np.square(p.grad, dtype=np.float64).sum() for p in found)))
    if norm > max_norm:
        for p in found:
            p.grad = p.grad * float(max_norm / norm)
    return norm
