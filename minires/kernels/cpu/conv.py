"""Convolution by matrix products.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward is that of a linear layer, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row
q holds dL/dy of all outputs that pixel q went into. So for dX a window slides over dY, as it slides
over X in the forward pass, and dW comes from the same columns.

Who does what: a plan (`plan.py`) works out the sizes, once for all convolutions of the same shapes.
`convolve` (`columns.py`) goes through the images, a few at a time. A producer makes their columns,
`Im2col`; and consumers multiply them, `Product` by the weights, `WeightGradient` by the other array
(`im2col.py`). Which pixel meets which weight, `blocking.py` says.

Where the window is 3x3 and moves by one pixel, `winograd.py` has a producer and consumers that
multiply less. They are taken where that pays.
"""

from typing import Any, NamedTuple

from ...types import Array, IntPair, Shape
from .. import shapes
from ..common import swap_in_out_channels
from ..kernel import Kernel
from ..shapes import Window
from . import channels, im2col, memory, plan, winograd
from .activation import relu
from .columns import Producer, convolve


class Way(NamedTuple):
    """How a convolution is computed: its plan, and those who work by it."""

    plan: Any
    producer: Producer
    product: Any
    weight_gradient: Any


class conv2d(Kernel):
    """y[n, i, j, o] = sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] w[a, b, c, o].

    x (N, H, W, C), w (KH, KW, C / groups, O), y (N, H', W', O). Stride s, padding p and dilation d
    are ints or (height, width) pairs. With groups, each group of output channels sees only its own
    group of input channels.
    """

    def forward(
        x: Array,
        w: Array,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        dims = winograd.dims_that_pay(shape, w.shape, window, int(groups))
        return _forward(x, w, shape, window, int(groups), dims)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups, dims = cache
        if not needs[0]:  # the first layer: X has few channels, so few columns; dY has many
            by = _way_forward(dy.shape[1:3], w, window, groups, 0, only_dw=True)
            convolve(x, by.plan, by.producer, dw := by.weight_gradient(by.plan, dy))
            return None, dw.total()
        dx = memory.empty(x.shape, x.dtype)
        by = _way_backward(x.shape[1:3], w, window, groups, dims, with_dw=needs[1])
        product = by.product(by.plan, swap_in_out_channels(w, groups), dx)
        if not needs[1]:
            convolve(dy, by.plan, by.producer, product)
            return dx, None
        convolve(dy, by.plan, by.producer, product, dw := by.weight_gradient(by.plan, x))
        return dx, swap_in_out_channels(dw.total(), groups)


class im2col_conv2d(conv2d):
    """The same, always by im2col: ``kernels.use(conv2d=kernels.cpu.conv.im2col_conv2d)``."""

    def forward(
        x: Array,
        w: Array,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        return _forward(x, w, shape, window, int(groups), dims=0)


class winograd_conv2d(conv2d):
    """The same, by Winograd's formula wherever it holds, though it may not pay."""

    def forward(
        x: Array,
        w: Array,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        dims = winograd.dims(w.shape, int(groups)) if winograd.fits(window) else 0
        return _forward(x, w, shape, window, int(groups), dims)


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), with b (O,) and an optional shortcut of y's shape.

    Bias, shortcut and ReLU are applied to a few images while the convolution's output is in cache.
    As kernels of their own they would each read and write the whole batch.
    """

    def forward(
        x: Array,
        w: Array,
        b: Array,
        shortcut: Array | None = None,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        shapes.bias("conv2d_relu", w.shape, b.shape)
        shapes.same("conv2d_relu", shape, "the output's", shortcut=shortcut)
        dims = winograd.dims_that_pay(shape, w.shape, window, int(groups))
        y = memory.empty(shape, x.dtype)
        epilogue = channels.bias_relu_epilogue(y, b, shortcut)
        _, cache = _forward(x, w, shape, window, int(groups), dims, y, epilogue)
        return y, (*cache, y, shortcut is not None)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True, True, True)
    ) -> tuple[Array | None, ...]:
        """Back through the ReLU, then the convolution; the bias was added to every pixel."""
        *conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients


def _forward(x, w, shape, window, groups, dims, out=None, epilogue=None):
    """y and the cache, by Winograd's formula along so many `dims`."""
    y = memory.empty(shape, x.dtype) if out is None else out
    by = _way_forward(shape[1:3], w, window, groups, dims)
    convolve(x, by.plan, by.producer, by.product(by.plan, w, y, epilogue))
    return y, (x, w, window, groups, dims)


def _way_forward(
    size: Shape, w: Array, window: Window, groups: int, dims: int, only_dw: bool = False
) -> Way:
    """From x to y, of that size."""
    if dims:
        return _winograd(winograd.forward(size, w.shape, window, groups, w.itemsize, dims))
    return _im2col(plan.forward(size, w.shape, window, groups, w.itemsize, only_dw))


def _way_backward(
    size: Shape, w: Array, window: Window, groups: int, dims: int, with_dw: bool
) -> Way:
    """From dL/dy to dL/dx, of that size."""
    if dims:
        return _winograd(winograd.backward(size, w.shape, window, groups, w.itemsize, dims))
    return _im2col(plan.backward(size, w.shape, window, groups, w.itemsize, with_dw))


def _im2col(made):
    return Way(made, im2col.Im2col, im2col.Product, im2col.WeightGradient)


def _winograd(made):
    return Way(made, winograd.Tiles, winograd.Product, winograd.WeightGradient)
