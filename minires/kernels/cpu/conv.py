"""Convolution by im2col and matrix products.

Each output pixel is the product of a window of the image, laid out as a row, with the weights:

    columns (N H' W', KH KW C)  @  weights (KH KW C, O)  =  output (N H' W', O)

Backward is that of a linear layer, dX = dY W^T and dW^T = dY^T X, with dY laid out as columns: row
q holds dL/dy of all outputs that pixel q went into. So for dX a window slides over dY, as it slides
over X in the forward pass, and dW comes from the same columns. `im2col.py` makes the columns and
multiplies them; `blocking.py` says which pixel meets which weight.
"""

from typing import Any

from ...types import Array, IntPair
from .. import shapes
from ..common import swap_in_out_channels
from ..kernel import Kernel
from ..shapes import Window
from . import blocking, channels, workspace
from .activation import relu
from .blocking import WideWindow
from .im2col import multiply_columns

WIDE_ENOUGH = 32  # channels of a block of pixels: narrower products take longer


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
        groups, y = int(groups), workspace.empty(shape, x.dtype)
        multiply_columns(
            x, *_forward_windows(window, w, groups), groups, shape[1:3], weights=w, out=y
        )
        return y, (x, w, window, groups)

    def backward(
        dy: Array, cache: Any, needs: tuple[bool, ...] = (True, True)
    ) -> tuple[Array | None, Array | None]:
        x, w, window, groups = cache
        if not needs[0]:  # the first layer: X has few channels, dY many
            return None, multiply_columns(
                x, *_forward_windows(window, w, groups), groups, dy.shape[1:3], grad_output=dy
            )
        dx = workspace.empty(x.shape, x.dtype)
        dw = multiply_columns(
            dy,
            *_backward_windows(window, w),
            groups,
            x.shape[1:3],
            weights=swap_in_out_channels(w, groups),
            out=dx,
            grad_output=x if needs[1] else None,
        )
        return dx, None if dw is None else swap_in_out_channels(dw, groups)


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
        groups, y = int(groups), workspace.empty(shape, x.dtype)
        multiply_columns(
            x,
            *_forward_windows(window, w, groups),
            groups,
            shape[1:3],
            weights=w,
            out=y,
            epilogue=channels.bias_relu_epilogue(y, b, shortcut),
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


def _forward_windows(window: Window, w: Array, groups: int) -> tuple[WideWindow, WideWindow]:
    """The windows from x to blocks of y, along the height and along the width."""
    height, width = zip(*window)
    return (
        blocking.forward(1, *height),
        blocking.forward(_pixels_per_block(w.shape[3] // groups, window), *width),
    )


def _backward_windows(window: Window, w: Array) -> tuple[WideWindow, WideWindow]:
    """The windows from dL/dy to blocks of dL/dx, along the height and along the width.

    Backward through a stride, a block is at least as large as the stride.
    """
    height, width = zip(*window)
    stride_h, stride_w = window.stride
    pixels = _pixels_per_block(w.shape[2] * stride_h * stride_w, window)
    return blocking.backward(stride_h, *height), blocking.backward(stride_w * pixels, *width)


def _pixels_per_block(channels: int, window: Window) -> int:
    """How many neighbouring pixels to compute at once, so that matrix products are wide enough."""
    if window.dilation[1] > 1:
        return 1  # neighbours do not see the same pixels
    return max(t for t in (1, 2, 4) if t == 1 or t * channels <= WIDE_ENOUGH)
