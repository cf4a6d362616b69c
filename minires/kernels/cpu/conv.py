"""Convolution by im2col and matrix products.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward is a linear layer's, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row q holds what dL/dy has in
all outputs that pixel q went into. So dX slides a window over dY as the forward pass slides one over X, and dW comes
from the same columns. `im2col.py` does the sliding; which pixel meets which weight is in `blocking.py`.
"""

from .. import shapes
from ..common import swap_in_out_channels
from ..kernel import Kernel
from . import channels, workspace, blocking
from .activation import relu
from .im2col import slide

WIDE_ENOUGH = 32             # columns of a matrix product; where there are fewer, neighbouring pixels are found at once


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O), with stride s, padding p, dilation d: ints or
    (height, width) pairs. With groups, each group of output channels sees only its own group of input channels.
    """

    def forward(x, w, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        y = workspace.empty(shape, x.dtype)
        slide(x, *_output_from_input(win, w, groups), groups, shape[1:3], weights=w, out=y)
        return y, (x, w, win, groups)

    def backward(dy, cache, needs=(True, True)):
        x, w, win, groups = cache
        if not needs[0]:                                           # the first layer: X has few channels, dY many
            return None, slide(x, *_output_from_input(win, w, groups), groups, dy.shape[1:3], partner=dy)
        dx = workspace.empty(x.shape, x.dtype)
        dw = slide(dy, *_input_from_output(win, w), groups, x.shape[1:3], weights=swap_in_out_channels(w, groups), out=dx,
                   partner=x if needs[1] else None)
        return dx, swap_in_out_channels(dw, groups) if needs[1] else None


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), where shortcut, of y's shape, may be left out; b (O,).

    What the convolution has put out for a few images is finished while it is in cache. Each pass of its own would read and write the batch.
    """

    def forward(x, w, b, shortcut=None, stride=1, padding=0, dilation=1, groups=1):
        shape, win = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        shapes.bias("conv2d_relu", w.shape, b.shape)
        shapes.same("conv2d_relu", shape, "the output's", shortcut=shortcut)
        y = workspace.empty(shape, x.dtype)
        slide(x, *_output_from_input(win, w, groups), groups, shape[1:3], weights=w, out=y, finish=channels.shift_and_clip(y, b, shortcut))
        return y, (x, w, win, groups, y, shortcut is not None)

    def backward(dy, cache, needs=(True, True, True, True)):
        """Through the ReLU, then convolution's; the bias was added to every pixel."""
        *conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def _output_from_input(win, w, groups):
    """The taps of y over x, along rows and columns."""
    rows, columns = zip(*win)
    return blocking.forward(1, *rows), blocking.forward(_pixels_at_once(w.shape[3] // groups, win), *columns)


def _input_from_output(win, w):
    """The taps of dL/dx over dL/dy, along rows and columns. Backward through a stride, as many pixels at once as it has."""
    rows, columns = zip(*win)
    at_once = _pixels_at_once(w.shape[2] * win.stride[0] * win.stride[1], win)
    return blocking.backward(win.stride[0], *rows), blocking.backward(win.stride[1] * at_once, *columns)


def _pixels_at_once(channels, win):
    """How many neighbouring pixels to find at once, so that matrix products are not too narrow."""
    if win.dilation[1] > 1:
        return 1                                                   # neighbours do not share what they see
    return max(t for t in (1, 2, 4) if t == 1 or t * channels <= WIDE_ENOUGH)
