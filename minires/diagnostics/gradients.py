"""How large each layer's gradient is: that of its weights, and that of its output."""

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
    ratio: float  # |dL/dw| / |w|: the relative change by a rate of 1; inf if w = 0


def gradient_norms(model: Module) -> list[LayerGradient]:
    """The gradient norm of every layer with weights, from the images to the logits.

    Counts convolutions and linear layers on the main path (`parts.main_path`), as He et al. do: not
    batch norm's parameters, biases, or projection shortcuts. Norms are computed in float64. Call it
    after ``backward()`` and before the optimiser's step. A layer without a gradient, left out of
    this batch by stochastic depth, counts as one of norm 0; frozen layers are left out.

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
    """The gradient of the loss by the output of one layer or block, for a whole batch."""

    layer: str  # the name of the layer or block in the net
    depth: int  # along the main path; of a block, that of its last layer
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
    """|dL/dy| for the output y of every layer or block: what reaches each place on the way back.

    A layer's output is what its convolution or matrix product gives, before batch norm and ReLU; a
    block's, what it hands to the next block. As L is a mean over the batch, both numbers fall with
    its size: |dL/dy| as 1 / sqrt(N), the root mean square as 1 / N.

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
        From the images to the logits; layers that were not called (in a block that was dropped) are
        left out.

    Raises
    ------
    ConfigError
        For another `of` or `mode`, or blocks of a net that has none.
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
    """What passed through one part of a net, forwards and back."""

    elements: int  # of its output
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
    """Name -> Signal for each of the modules `parts` that one forward and backward pass calls."""
    found: dict[str, Signal] = {}

    def on_call(name, inputs, y):
        before = found.get(name, Signal(0, 0.0, 0.0))  # a layer that is called twice adds up
        activation = before.activation + square_sum(y.data)
        found[name] = before._replace(elements=before.elements + y.size, activation=activation)

    def on_gradient(name, gradient):
        found[name] = found[name]._replace(gradient=found[name].gradient + square_sum(gradient))

    with preserve_state(model, mode), watching(parts, on_call, on_gradient):
        loss(model(Tensor(array_of(images))), labels).backward()
    return {name: found[name] for name in parts if name in found}
