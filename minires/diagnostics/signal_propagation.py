"""How signals grow or shrink from layer to layer in fresh nets, over many draws of the weights.

Theory says about wide layers, with y_l the output of layer l before batch norm and ReLU:

- ReLU, weights of standard deviation gain / sqrt(fan_in) (Glorot & Bengio 2010; He et al. 2015,
  arXiv:1502.01852): E|y|^2 and E|dL/dy|^2 are multiplied by gain^2 / 2 from layer to layer,
  forwards and back. Gain 1 halves them, sqrt 2 keeps them, 2 doubles them.
- ReLU and batch norm (Yang et al. 2019, arXiv:1902.08129): |dL/dy|^2 is multiplied by pi / (pi - 1)
  = 1.467 on the way back, |dL/dy| by 1.21, whatever the weights' variance: gradients explode.
"""

from collections.abc import Callable, Iterable
from math import exp
from typing import Any, NamedTuple

import numpy as np

from .. import functional as F
from ..checks import is_integer
from ..errors import ConfigError
from ..nn import Module
from ..types import Array, ArrayLike, Mode
from .gradients import Signal, signals
from .parts import Images, Loss, depths, main_path, standard_error


class LayerPropagation(NamedTuple):
    """What passes through one layer, on average over the draws."""

    layer: str  # the name of the convolution or linear layer
    depth: int  # along the main path, from 1
    activation: float  # mean square of the elements of its output y, before batch norm and ReLU
    gradient: float  # mean square of the elements of dL/dy
    gradient_norm: float  # |dL/dy| over the batch: root of the mean of its square


class Growth(NamedTuple):
    """A straight line through the logarithms of gradient norms, from the images to the logits."""

    slope: float  # of ln|dL/dy| per layer: below 0 if gradients grow towards the images
    standard_error: float  # of the slope, from its spread between draws; nan for a single draw
    per_layer: float  # exp(-slope): the factor of |dL/dy| from one layer to the one before it


class Propagation(NamedTuple):
    """How signals pass through nets of one kind at initialisation."""

    layers: list[LayerPropagation]  # in order from the images to the logits
    # (draws, layers): |dL/dy| in each net; `growth` can be computed again from some of the layers
    gradient_norms: Array
    growth: Growth  # of all layers but the last


def propagation(
    build: Callable[[int], Module],
    images: Images,
    labels: Array,
    seeds: int | Iterable[int] = 10,
    mode: Mode = "train",
    loss: Loss = F.cross_entropy,
) -> Propagation:
    """Send a batch through fresh nets, forwards and back, and measure the signals at each layer.

    Parameters
    ----------
    build : callable
        ``build(seed)`` returns a new net, on the device of `images`: ``lambda seed:
        models.plain(20, seed=seed)``.
    images : Tensor or array (N, ...)
    labels : array of int (N,)
    seeds : int or iterable of int
        The number of draws, or their seeds.
    mode : {"train", "eval"}
        In "eval" the batch norms of a fresh net do nothing, since its running means are 0 and its
        variances 1.
    loss : callable
        Takes logits and labels, returns a single number as a Tensor.

    Returns
    -------
    Propagation
        The line for `growth` leaves out the last layer. No ReLU follows it, and its gradient comes
        from the loss, whatever its weights are.

    Raises
    ------
    ConfigError
        If there are no seeds, for an unknown mode, for a net of fewer than three layers, or if
        stochastic depth drops different layers in each draw.
    """
    found: list[dict[str, Signal]] = []
    draws: Any = seeds  # how many, or a list
    for seed in range(draws) if is_integer(draws) else draws:
        model = build(seed)
        found.append(signals(model, main_path(model), images, labels, mode, loss))
        differ = sorted(found[0].keys() ^ found[-1].keys())
        if differ:
            raise ConfigError(
                "propagation",
                "draws differ",
                "the same layers to be called in each",
                f"{differ[0]} in some only",
                "with mode='eval' stochastic depth drops no blocks",
            )
    if not found:
        raise ConfigError("propagation", "seeds", "at least one", "none")
    names, places = list(found[0]), depths(model, found[0])
    elements, activation, gradient = np.array(
        [[draw[name] for name in names] for draw in found]
    ).transpose(2, 0, 1)
    layers = [
        LayerPropagation(name, places[name], *map(float, numbers))
        for name, *numbers in zip(
            names,
            (activation / elements).mean(0),
            (gradient / elements).mean(0),
            np.sqrt(gradient.mean(0)),
        )
    ]
    norms = np.sqrt(gradient)
    return Propagation(layers, norms, growth(norms[:, :-1]))


def growth(norms: ArrayLike) -> Growth:
    """Fit the growth of gradients from layer to layer, by least squares.

    A line is fitted to the logarithms of each draw, and the slopes are averaged. Within a draw,
    neighbouring layers deviate from the line together: if one layer doubles the gradient by chance,
    it stays doubled in all layers before it. The draws are independent, so the standard error comes
    from the spread of the slopes between draws.

    Parameters
    ----------
    norms : array (draws, layers)
        Gradient norms, above 0, in layers that follow one another, from the images to the logits.

    Returns
    -------
    Growth

    Raises
    ------
    ConfigError
        For fewer than two layers.
    """
    norms = np.asarray(norms, np.float64)
    if norms.ndim != 2 or norms.shape[1] < 2:
        raise ConfigError(
            "growth", "norms", "(draws, layers), of at least two layers", f"shape {norms.shape}"
        )
    place = np.arange(norms.shape[1]) - (norms.shape[1] - 1) / 2
    # A gradient that is 0 has no logarithm: the slope is then nan, without a warning.
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.log(norms) @ place / (place @ place)
        slope = float(slopes.mean())
        return Growth(slope, float(standard_error(slopes)), exp(-slope))
