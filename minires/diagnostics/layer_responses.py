"""How strongly each layer responds: figure 7 of He et al. 2015 (arXiv:1512.03385).

In a residual net each block only corrects what passes by, so its layers respond less than those of
a plain net, and less the deeper the net.
"""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np

from .. import backend, nn
from ..autograd import Tensor, no_grad
from ..errors import ConfigError
from ..kernels import Kernel, find, use
from ..models.blocks import Gain, Shift
from ..nn.state import preserve_state
from ..types import Mode
from .evaluation import check_batches
from .parts import Batches, array_of, depths, main_path, watching


class LayerResponse(NamedTuple):
    """The output of one layer, after the batch norm that takes it in and before the addition and
    ReLU, over all images, pixels and channels.
    """

    layer: str  # the name of the convolution or linear layer
    depth: int  # along the main path, from 1
    mean: float
    std: float  # standard deviation: what the figure shows
    # fraction of the inputs of the ReLU that follows (after the addition) above 0; nan without a
    # ReLU
    active: float


def responses(model: nn.Module, batches: Batches, mode: Mode = "eval") -> list[LayerResponse]:
    """The response of every layer on the main path, from the images to the logits.

    A layer's response is the output of the `BatchNorm2d` that takes it in, or without batch norm of
    the learnable number (SkipInit's, or that after Fixup's first layer), else the layer's own: so
    it is for the last layer of a block with pre-activation, and for the layers of Fixup's blocks.
    The figure shows the convolutions: leave out the last record, that of the logits.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    batches : iterable of (images, labels)
        Gone through once: `data.eval_loader`, or a list, of one pair for a single batch. Labels are
        not looked at.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's own statistics.

    Returns
    -------
    list of LayerResponse
        Layers that were not called (in a block that was dropped) are left out.

    Raises
    ------
    ConfigError
        If `batches` is an iterator or holds no images, or for an unknown mode.
    """
    check_batches(batches, "responses")
    layers = main_path(model)
    norms = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, (nn.BatchNorm2d, Gain, Shift))
    }
    collector = _Collector()
    with (
        preserve_state(model, mode),
        no_grad(),
        watching(layers, collector.layer_called),
        watching(norms, collector.norm_called),
        use(relu=_watched_relu(collector)),
    ):  # fused kernels step back for it, so every ReLU is seen
        for images, _ in batches:
            model(Tensor(array_of(images)))
            collector.end_of_layer()
    if not collector.sums:
        raise ConfigError("responses", "batches", "at least one image", "none")
    places = depths(model, layers)
    return [
        LayerResponse(name, places[name], *collector.statistics(name))
        for name in layers
        if name in collector.sums
    ]


class _Collector:
    """Sums over batches. It holds on to one layer's output at a time: when the next layer is
    called, that response is final.
    """

    def __init__(self):
        self.sums = {}  # name -> elements, their sum, sum of squares; ReLU inputs, how many above 0
        self.name = self.response = None  # the layer last called, and its response so far
        self.relu_is_due = False  # only the first ReLU after a layer is its own

    def layer_called(self, name, inputs, y):
        self.end_of_layer()
        self.name, self.response, self.relu_is_due = name, y, True

    def norm_called(self, name, inputs, y):
        if inputs[0] is self.response:  # not the one on a projection shortcut
            self.response = y

    def relu_called(self, x):
        if self.relu_is_due:
            self._add(self.name, 0, 0.0, 0.0, x.size, int((x > 0).sum()))
            self.relu_is_due = False

    def end_of_layer(self):
        if self.response is not None:
            y = self.response.data
            squares = float(np.square(y, dtype=np.float64).sum())
            self._add(self.name, y.size, float(y.sum(dtype=np.float64)), squares, 0, 0)
        self.name, self.response, self.relu_is_due = None, None, False

    def statistics(self, name):
        """mean, std and active, as in LayerResponse."""
        elements, total, squares, inputs, above = self.sums[name]
        mean = total / elements
        return mean, sqrt(max(squares / elements - mean**2, 0.0)), above / inputs if inputs else nan

    def _add(self, name, *numbers):
        self.sums[name] = [a + b for a, b in zip(self.sums.get(name, (0, 0.0, 0.0, 0, 0)), numbers)]


def _watched_relu(collector):
    """The ReLU in use, telling the collector what goes in."""
    chosen, own = find("relu"), find("relu", swapped=False)

    class relu(Kernel):
        def forward(x):
            collector.relu_called(x)
            kernel = (
                chosen if chosen is not own else find("relu", backend.device_of(x), swapped=False)
            )
            return kernel.forward(x)

        def backward(dy, cache):  # for no kernel is without one; under no_grad it is not called
            raise NotImplementedError

    return relu
