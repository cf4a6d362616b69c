"""The output and the cost of each layer of a net."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import backend
from ..autograd import Tensor, enable_grad, no_grad
from ..autograd.tape import arrays_in, topological_order
from ..checks import is_integer
from ..errors import ShapeError
from ..types import Device, Shape
from .state import preserve_state

if TYPE_CHECKING:
    from .module import Module

COLUMNS = ("layer", "kind", "output", "parameters", "multiply-adds")


class LayerSummary(NamedTuple):
    """A layer of a net: a module that holds no others."""

    name: str
    kind: str  # the name of its class
    output_shape: Shape
    parameters: int
    multiply_adds: int  # of the forward pass, for the whole input


class Summary:
    """What `Module.summary` found. Printed or shown, it is a table.

    Attributes
    ----------
    layers : list of LayerSummary
        In the order in which they were called.
    parameters, multiply_adds : int
        Of the whole net. Multiply-adds are those of convolutions and linear layers, as the papers
        count them.
    parameter_bytes : int
    kept_bytes : int
        What the tape keeps of a forward pass in training until backward has used it.
    """

    def __init__(
        self, layers: list[LayerSummary], parameters: int, parameter_bytes: int, kept_bytes: int
    ) -> None:
        self.layers, self.parameters = layers, parameters
        self.parameter_bytes, self.kept_bytes = parameter_bytes, kept_bytes
        self.multiply_adds = sum(layer.multiply_adds for layer in layers)

    def __repr__(self) -> str:
        rows = [
            COLUMNS,
            *(
                (
                    name,
                    kind,
                    str(output),
                    f"{parameters:,}",
                    f"{multiply_adds:,}" if multiply_adds else "",
                )
                for name, kind, output, parameters, multiply_adds in self.layers
            ),
        ]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [
            "  ".join(
                text.rjust(width) if text in row[3:] else text.ljust(width)
                for text, width in zip(row, widths)
            ).rstrip()
            for row in rows
        ]
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join(
            [
                *lines,
                lines[1],
                f"{self.parameters:,} parameters ({_size(self.parameter_bytes)}), "
                f"{self.multiply_adds:,} multiply-adds; "
                f"training keeps {_size(self.kept_bytes)} for backward",
            ]
        )


def summarize(model: Module, input_shape: Shape) -> Summary:
    """The output and the cost of each layer of a net, found by running it on zeros.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    input_shape : tuple of int
        Of a whole batch, such as (128, 32, 32, 3); the batch's size counts in multiply-adds and
        memory.

    Returns
    -------
    Summary

    Raises
    ------
    ShapeError
        If the net does not take this shape.
    """
    if not isinstance(input_shape, (tuple, list)) or not all(is_integer(n, 1) for n in input_shape):
        raise ShapeError(
            "summary",
            "input_shape",
            "a shape of a whole batch, such as (1, 32, 32, 3)",
            repr(input_shape),
        )
    layers, handles, seen = [], [], set()
    for name, module in model.named_modules():
        if module not in seen and not list(module.children()):
            seen.add(module)
            handles.append(
                module.register_forward_hook(
                    lambda module, inputs, y, name=name: layers.append(_layer(name, module, y))
                )
            )
    try:
        first = next(model.parameters(), None)
        device: Device = first.device if first is not None else "cpu"
        dtype = first.dtype if first is not None else np.float32
        images = backend.move(np.zeros(input_shape, dtype), device)
        with preserve_state(model, "eval"), no_grad():
            model(Tensor(images))
    finally:
        for handle in handles:  # with a hook on a batch norm it is not fused with its ReLU
            handle.remove()
    return Summary(
        layers,
        model.num_parameters(),
        sum(parameter.data.nbytes for parameter in model.parameters()),
        _kept_in_training(model, images),
    )


def _kept_in_training(model, images):
    """Bytes that the tape keeps of a forward pass in training mode."""
    parameters = {id(parameter.data) for parameter in model.parameters()}
    with preserve_state(model, "train"), enable_grad():
        try:
            return _kept(model(Tensor(images)), parameters)
        except ShapeError:  # batch norm over a single value: twice the images, half the bytes
            return _kept(model(Tensor(images.repeat(2, axis=0))), parameters) // 2


def _layer(name, module, y):
    own = list(module.parameters())  # it has no modules in it
    weight = next((p for p in own if p.ndim > 1), None)
    # Each output number is a sum over all weights of one filter, or of one column.
    multiply_adds = 0 if weight is None else y.size * weight.size // weight.shape[-1]
    return LayerSummary(
        name, type(module).__name__, y.shape, sum(p.size for p in own), multiply_adds
    )


def _kept(output, parameters):
    """Bytes of all arrays in the caches of the tape, each counted once, without the parameters."""
    if output._node is None:
        return 0
    found = {}
    for array in arrays_in([node.cache for node in topological_order(output._node)]):
        while backend.is_array(getattr(array, "base", None)):
            array = array.base  # a view keeps the whole array that it shows a part of
        found[id(array)] = array
    return sum(array.nbytes for key, array in found.items() if key not in parameters)


def _size(count):
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GiB"
