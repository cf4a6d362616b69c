"""How far a step of gradient descent moves each layer's weights, compared with their size."""

from math import inf, nan
from typing import NamedTuple

from .. import backend
from ..errors import ConfigError, GraphError
from ..nn import Module
from ..optim import SGD
from ..types import Array
from .parts import main_path, norm


class LayerUpdate(NamedTuple):
    """The step that an optimiser is about to make with one layer's weights, as Euclidean norms."""

    layer: str  # the name of the convolution or linear layer
    depth: int  # along the main path, from 1
    weight_norm: float  # |w|
    gradient_norm: float  # |dL/dw|, without weight decay
    update_norm: float  # |change of w|
    ratio: float  # |change of w| / |w|
    effective_lr: float  # lr / |w|^2, with the learning rate of this layer's group


def updates(
    model: Module, lr: float | None = None, optimizer: SGD | None = None
) -> list[LayerUpdate]:
    """Compute the next step of every layer on the main path. Nothing is moved.

    Call it after ``backward()`` and before the optimiser's step. With an `optimizer` the change is
    the one that its ``step`` will make, with velocity, weight decay and Nesterov's variant. With
    `lr` alone it is lr dL/dw.

    Batch norm removes the scale of the weights before it: L(cw) = L(w). So dL/dw at cw is 1/c of
    that at w, and a step with lr at cw turns the weights as much as a step with lr / c^2 at w. What
    counts is ``lr / |w|^2``, the effective learning rate (van Laarhoven 2017, arXiv:1706.05350). It
    rises as weight decay shrinks w. If no batch norm follows a layer, it has no such meaning.

    Parameters
    ----------
    model : nn.Module
    lr : float, optional
        The learning rate; by default the optimiser's.
    optimizer : optim.SGD, optional
        Layers that it does not train get a step of 0.

    Returns
    -------
    list of LayerUpdate
        In order from the images to the logits. A layer without a gradient, because it is frozen or
        stochastic depth left it out of this batch, gets a step of 0.

    Raises
    ------
    ConfigError
        If neither `lr` nor `optimizer` is given, or the optimiser is not an SGD.
    GraphError
        If no layer has a gradient.
    """
    if optimizer is not None and not isinstance(optimizer, SGD):
        raise ConfigError(
            "updates",
            "optimizer",
            "an optim.SGD",
            type(optimizer).__name__,
            "pass lr instead for the change lr dL/dw",
        )
    if lr is None:
        if optimizer is None:
            raise ConfigError("updates", "no learning rate", "lr or optimizer", "neither")
        lr = optimizer.lr
    layers = main_path(model)
    if layers and all(module.weight.grad is None for module in layers.values()):
        raise GraphError(
            "updates",
            f"{next(iter(layers))}.weight has no gradient",
            None,
            None,
            "call loss.backward() first",
        )
    records = []
    for depth, (name, module) in enumerate(layers.items(), 1):
        w = module.weight
        direction, scale = _direction(w, optimizer)
        weight_norm, update_norm = norm(w.data), norm(direction) * scale * lr
        relative, effective = (
            (update_norm / weight_norm, scale * lr / weight_norm**2) if weight_norm else (nan, nan)
        )
        gradient_norm = 0.0 if w.grad is None else norm(w.grad)
        records.append(
            LayerUpdate(name, depth, weight_norm, gradient_norm, update_norm, relative, effective)
        )
    return records


class MeasuredUpdate(NamedTuple):
    """The step that one layer's weights have made, as Euclidean norms."""

    layer: str  # the name of the convolution or linear layer
    depth: int  # along the main path, from 1
    update_norm: float  # |w after the step - w before|
    update_ratio: float  # update_norm / |w before|; inf if w was 0


def weights_of(model: Module) -> dict[str, Array]:
    """Copies of the weights on the main path that are trained, by the names of their layers: what
    `measured_updates` compares with.
    """
    return {
        name: backend.copy(module.weight.data)
        for name, module in main_path(model).items()
        if module.weight.requires_grad
    }


def measured_updates(model: Module, before: dict[str, Array]) -> list[MeasuredUpdate]:
    """The step that every trained layer on the main path has made since `weights_of`.

    It holds whatever the optimiser does: momentum, weight decay, clipped gradients, Muon.

    As a rule of thumb the ratio is about 1e-3 where the learning rate suits: far below it a layer
    hardly learns, far above it the rate may be too high (Karpathy, notes of Stanford's course
    CS231n, "Ratio of weights:updates"). Batch norm makes a layer indifferent to the scale of its
    weights, so there the ratio settles where weight decay and gradient balance.

    Parameters
    ----------
    model : nn.Module
        After the step.
    before : dict
        What `weights_of` returned before it.

    Returns
    -------
    list of MeasuredUpdate
        From the images to the logits.
    """
    found = []
    for depth, (name, module) in enumerate(main_path(model).items(), 1):
        if name in before:
            update, weight = norm(module.weight.data - before[name]), norm(before[name])
            found.append(MeasuredUpdate(name, depth, update, update / weight if weight else inf))
    return found


def _direction(w, optimizer):
    """(d, scale), where the change of w is -lr scale d.

    It follows `optim.SGD`, which does not move weights without a gradient.
    """
    if optimizer is None:
        return 0 * w.data if w.grad is None else w.grad, 1.0
    place = next((i for i, parameter in enumerate(optimizer.params) if parameter is w), None)
    if place is None:
        return 0 * w.data, 0.0
    if w.grad is None:
        return 0 * w.data, optimizer.lr_scales[place]
    gradient = w.grad + optimizer.decays[place] * w.data
    velocity = optimizer.momentum * optimizer.velocities[place] + gradient
    return (
        gradient + optimizer.momentum * velocity if optimizer.nesterov else velocity,
        optimizer.lr_scales[place],
    )
