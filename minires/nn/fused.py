"""The one place that chooses fused kernels: several layers of a residual net computed at once.

A fused kernel gives the same bits as its parts, in fewer passes over memory. Nobody gets to see the
output of a single part. So the parts must be exactly what their classes say
(`Module.is_unmodified`): no hook waits for that output, and nothing replaces it.
"""

from typing import TypeGuard, TypeVar

from .. import functional as F
from ..autograd import Tensor, is_recording
from .conv import Conv2d
from .module import Module
from .normalization import BatchNorm2d
from .shaping import Identity

Kind = TypeVar("Kind", bound=Module)


def conv_norm_relu(conv: Module, norm: Module, x: Tensor, shortcut: Tensor | None = None) -> Tensor:
    """relu(norm(conv(x)) + shortcut): a whole layer of a residual net.

    Parameters
    ----------
    conv : Conv2d or other module
    norm : BatchNorm2d, Identity or other module
    x : Tensor (N, H, W, C)
    shortcut : Tensor (N, H', W', C'), optional
        Of the output's shape. None adds nothing.

    Returns
    -------
    Tensor (N, H', W', C')

    Notes
    -----
    In a net after `nn.fuse`, whose `norm` is an `Identity`, one kernel does everything. While the
    tape records, for training, each part is computed on its own and has its own node there.
    """
    if _is(conv, Conv2d) and _is(norm, Identity) and conv.bias is not None and not is_recording():
        return F.conv2d_relu(
            x,
            conv.weight,
            conv.bias,
            stride=conv.stride,
            padding=conv.padding,
            dilation=conv.dilation,
            groups=conv.groups,
            shortcut=shortcut,
        )
    return norm_relu(norm, conv(x), shortcut)


def norm_relu(norm: Module, x: Tensor, shortcut: Tensor | None = None) -> Tensor:
    """relu(norm(x) + shortcut), the end of every layer of a residual net.

    Parameters
    ----------
    norm : BatchNorm2d, Identity or other module
        A batch norm is computed by the same kernel as the addition and the ReLU.
    x : Tensor
    shortcut : Tensor of x's shape, optional
        None adds nothing.

    Returns
    -------
    Tensor of x's shape
    """
    if _is(norm, BatchNorm2d):
        return F.batch_norm_relu(
            x,
            norm.running_mean,
            norm.running_var,
            norm.weight,
            norm.bias,
            norm.training,
            norm.momentum,
            norm.eps,
            shortcut=shortcut,
        )
    y = norm(x)
    return F.relu(y) if shortcut is None else F.add_relu(y, shortcut)


def _is(module: Module, kind: type[Kind]) -> TypeGuard[Kind]:
    """Whether `module` computes what the class `kind` does, which a subclass need not."""
    return type(module) is kind and module.is_unmodified()
