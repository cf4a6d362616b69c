"""Probes for A4, residual blocks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...types import Array, Shape
from ..across import Answer, as_numbers, beside, hold_result, is_a, items, set_values, type_name


def two_draws(he_normal: Answer, shape: Shape, seed: int) -> tuple[Any, Any, Any]:
    """Draw initial weights twice from one generator, and once more from a new one with its seed."""
    default_rng = beside(he_normal, "numpy.random").default_rng
    rng = hold_result(default_rng, seed)  # one generator for both calls
    return (
        he_normal(shape, rng),
        he_normal(shape, rng),
        he_normal(shape, np.random.default_rng(seed)),
    )


def on_tensor(function: Answer, x: Array, settings: Sequence[Any], dy: Array) -> dict[str, Any]:
    """Run a student's function forward on x and backward from dy; see `_forward_and_back`."""
    return _forward_and_back(function, x, dy, settings)


def parts(build: Answer, settings: Sequence[Any], seed: int) -> dict[str, Any]:
    """Build a student's module, and report its parameters and the lists that hide modules."""
    module = build(*settings, np.random.default_rng(seed))
    return _parts(module)


def _parts(module):
    """A dict: the `kind` of a thing and, if it is a Module, `values` and names of `lists`."""
    if not _is_module(module):
        return {"kind": type_name(module)}
    lists = [
        name
        for part in items(module.modules())
        for name, value in beside(module, "builtins").vars(part).items()
        if isinstance(value, (list, tuple, dict))
        and any(_is_module(item) for item in (value.values() if isinstance(value, dict) else value))
    ]
    return {
        "kind": "Module",
        "values": [parameter.data.copy() for parameter in items(module.parameters())],
        "lists": lists,
    }


def _is_module(thing):
    return is_a(thing, beside(thing, "minires.nn").Module)


def block(
    build: Answer, settings: Sequence[Any], seed: int, values: Sequence[Array], x: Array, dy: Array
) -> dict[str, Any]:
    """Build a student's module, give its parameters these values, and run it forward and backward.

    The report is that of `_forward_and_back`, with the gradients of the parameters.
    """
    module = _with_values(build(*settings, np.random.default_rng(seed)), values)
    report = _forward_and_back(module, x, dy)
    report["gradients"] = [parameter.grad for parameter in items(module.parameters())]
    return report


def _with_values(module, values):
    for parameter, value in zip(items(module.parameters()), values):
        set_values(parameter, "data", value)
    return module


def _forward_and_back(function, x, dy, settings=()):
    """A dict: the `kind` of the result and, if it is a Tensor, `y`, `x` afterwards, and `dx`.

    `dx` is None if y has another shape or dtype than dy, or is not on the tape.
    """
    Tensor = beside(function, "minires").Tensor
    tensor = Tensor(x.copy(), requires_grad=True)
    y = function(tensor, *settings)
    if not is_a(y, Tensor):
        return {"kind": type_name(y)}
    report = {"kind": "Tensor", "y": y.data.copy(), "x": tensor.data, "dx": None}
    if report["y"].shape == dy.shape and report["y"].dtype == dy.dtype and y.requires_grad:
        y.backward(dy)
        report["dx"] = tensor.grad
    return report


def silenced(
    do_nothing: Answer, build: Answer, settings: Sequence[Any], seed: int, x: Array
) -> tuple[list[Array], list[Array], Array]:
    """The parameters of a block before and after `do_nothing`, and its output for x afterwards."""
    module = build(*settings, np.random.default_rng(seed))
    before = [parameter.data.copy() for parameter in items(module.parameters())]
    do_nothing(module)
    after = [parameter.data for parameter in items(module.parameters())]
    return before, after, module(beside(build, "minires").Tensor(x)).data


def twins(
    make: Answer, n: int, width: int, seed: int, x: Array
) -> tuple[list[dict[str, Any]], bool] | None:
    """The parts and the logits of both nets, and whether the nets share arrays.

    None if the student's function does not return two nets.
    """
    nets = make(n, width, seed)
    if (
        not isinstance(nets, (tuple, list))
        or len(nets) != 2
        or not all(_is_module(net) for net in nets)
    ):
        return None
    Tensor = beside(make, "minires").Tensor
    found = [{**_parts(net), "logits": net(Tensor(x)).data} for net in nets]
    for parameter in items(nets[0].parameters()):
        set_values(parameter, "data", np.full_like(parameter.data, np.nan))
    after = [parameter.data for parameter in items(nets[1].parameters())]
    shared = any(not np.array_equal(old, new) for old, new in zip(found[1]["values"], after))
    return found, shared


def trained(
    train: Answer, start: Array, images: Array, labels: Array, lr: float
) -> tuple[str, Array | None, Array]:
    """Train a net of one linear layer with a student's loop.

    Returns
    -------
    kind : str
        The type of the first loss, or of the result itself.
    losses : ndarray or None
        None if they are no numbers.
    weights : ndarray
        After the training.
    """
    net = beside(train, "minires.course.things").Linear(start)
    losses = train(net, list(zip(images, labels)), lr)
    kind = type_name(losses[0] if isinstance(losses, (list, tuple)) and losses else losses)
    try:
        return kind, as_numbers(losses), net.weight.data
    except (TypeError, ValueError):
        return kind, None, net.weight.data


def again(
    make: Answer,
    train: Answer,
    settings: Sequence[int],
    batches: Sequence[tuple[Array, Array]],
    lr: float,
) -> list[tuple[Array, Array | None]]:
    """Make a pair of nets with a student's function and train both with a student's loop.

    For each net: all initial weights in one array, and the losses, or None if they are no numbers.
    """
    found: list[tuple[Array, Array | None]] = []
    for net in make(*settings):
        weights = np.concatenate([one.data.ravel() for one in items(net.parameters())])
        losses = train(net, list(batches), lr)
        try:
            found.append((weights, np.array([float(loss) for loss in losses])))
        except (TypeError, ValueError):
            found.append((weights, None))
    return found
