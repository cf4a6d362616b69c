"""The size of each layer's gradients, with respect to its weights and to its output."""

from collections.abc import Mapping
from math import inf, sqrt
from typing import Literal, NamedTuple

from .. import functional as F
from ..autograd import Tensor
from ..errors import unknown_name
from ..nn import Module
from ..nn.state import preserve_state
from ..types import Array, Mode
from .parts import Images, Loss, array_of, blocks, depths, main_path, norm, square_sum, watching


class LayerGradient(NamedTuple):
    """The gradient of one layer's weights, as Euclidean norms."""

    layer: str  # the name of the weights in the net
    depth: int  # 1 for the layer next to the images, counted along the main path
    gradient_norm: float  # |dL/dw|
    weight_norm: float  # |w|
    ratio: float  # |dL/dw| / |w|: the relative change in a step with lr 1; inf if w = 0


def gradient_norms(model: Module) -> list[LayerGradient]:
    """The gradient norm of every layer with weights, from the images to the logits.

    Call it after ``backward()`` and before the optimiser's step. Layers are the convolutions and
    linear layers on the main path (`parts.main_path`), which He et al. count: neither batch norm's
    parameters nor biases nor projection shortcuts. Norms are computed in float64. If stochastic
    depth left a layer out of this batch, its norm is 0. Frozen layers are left out.

    Returns
    -------
    list of LayerGradient
    """
    records = []
    for depth, (name, module) in enumerate(main_path(model).items(), 1):
        w = module.weight
        if not w.requires_grad:
            continue
        gradient_norm, weight_norm = 0.0 if w.grad is None else norm(w.grad), norm(w.data)
        ratio = gradient_norm / weight_norm if weight_norm else inf  # Fixup starts layers at 0
        records.append(LayerGradient(name, depth, gradient_norm, weight_norm, ratio))
    return records


class ActivationGradient(NamedTuple):
    """The gradient of the loss with respect to a layer's or block's output, for a whole batch."""

    layer: str  # the name of the layer or block in the net
    depth: int  # along the main path; for a block, the depth of its last layer
    norm: float  # |dL/dy|, over all images of the batch
    rms: float  # root mean square of the elements of dL/dy, norm / sqrt(their number)


def activation_gradients(
    model: Module,
    images: Images,
    labels: Array,
    of: Literal["layers", "blocks"] = "layers",
    mode: Mode = "train",
    loss: Loss = F.cross_entropy,
) -> list[ActivationGradient]:
    """|dL/dy| for the output y of every layer or block: how much gradient arrives there.

    The output of a layer is that of its convolution or matrix product, before batch norm and ReLU.
    The output of a block is the input of the next block. As L is a mean over the batch, both
    numbers of a record fall with the batch size N: |dL/dy| as 1 / sqrt(N), the root mean square as
    1 / N.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    images : Tensor or array (N, H, W, C)
    labels : array of int (N,)
    of : {"layers", "blocks"}
    mode : {"train", "eval"}
        In "train" batch norm uses the batch's statistics, and the gradient passes through them.
    loss : callable
        Takes logits and labels, returns a single number as a Tensor.

    Returns
    -------
    list of ActivationGradient
        In order from the images to the logits. Layers of blocks that stochastic depth dropped are
        left out.

    Raises
    ------
    ConfigError
        For another `of` or `mode`, or for ``of="blocks"`` in a net without blocks.
    """
    if of not in ("layers", "blocks"):
        raise unknown_name("activation_gradients", "of", of, ("layers", "blocks"))
    parts = main_path(model) if of == "layers" else blocks(model, "activation_gradients")
    places = depths(model, parts)
    return [
        ActivationGradient(
            name, places[name], sqrt(signal.gradient), sqrt(signal.gradient / signal.elements)
        )
        for name, signal in signals(model, parts, images, labels, mode, loss).items()
    ]


class Signal(NamedTuple):
    """The size of what passed through one part of a net, forwards and back."""

    elements: int  # how many numbers the output has
    activation: float  # sum of their squares
    gradient: float  # sum of the squares of their gradients


def signals(
    model: Module,
    parts: Mapping[str, Module],
    images: Images,
    labels: Array,
    mode: Mode,
    loss: Loss,
) -> dict[str, Signal]:
    """Run one forward and backward pass. Returns name -> Signal for those of `parts` it called."""
    found: dict[str, Signal] = {}

    def on_call(name, inputs, y):
        before = found.get(name, Signal(0, 0.0, 0.0))  # a layer may be called more than once
        activation = before.activation + square_sum(y.data)
        found[name] = before._replace(elements=before.elements + y.size, activation=activation)

    def on_gradient(name, gradient):
        found[name] = found[name]._replace(gradient=found[name].gradient + square_sum(gradient))

    with preserve_state(model, mode), watching(parts, on_call, on_gradient):
        loss(model(Tensor(array_of(images))), labels).backward()
    return {name: found[name] for name in parts if name in found}
