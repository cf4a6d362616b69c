"""Convolution by matrix products.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward lays dL/dy out as columns. Row q holds dL/dy of every output that pixel q of x took part
in; each number in the row belongs to one weight. Multiplied by these weights, the row gives dL/dx
of pixel q; multiplied by x of pixel q, it is that pixel's part of dL/dw. So the same columns give
both:

    columns (N H W, KH KW O)    @  weights (KH KW O, C)  =  dx (N H W, C)
    columns^T (KH KW O, N H W)  @  x (N H W, C)          =  dw (KH KW O, C), C and O to be swapped

Who does what: a plan (`plan.py`) works out the sizes, once for all convolutions of the same shapes.
`convolve` (`columns.py`) goes through the images, a few at a time: `Columns` makes their columns,
and hands them to the consumers. `Product` multiplies them by the weights, `WeightGradient` by
the other array (`im2col.py`). `blocking.py` works out which pixel meets which weight: that
backward meets the weights of a 3x3 window from the last to the first, for instance, or which pixels
a stride of 2 skips.

Where the window is 3x3 and moves by one pixel, there is another way: the `Columns`, `Product` and
`WeightGradient` of `winograd.py` multiply less. They are used where that pays.
"""

from typing import Any

from ...types import Array, IntPair
from .. import shapes
from ..common import swap_in_out_channels
from ..kernel import Kernel
from . import channels, im2col, memory, winograd
from .activation import relu
from .columns import convolve


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
        by_winograd = winograd.pays(shape, w.shape, window, int(groups))
        return _forward(x, w, shape, window, int(groups), by_winograd)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups, by_winograd = cache
        settings = w.shape, window, groups, x.itemsize
        if not needs[0]:  # as in the first layer: rows of x, KH KW C long, are shorter than dy's
            plan = im2col.forward_plan(dy.shape[1:3], *settings, only_dw=True)
            convolve(x, plan, im2col.Columns, dw := im2col.WeightGradient(plan, dy))
            return None, dw.total()
        way = winograd if by_winograd else im2col
        plan = way.backward_plan(x.shape[1:3], *settings, with_dw=needs[1])
        dx = memory.empty(x.shape, x.dtype)
        product = way.Product(plan, swap_in_out_channels(w, groups), dx)
        if not needs[1]:
            convolve(dy, plan, way.Columns, product)
            return dx, None
        convolve(dy, plan, way.Columns, product, dw := way.WeightGradient(plan, x))
        return dx, swap_in_out_channels(dw.total(), groups)


def _forward(x, w, shape, window, groups, by_winograd, out=None, epilogue=None):
    """y, and what backward needs. `epilogue(first, last)` is called for images of y that have just
    been computed, while the processor's cache holds them.
    """
    way = winograd if by_winograd else im2col
    plan = way.forward_plan(shape[1:3], w.shape, window, groups, x.itemsize)
    y = memory.empty(shape, x.dtype) if out is None else out
    convolve(x, plan, way.Columns, way.Product(plan, w, y, epilogue))
    return y, (x, w, window, groups, by_winograd)


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
        return _forward(x, w, shape, window, int(groups), by_winograd=False)


class winograd_conv2d(conv2d):
    """The same, by Winograd's formula wherever it holds, even where it does not pay."""

    def forward(
        x: Array,
        w: Array,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> tuple[Array, Any]:
        shape, window = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        return _forward(x, w, shape, window, int(groups), winograd.fits(window))


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
        by_winograd = winograd.pays(shape, w.shape, window, int(groups))
        y = memory.empty(shape, x.dtype)
        epilogue = channels.bias_relu_epilogue(y, b, shortcut)
        _, cache = _forward(x, w, shape, window, int(groups), by_winograd, y, epilogue)
        return y, (*cache, y, shortcut is not None)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True, True, True)
    ) -> tuple[Array | None, ...]:
        """Back through the ReLU, then the convolution; the bias was added to every pixel."""
        *conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients
