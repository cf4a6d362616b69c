"""Convolution by im2col and matrix products.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward is that of a linear layer, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row
q holds dL/dy of all outputs that pixel q went into. So for dX a window slides over dY, as it slides
over X in the forward pass, and dW comes from the same columns.

`plan.py` works out the sizes, once for all convolutions of the same shapes; `im2col.py` makes the
columns and multiplies them; `blocking.py` says which pixel meets which weight.
"""

from typing import Any

from ...types import Array, IntPair
from .. import shapes
from ..common import swap_in_out_channels
from ..kernel import Kernel
from . import channels, memory, plan
from .activation import relu
from .columns import convolve
from .im2col import Im2col, Product, WeightGradient


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
        groups, y = int(groups), memory.empty(shape, x.dtype)
        todo = plan.forward(shape[1:3], w.shape, window, groups, x.itemsize)
        convolve(x, todo, Im2col, Product(todo, w, y))
        return y, (x, w, window, groups)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups = cache
        if not needs[0]:  # the first layer: X has few channels, so few columns; dY has many
            todo = plan.forward(dy.shape[1:3], w.shape, window, groups, x.itemsize, only_dw=True)
            convolve(x, todo, Im2col, dw := WeightGradient(todo, dy))
            return None, dw.total()
        dx = memory.empty(x.shape, x.dtype)
        todo = plan.backward(x.shape[1:3], w.shape, window, groups, x.itemsize, with_dw=needs[1])
        product = Product(todo, swap_in_out_channels(w, groups), dx)
        if not needs[1]:
            convolve(dy, todo, Im2col, product)
            return dx, None
        convolve(dy, todo, Im2col, product, dw := WeightGradient(todo, x))
        return dx, swap_in_out_channels(dw.total(), groups)


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
        groups, y = int(groups), memory.empty(shape, x.dtype)
        todo = plan.forward(shape[1:3], w.shape, window, groups, x.itemsize)
        convolve(
            x,
            todo,
            Im2col,
            Product(todo, w, y, channels.bias_relu_epilogue(y, b, shortcut)),
        )
        return y, (x, w, window, groups, y, shortcut is not None)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True, True, True)
    ) -> tuple[Array | None, ...]:
        """Back through the ReLU, then the convolution; the bias was added to every pixel."""
        *conv_cache, y, has_shortcut = cache
        dz = relu.backward(dy, y)
        gradients = (*conv2d.backward(dz, conv_cache, needs[:2]), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients
