"""How many bytes a training step moves to and from memory at the least: what its time is to be held
against.

The nets of the paper compute little with each number they read, so on a GPU memory is what they
wait for.
"""

import numpy as np

from minires import Tensor, models, nn, no_grad
from minires.models.blocks import BasicBlock
from minires.models.shortcuts import NoShortcut


def per_image(work, columns=False):
    """The least bytes that a training step of a net moves for each image, if nothing stays on the
    chip between two kernels.

    A kernel reads each array it needs once and writes each result once. For a layer of a
    convolution, batch norm and ReLU, with input x, output y of the convolution and z of the ReLU,
    as large as y, these kernels are:

    ===================  =========================================  ==========
    convolution          reads x, writes y                           x + y
    statistics           read y                                          y
    normalise, ReLU      reads y, writes z                              2y
    sums of backward     read dz and y (z > 0 where y says so)          2y
    dL/dy                reads dz and y, writes dy                      3y
    dL/dx                reads dy, writes dx (not in the first layer) x + y
    dL/dw                reads x and dy                              x + y
    ===================  =========================================  ==========

    A shortcut takes four more of its size: it is read before the ReLU; ReLU's mask no longer
    follows from y alone, so z is read as well; what the ReLU lets through is written, for it is the
    shortcut's gradient too, and read when it joins dx.

    The weights are some thousandths of this, as are pooling, the last layer and the loss; they are
    left out.

    Parameters
    ----------
    work : Net
    columns : bool
        Count convolutions as im2col does them: the columns, KH KW times as large as the images, are
        written, and read by the matrix product. Those of dy serve for dx and dw; in the first
        layer, those of x for dw.

    Returns
    -------
    int
    """
    convolutions, shortcuts = _layers(work)
    numbers = 4 * sum(shortcuts)
    for i, (x, y, columns_of_x, columns_of_dy) in enumerate(convolutions):
        numbers += 8 * y  # batch norm and ReLU, forward and backward
        if not columns:
            numbers += (x + y) + (x + y) + (x + y if i else 0)
        elif i:
            numbers += (x + y + 2 * columns_of_x) + (y + 2 * x + 3 * columns_of_dy)
        else:
            numbers += 2 * (x + y + 2 * columns_of_x)
    return numbers * np.dtype(work.dtype).itemsize


def _layers(work):
    """Sizes, found by sending one image through the net: (x, y, columns of x, columns of dy) of
    each convolution; of each shortcut.
    """
    convolutions, shortcuts = [], []

    def convolution(module, inputs, y):
        x, (kh, kw, in_channels, out_channels) = inputs[0], module.weight.shape
        convolutions.append(
            (
                x.size,
                y.size,
                y.size // out_channels * kh * kw * in_channels,
                x.size // in_channels * kh * kw * out_channels,
            )
        )

    def block(module, inputs, y):
        if not isinstance(module.shortcut, NoShortcut):
            shortcuts.append(y.size)

    net = (models.resnet if work.residual else models.plain)(work.depth, width=work.width)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(convolution)
        elif isinstance(module, BasicBlock):
            module.register_forward_hook(block)
    with no_grad():
        net.eval()(Tensor(np.zeros((1, work.size, work.size, 3), np.float32)))
    return convolutions, shortcuts
