"""Probes for A3, batch norm and ReLU."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...types import Array
from ..across import (
    Answer,
    as_numbers,
    attribute,
    beside,
    call_and_look,
    fetch,
    hold,
    is_a,
    items,
    set_values,
    type_name,
)
from .common import expect_shapes

CALLS = 100  # of the kernel at most for one batch; a right layer calls it once
LARGER = 64  # a mean or var of more than this many times the channels is refused


def statistics(cache: Any) -> tuple[list[Any], str]:
    """The attributes mean and var of a cache, None if missing, and the type of the cache."""
    return [_array(attribute(cache, name)) for name in ("mean", "var")], type_name(cache)


def _array(value):
    return value if value is None or callable(value) else np.asarray(value)


def layer(
    layer_class: Answer, settings: dict[str, Any], batches: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Run a student's layer on batches, with a stand-in for the kernel.

    The stand-in notes its arguments and returns prepared results.

    Parameters
    ----------
    layer_class : class
    settings : dict
        ``momentum``, ``eps``, and the running averages at the start.
    batches : list of dict
        Each with ``training``, ``x``, and what the stand-in returns: ``y``, and a cache with
        ``mean`` and ``var``.

    Returns
    -------
    list of dict
        For each batch: ``used``, the mean and var of each call, None for the batch's own; ``y``, or
        None if it is no Tensor, and its ``type``; ``recorded``, whether it is on the tape;
        ``running``, the averages afterwards; ``replaced``, the type of an average that is no Tensor
        any more, after which the probe stops.
    """
    minires, types = beside(layer_class, "minires"), beside(layer_class, "types")
    channels = len(settings["running_mean"])
    module = layer_class(channels, eps=settings["eps"], momentum=settings["momentum"])
    module.running_mean.data = settings["running_mean"].copy()
    module.running_var.data = settings["running_var"].copy()
    module.weight.data, module.bias.data = (np.ones(channels) for _ in range(2))
    used: list[list[Array | None]] = []
    found = []

    def forward(x, weight, bias, mean=None, var=None, eps=1e-5):
        if is_a(mean, minires.Tensor) or is_a(var, minires.Tensor):
            raise TypeError(
                "normalise was given a Tensor for mean or var; it takes arrays: use .data"
            )
        if len(used) == CALLS or any(np.size(one) > LARGER * channels for one in (mean, var)):
            raise ValueError(f"normalise was called {CALLS} times, or with a large mean or var")
        used.append(
            [None if mean is None else np.array(mean), None if var is None else np.array(var)]
        )
        return batch["y"].copy(), types.SimpleNamespace(
            mean=batch["mean"].copy(), var=batch["var"].copy()
        )

    def backward(dy, cache):
        expect_shapes("backward", (dy,), (batch["y"],))
        return dy, dy.sum(axis=0), dy.sum(axis=0)

    for batch in batches:
        used.clear()
        module.train(batch["training"])
        with minires.kernels.use(batch_norm=(forward, backward)):
            y = module(minires.Tensor(batch["x"]))
        averages = [hold(module, name) for name in ("running_mean", "running_var")]
        kept = [is_a(one, minires.Tensor) for one in averages]
        replaced = next(
            (type_name(one) for one, is_kept in zip(averages, kept) if not is_kept), None
        )
        running = [
            np.array(one.data if is_kept else fetch(one)) for one, is_kept in zip(averages, kept)
        ]
        found.append(
            {
                "used": list(used),
                "y": y.data if is_a(y, minires.Tensor) else None,
                "type": type_name(y),
                "recorded": bool(attribute(y, "requires_grad", False)),
                "running": running,
                "replaced": replaced,
            }
        )
        if replaced:
            break
    return found


def errors(
    relative_errors: Answer,
    a: Array,
    b: Array,
    dy: Array,
    eps: float,
    factors: Sequence[float],
    ignores_dy: bool,
    share: Array,
) -> tuple[Any, Array, Array, Array]:
    """Let a student's gradient check judge y = share a^2 b, with gradients times `factors`.

    If `ignores_dy`, its backward function ignores dy.

    Returns
    -------
    said : object
        The errors that the student's function returned.
    a, b, dy : ndarray
        As they are afterwards.
    """
    shapes = [np.empty(one.shape) for one in (a, b, dy)]

    def forward(a, b):
        expect_shapes("forward", (a, b), shapes[:2])
        return share * a * a * b, (a.copy(), b.copy())

    def backward(dy, cache):
        a, b = cache
        expect_shapes("backward", (a, b, dy), shapes)
        above = share * (np.ones_like(dy) if ignores_dy else dy)
        return factors[0] * 2 * a * b * above, factors[1] * a * a * above

    # The list of inputs comes back with its arrays as they are after the call.
    said, (_, _, (a, b), dy, _) = call_and_look(
        relative_errors, (forward, backward, [a.copy(), b.copy()], dy, eps)
    )
    return _numbers(said), a, b, dy


def mixed_errors(
    relative_errors: Answer, a: Array, b: Array, dy: Array, eps: float, share: Array
) -> Any:
    """Let a student's gradient check judge y = share (a - mean of a) b, with b of shape (C,).

    The gradients are right.
    """
    shapes = [np.empty(one.shape) for one in (a, b, dy)]

    def forward(a, b):
        expect_shapes("forward", (a, b), shapes[:2])
        centred = a - a.mean(axis=0)
        return share * centred * b, (centred, b.copy())

    def backward(dy, cache):
        centred, b = cache
        expect_shapes("backward", (centred, b, dy), shapes)
        dy = share * dy
        return b * (dy - dy.mean(axis=0)), (dy * centred).sum(axis=0)

    return _numbers(relative_errors(forward, backward, [a.copy(), b.copy()], dy.copy(), eps))


def train(
    train: Answer, build: Answer, family: str, weights: Sequence[Array], steps: int
) -> list[Any]:
    """Let a student's loop train a net with batch norm from these weights; return the losses."""
    net = build(family, True)
    parameters = items(net.parameters())
    if len(parameters) != len(weights):
        raise ValueError(f"the net has {len(parameters)} parameters instead of {len(weights)}")
    for parameter, values in zip(parameters, weights):
        set_values(parameter, "data", values)
    losses = train(net, steps)
    return losses if isinstance(losses, list) else items(losses)


def _numbers(said):
    """Numbers as a list of floats; anything else unchanged."""
    return as_numbers(said).tolist() if isinstance(said, (list, tuple, np.ndarray)) else said
