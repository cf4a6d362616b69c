"""Batch norm folded into the layer before it, for a net that is not trained any more."""

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from .. import backend
from ..autograd.tensor import Tensor
from ..errors import ConfigError
from ..types import Array
from .containers import ModuleList
from .conv import Conv2d
from .linear import Linear
from .module import Module, Parameter
from .normalization import BatchNorm2d
from .shaping import Identity

Net = TypeVar("Net", bound=Module)


def fuse(model: Net) -> Net:
    """Fold each batch norm into the convolution or linear layer right before it, in place.

    In evaluation, batch norm multiplies each channel by a number and adds another. Both can be done
    by the layer before it, once and for all (Jacob et al. 2017, arXiv:1712.05877, section 3.2):

        scale = weight / sqrt(running_var + eps)
        W' = W scale
        b' = b scale + bias - running_mean scale

    with one scale for each output channel. An `Identity` takes the batch norm's place. The net
    computes the same but for rounding, with one pass over memory less for each batch norm.

    "Right before" means that the batch norm was assigned right after the layer in the same module,
    as in `models` and in every `Sequential`. A module of your own that assigns a layer and a batch
    norm in this order, and computes them in another, must not be fused. Left as they are: a batch
    norm without such a layer (the first of a pre-activation block), whatever is used in several
    places, has hooks, was given a forward of its own or is of a subclass. A net with nothing to
    fold, such as one built without batch norm, or fused before, stays as it is.

    There is no way back: fuse a copy (``nn.fuse(copy.deepcopy(net))``), and save the original,
    whose names the fused net no longer has. The parameters are new ones that no optimiser knows.
    ``train()`` brings no batch norm back: training goes on without it.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on any device, float32 or float64.

    Returns
    -------
    nn.Module
        `model` itself.

    Raises
    ------
    ConfigError
        If any of it is in training mode, where batch norm depends on the batch. Then nothing has
        been changed.
    """
    if any(module.training for module in model.modules()):
        raise ConfigError(
            "fuse",
            "a net in training mode",
            "evaluation mode, where batch norm is a fixed scale and shift",
            "training mode",
            "call net.eval() first",
        )
    places = Counter(
        value
        for module in dict.fromkeys(model.modules())
        for value in vars(module).values()
        if isinstance(value, (Module, Tensor))
    )
    for module, name, layer in list(before_batch_norm(model)):
        norm = getattr(module, name)
        alone = _alone(layer, (Conv2d, Linear), places) and _alone(norm, (BatchNorm2d,), places)
        if alone and layer.weight.shape[-1:] == norm.weight.shape:
            _fold(norm, layer)
            setattr(module, name, Identity().eval())
    return model


def before_batch_norm(model: Module) -> Iterator[tuple[Module, str, Conv2d | Linear]]:
    """(module, name, layer) for each convolution or linear layer right before a batch norm.

    The batch norm, ``module.name``, was assigned right after the layer in the same module, as in
    `models` and in every `Sequential`. A `ModuleList` says nothing of the order of computing, so
    neighbours in one do not count.
    """
    for module in dict.fromkeys(model.modules()):
        if isinstance(module, ModuleList):
            continue
        values = vars(module).items()
        children = [(name, value) for name, value in values if isinstance(value, Module)]
        for (_, layer), (name, follower) in zip(children, children[1:]):
            if isinstance(follower, BatchNorm2d) and isinstance(layer, (Conv2d, Linear)):
                yield module, name, layer


def _alone(module: Module, kinds: tuple[type[Module], ...], places: Counter) -> bool:
    """Whether a module does just what its class says, and nothing of it is in a second place."""
    in_one_place = all(places[value] == 1 for value in (module, *module.parameters()))
    return type(module) in kinds and module.is_unmodified() and in_one_place


def scale_and_shift(norm: BatchNorm2d) -> tuple[Array, Array]:
    """What batch norm does in evaluation, in float64 and on the CPU: it computes scale x + shift.

    Both are of shape (C,): scale = weight / sqrt(running_var + eps), and
    shift = bias - running_mean scale.
    """
    scale = in_float64(norm.weight) / np.sqrt(in_float64(norm.running_var) + norm.eps)
    return scale, in_float64(norm.bias) - in_float64(norm.running_mean) * scale


def in_float64(tensor: Tensor) -> Array:
    """The numbers of a Tensor on any device, as a float64 array on the CPU."""
    return backend.move(tensor.data, "cpu").astype(np.float64)


def _fold(norm: BatchNorm2d, layer: Conv2d | Linear) -> None:
    """Let `layer` do the work of the batch norm after it. Computed in float64, and rounded once."""
    scale, shift = scale_and_shift(norm)
    if layer.bias is not None:
        shift += in_float64(layer.bias) * scale
    device, dtype = layer.weight.device, layer.weight.dtype
    trained = layer.weight.requires_grad
    layer.weight = Parameter(backend.move((in_float64(layer.weight) * scale).astype(dtype), device))
    layer.bias = Parameter(backend.move(shift.astype(dtype), device))
    layer.weight.requires_grad = layer.bias.requires_grad = trained
