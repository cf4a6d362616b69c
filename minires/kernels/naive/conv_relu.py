"""Convolution, bias, addition and ReLU, one after the other."""

from .. import shapes
from ..kernel import Kernel
from .activation import relu
from .conv import conv2d


class conv2d_relu(Kernel):
    """y = relu(conv2d(x, w) + b + shortcut), where shortcut, of y's shape, may be left out; b (O,), settings as for conv2d.

    A layer of a residual net without batch norm, or whose batch norm was folded into it. This is the definition; faster wings do the rest
    while what the convolution has put out is in cache.
    """

    def forward(x, w, b, shortcut=None, stride=1, padding=0, dilation=1, groups=1):
        shape, _ = shapes.conv2d(x.shape, w.shape, stride, padding, dilation, groups)
        shapes.bias("conv2d_relu", w.shape, b.shape)
        shapes.same("conv2d_relu", shape, "the output's", shortcut=shortcut)
        z, conv_cache = conv2d.forward(x, w, stride, padding, dilation, groups)
        z = z + b
        y, relu_cache = relu.forward(z if shortcut is None else z + shortcut)
        return y, (conv_cache, relu_cache, shortcut is not None)

    def backward(dy, cache):
        """Through the ReLU first. An addition hands its gradient on to both sides; the bias was added to every pixel."""
        conv_cache, relu_cache, has_shortcut = cache
        dz = relu.backward(dy, relu_cache)
        gradients = (*conv2d.backward(dz, conv_cache), dz.sum(axis=(0, 1, 2)))
        return (*gradients, dz) if has_shortcut else gradients
