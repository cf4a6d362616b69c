"""Batch norm, addition and ReLU, one after the other."""

from ..kernel import Kernel
from .. import shapes
from .activation import relu
from .batch_norm import batch_norm


class batch_norm_relu(Kernel):
    """y = relu(batch_norm(x, weight, bias) + shortcut), where shortcut, of x's shape, may be left out.

    The end of every layer of a residual net. This is the definition; faster wings make one pass of it.
    """

    def forward(x, weight, bias, shortcut=None, mean=None, var=None, eps=1e-5):
        shapes.channels("batch_norm_relu", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        shapes.same("batch_norm_relu", x.shape, shortcut=shortcut)
        z, norm_cache = batch_norm.forward(x, weight, bias, mean, var, eps)
        y, relu_cache = relu.forward(z if shortcut is None else z + shortcut)
        return y, Cache(norm_cache, relu_cache, shortcut is not None)

    def backward(dy, cache):
        """Through the ReLU first. An addition hands its gradient on to both sides."""
        dz = relu.backward(dy, cache.relu)
        gradients = batch_norm.backward(dz, cache.norm)
        return (*gradients, dz) if cache.has_shortcut else gradients


class Cache:
    """The caches of both; `mean` and `var` (C,) are also what the running averages are made from."""

    def __init__(self, norm, relu, has_shortcut):
        self.norm, self.relu, self.has_shortcut = norm, relu, has_shortcut
        self.mean, self.var = norm.mean, norm.var
