"""How large each layer's gradient is."""

import math
from typing import NamedTuple

import numpy as np


class LayerGradient(NamedTuple):
    """The gradient of one layer's weights, as Euclidean norms."""

    layer: str               # the name of the weights in the net
    depth: int               # 1 for the layer next to the images, counted along the main path
    gradient_norm: float     # |dL/dw|
    weight_norm: float       # |w|
    ratio: float             # |dL/dw| / |w|: the change, relative to the weights, that a learning rate of 1 would make; inf if w = 0


def gradient_norms(model):
    """The gradient norm of every layer with weights, from the images to the logits.

    Counts convolutions and linear layers on the main path, as He et al. do: not batch norm's parameters, biases, or
    projection shortcuts. Call it after ``backward()`` and before the optimiser's step.
    A layer without a gradient, left out of this batch by stochastic depth, counts as one of norm 0.

    Returns
    -------
    list of LayerGradient
    """
    weights = [(name, p) for name, p in model.named_parameters() if p.ndim > 1 and ".downsample." not in name]
    records = []
    for depth, (name, parameter) in enumerate(weights, 1):
        gradient, weight = _norm(parameter.grad), _norm(parameter.data)
        ratio = gradient / weight if weight else math.inf          # Fixup starts layers at 0
        records.append(LayerGradient(name.removesuffix(".weight"), depth, gradient, weight, ratio))
    return records


def _norm(array):
    return 0.0 if array is None else float(np.linalg.norm(array))
