"""A4: residual blocks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ... import nn
from ...autograd.tensor import Tensor
from ...types import Array, Shape
from . import Answer


def two_draws(he_normal: Answer, shape: Shape, seed: int) -> tuple[Any, Any, Any]:
    """Two arrays, one after the other from one generator, and a third from a new one with the same
    seed.
    """
    rng = np.random.default_rng(seed)
    return (
        he_normal(shape, rng),
        he_normal(shape, rng),
        he_normal(shape, np.random.default_rng(seed)),
    )


def on_tensor(function: Answer, x: Array, settings: Sequence[Any], dy: Array) -> dict[str, Any]:
    """What a function makes of the Tensor x, and dL/dx for that dL/dy: as `_forward_and_back`
    reports it.
    """
    return _forward_and_back(lambda x: function(x, *settings), x, dy)


def parts(build: Answer, settings: Sequence[Any], seed: int) -> dict[str, Any]:
    """Build a module, and say what can be found in it."""
    module = build(*settings, np.random.default_rng(seed))
    return _parts(module)


def _parts(module):
    if not isinstance(module, nn.Module):
        return {"kind": type(module).__name__}
    lists = [
        name
        for part in module.modules()
        for name, value in vars(part).items()
        if isinstance(value, (list, tuple, dict))
        and any(
            isinstance(item, nn.Module)
            for item in (value.values() if isinstance(value, dict) else value)
        )
    ]
    return {
        "kind": "Module",
        "values": [parameter.data for parameter in module.parameters()],
        "lists": lists,
    }


def block(
    build: Answer, settings: Sequence[Any], seed: int, values: Sequence[Array], x: Array, dy: Array
) -> dict[str, Any]:
    """Build a module, give its parameters these values, and run it there and back; with the
    gradients of its parameters.
    """
    module = _with_values(build(*settings, np.random.default_rng(seed)), values)
    report = _forward_and_back(module, x, dy)
    report["gradients"] = [parameter.grad for parameter in module.parameters()]
    return report


def _with_values(module, values):
    for parameter, value in zip(module.parameters(), values):
        parameter.data[...] = value
    return module


def _forward_and_back(function, x, dy):
    tensor = Tensor(x.copy(), requires_grad=True)
    y = function(tensor)
    if not isinstance(y, Tensor):
        return {"kind": type(y).__name__}
    report = {"kind": "Tensor", "y": y.data.copy(), "x": tensor.data, "dx": None}
    if y.shape == dy.shape and y.dtype == dy.dtype and y.requires_grad:
        y.backward(dy)
        report["dx"] = tensor.grad
    return report


def silenced(
    do_nothing: Answer, build: Answer, settings: Sequence[Any], seed: int, x: Array
) -> tuple[list[Array], list[Array], Array]:
    """The parameters of a block before and after `do_nothing`, and what it makes of x
    afterwards.
    """
    module = build(*settings, np.random.default_rng(seed))
    before = [parameter.data.copy() for parameter in module.parameters()]
    do_nothing(module)
    return before, [parameter.data for parameter in module.parameters()], module(Tensor(x)).data


def twins(
    make: Answer, n: int, width: int, seed: int, x: Array
) -> tuple[list[dict[str, Any]], bool] | None:
    """For both nets: the parts, and the logits of x. And whether changing the one changes the
    other.
    """
    nets = make(n, width, seed)
    if (
        not isinstance(nets, (tuple, list))
        or len(nets) != 2
        or not all(isinstance(net, nn.Module) for net in nets)
    ):
        return None
    found = [{**_parts(net), "logits": net(Tensor(x)).data} for net in nets]
    arrays = [[parameter.data for parameter in net.parameters()] for net in nets]
    shared = any(np.shares_memory(one, other) for one in arrays[0] for other in arrays[1])
    return found, shared


def trained(
    train: Answer, start: Array, images: Array, labels: Array, lr: float
) -> tuple[str, Array | None, Array]:
    """Train a net of one linear layer with a student's loop: the losses, and the weights
    afterwards.
    """
    net = _Linear(start)
    losses = train(net, list(zip(images, labels)), lr)
    kind = (
        type(losses[0]).__name__
        if isinstance(losses, (list, tuple)) and losses
        else type(losses).__name__
    )
    try:
        return kind, np.array([float(loss) for loss in losses]), net.weight.data
    except (TypeError, ValueError):
        return kind, None, net.weight.data


class _Linear(nn.Module):
    """Images as rows, times a matrix."""

    def __init__(self, start):
        self.weight = nn.Parameter(start.copy())

    def forward(self, x):
        return F.linear(x.reshape(len(x), -1), self.weight)
