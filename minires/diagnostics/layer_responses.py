"""How strongly each layer responds: figure 7 of He et al. 2015 (arXiv:1512.03385).

In a residual net each block only corrects its input. So its layers respond less strongly than those
of a plain net, and the deeper the net, the less.
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
    """The output of one layer, over all images, pixels and channels.

    It is measured after the batch norm that follows the layer, before the addition and the ReLU.
    """

    layer: str  # the name of the convolution or linear layer
    depth: int  # along the main path, from 1
    mean: float
    std: float  # standard deviation, which the paper's figure shows
    # fraction of the inputs of the next ReLU (after the addition) that are above 0; nan if none
    # follows
    active: float


def responses(model: nn.Module, batches: Batches, mode: Mode = "eval") -> list[LayerResponse]:
    """The response of every layer on the main path, in order from the images to the logits.

    The response of a layer is the output of the `BatchNorm2d` right after it. Without batch norm it
    is the output of the learnable number right after it (SkipInit's, or the one after Fixup's first
    layer). If neither follows, it is the layer's own output, as for the last layer of a block with
    pre-activation and for the layers of Fixup's blocks. The paper's figure shows only convolutions:
    leave out the last record, which is that of the logits.

    Parameters
    ----------
    model : nn.Module
        Stays as it is.
    batches : iterable of (images, labels)
        A list or a `data.eval_loader`; a single batch is a list of one pair. It is gone through
        once. Labels are not used.
    mode : {"train", "eval"}
        In "train" batch norm uses each batch's own statistics.

    Returns
    -------
    list of LayerResponse
        Layers of blocks that stochastic depth dropped are left out.

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
    ):  # while relu is swapped, fused kernels are not used, so every ReLU is seen
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
    """Adds up sums over batches.

    It keeps the output of one layer at a time. Once the next layer is called, the response of that
    layer is final.
    """

    def __init__(self):
        # name -> elements, their sum, their sum of squares; inputs of the ReLU, how many above 0
        self.sums = {}
        self.name = self.response = None  # the layer that was called last, and its response so far
        self.relu_is_due = False  # only the first ReLU after a layer belongs to it

    def layer_called(self, name, inputs, y):
        self.end_of_layer()
        self.name, self.response, self.relu_is_due = name, y, True

    def norm_called(self, name, inputs, y):
        if inputs[0] is self.response:  # it is not the norm of a projection shortcut
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
        """(mean, std, active) for a `LayerResponse`."""
        elements, total, squares, inputs, above = self.sums[name]
        mean = total / elements
        return mean, sqrt(max(squares / elements - mean**2, 0.0)), above / inputs if inputs else nan

    def _add(self, name, *numbers):
        self.sums[name] = [a + b for a, b in zip(self.sums.get(name, (0, 0.0, 0.0, 0, 0)), numbers)]


def _watched_relu(collector):
    """The ReLU in use, as a kernel that also gives its input to the collector."""
    chosen, own = find("relu"), find("relu", swapped=False)

    class relu(Kernel):
        def forward(x):
            collector.relu_called(x)
            kernel = (
                chosen if chosen is not own else find("relu", backend.device_of(x), swapped=False)
            )
            return kernel.forward(x)

        def backward(dy, cache):  # every kernel needs one, but under no_grad it is not called
            raise NotImplementedError

    return relu
