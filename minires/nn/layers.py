"""A layer and what follows it in a residual net, done at once where that is possible."""

from .. import functional as F
from ..autograd.tensor import is_recording
from .conv import Conv2d
from .normalization import BatchNorm2d
from .shaping import Identity


def norm_relu(norm, x, shortcut=None):
    """relu(norm(x) + shortcut), the end of every layer of a residual net; `shortcut` may be left out.

    Where `norm` is a BatchNorm2d it is all done at once, unless a hook on `norm` wants to see what comes out of that, or
    `norm` was given a forward of its own.
    """
    if type(norm) is BatchNorm2d and not norm.has_hooks() and "forward" not in vars(norm):
        return F.batch_norm_relu(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.training,
                                 norm.momentum, norm.eps, shortcut=shortcut)
    y = norm(x)
    return F.relu(y) if shortcut is None else F.add_relu(y, shortcut)


def conv_norm_relu(conv, norm, x, shortcut=None):
    """relu(norm(conv(x)) + shortcut()): a whole layer of a residual net; `shortcut`, a function of nothing, may be left out.

    Where `norm` is an Identity, as `Module.fuse` leaves it, and nothing is recorded, convolution, bias, shortcut and ReLU are done at once,
    unless a hook wants to see what comes in between. What is recorded, for training, goes through the parts.
    """
    plain = type(conv) is Conv2d and type(norm) is Identity and not any(module.has_hooks() or "forward" in vars(module) for module in (conv, norm))
    if plain and conv.bias is not None and not is_recording():
        return F.conv2d_relu(x, conv.weight, conv.bias, conv.stride, conv.padding, conv.dilation, conv.groups,
                             shortcut=None if shortcut is None else shortcut())
    y = conv(x)
    return norm_relu(norm, y, None if shortcut is None else shortcut())
