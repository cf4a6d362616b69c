"""The state of a module: keep it, do something with the module, and put everything back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import backend
from ..autograd.tensor import Tensor
from ..errors import unknown_name
from ..types import Array

if TYPE_CHECKING:
    from .module import Module, Parameter

MODES = ("train", "eval")


class ModuleState:
    """What a module computes with besides its inputs, as it is when this object is made.

    That is the training mode of every module, the buffers (batch norm's running statistics) and the
    random generators; with ``parameters=True`` also the parameters and their gradients. Hooks are
    not kept.

    Attributes
    ----------
    arrays : dict
        Name -> a copy of the array of each buffer, or with ``parameters=True`` of each parameter
        and buffer.
    """

    def __init__(self, module: Module, parameters: bool = False) -> None:
        self.modes = [(inside, inside.training) for inside in module.modules()]
        self.generators = [
            (generator, generator.bit_generator.state) for _, generator in module.named_generators()
        ]
        self.tensors: dict[str, Tensor] = dict(module.named_buffers())
        self.gradients: list[tuple[Parameter, Array | None]] = []
        if parameters:
            self.tensors |= dict(module.named_parameters())
            self.gradients = [(parameter, parameter.grad) for parameter in module.parameters()]
        self.arrays = {name: backend.copy(tensor.data) for name, tensor in self.tensors.items()}

    def restore(self) -> None:
        """Put everything back. Arrays are changed in place: an optimiser may hold on to them."""
        for module, mode in self.modes:
            module.training = mode
        for generator, state in self.generators:
            generator.bit_generator.state = state
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        for name, tensor in self.tensors.items():
            backend.assign(tensor.data, self.arrays[name])


@contextmanager
def preserve_state(model: Module, mode: str | None = None) -> Iterator[dict[str, Array]]:
    """Within: `model` is in `mode` and has no gradients. Afterwards, everything is as before.

    What is put back: parameters, gradients, and the rest of a `ModuleState`.

    Parameters
    ----------
    model : nn.Module
    mode : {"train", "eval"}, optional
        As ``model.train()`` and ``model.eval()`` set it. None leaves each module in its own mode.

    Yields
    ------
    dict
        Name -> a copy of each parameter and buffer, as they were.

    Raises
    ------
    ConfigError
        For another mode.
    """
    if mode is not None and mode not in MODES:
        raise unknown_name("preserve_state", "mode", mode, MODES)
    state = ModuleState(model, parameters=True)
    try:
        model.zero_grad()  # forgets the gradients; `state` still has them
        if mode is not None:
            model.train(mode == "train")
        yield state.arrays
    finally:
        state.restore()
