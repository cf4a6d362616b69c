"""Where numbers stop being finite, when a loss is inf or nan."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import Tensor, no_grad
from ..errors import DivergenceError
from ..nn import Module
from ..types import Array

if TYPE_CHECKING:
    from .trainer import Trainer


def diverged(trainer: Trainer, loss: float, images: Array) -> DivergenceError:
    """The DivergenceError to raise for a loss that is not finite."""
    what = (
        f"loss is {loss} at iteration {trainer.iteration} (lr {trainer.optimizer.lr:g}); "
        f"first non-finite value: {first_nonfinite(trainer.model, images)}"
    )
    return DivergenceError(trainer.name, what, todo="lower lr, add a warm-up or clip the gradients")


def first_nonfinite(model: Module, images: Array) -> str:
    """The first parameter that is not finite, else the first such output of a layer, in words.

    Parameters
    ----------
    model : nn.Module
    images : array (N, H, W, C)
        The batch that gave the loss.
    """
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter.data).all():
            return f"parameter {name}"
    found: list[str] = []

    def check(module, inputs, output):
        if not found and not np.isfinite(output.data).all():
            found.append(f"output of {names[module] or 'the net'} ({type(module).__name__})")

    names = {module: name for name, module in model.named_modules()}
    with ExitStack() as hooks, no_grad(), np.errstate(all="ignore"):
        for module in names:
            hooks.enter_context(module.register_forward_hook(check))
        model(Tensor(images))
    return found[0] if found else "the loss itself"
