"""The least number of bytes that a training step reads from memory and writes to it.

The nets of the paper compute little with each number that they read, so on a GPU a step mostly
waits for memory. These bytes over the bandwidth are a lower bound for its time.
"""

import numpy as np

from minires import Tensor, models, nn, no_grad
from minires.models.blocks import BasicBlock
from minires.models.shortcuts import NoShortcut


def bytes_per_image(work, columns=False):
    """The least number of bytes that a training step moves for each image, if nothing stays on the
    chip between two kernels.

    A kernel reads each of its inputs once and writes each result once. Take a convolution, batch
    norm and ReLU, with the input x, the output y of the convolution, and the output z of the ReLU,
    which is as large as y. The kernels are:

    ===================  =========================================  ==========
    convolution          reads x, writes y                           x + y
    statistics           read y                                          y
    normalise, ReLU      reads y, writes z                              2y
    sums of backward     read dz and y (z > 0 where y says so)          2y
    dL/dy                reads dz and y, writes dy                      3y
    dL/dx                reads dy, writes dx (not in the first layer) x + y
    dL/dw                reads x and dy                              x + y
    ===================  =========================================  ==========

    A shortcut adds four times its size. It is read before the ReLU. The ReLU's mask no longer
    follows from y alone, so backward reads z too. The gradient behind the ReLU is written, because
    it is the shortcut's gradient as well, and it is read again when it is added to dx.

    Weights, pooling, the last layer and the loss are left out: each adds some thousandths.

    Parameters
    ----------
    work : Net
    columns : bool
        Count convolutions by im2col. The columns, KH KW times as large as the images, are written,
        and then read by the matrix product. The columns of dy serve for both dx and dw. The first
        layer needs no dx; there the columns of x serve for dw.

    Returns
    -------
    int
        Bytes.
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
    """Sizes in numbers for one image: (x, y, columns of x, columns of dy) of each convolution, and
    the size of each shortcut. They are found by running the net on one image.
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
