"""The layers a residual net is made of. Each holds its parameters and calls one function of `functional`."""

import numpy as np

from .. import functional as F
from ..errors import ConfigError, ShapeError
from ..kernels import shapes
from . import init
from .module import Buffer, Module, Parameter
from .recomputation import recompute


class Conv2d(Module):
    """Convolution of images (N, H, W, c_in) to (N, H', W', c_out); see `functional.conv2d`.

    Parameters
    ----------
    c_in, c_out : int
        Channels in and out.
    kernel_size, stride, padding, dilation : int or (int, int)
    groups : int
    bias : bool
        Leave it out before a batch norm, which subtracts the mean anyway.
    rng : np.random.Generator, optional
        Where the initial weights come from (`init.he_normal`); unrepeatable if left out.

    Attributes
    ----------
    weight : Parameter (KH, KW, c_in / groups, c_out)
    bias : Parameter (c_out,) or None
        Starts at 0.
    """

    def __init__(self, c_in, c_out, kernel_size, stride=1, padding=0, bias=True, dilation=1, groups=1, rng=None):
        _positive("Conv2d", c_in=c_in, c_out=c_out, groups=groups)
        if c_in % groups or c_out % groups:
            raise ShapeError("Conv2d", "groups", f"a divisor of both {c_in} and {c_out} channels", str(groups))
        kernel = shapes.pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.weight = Parameter(init.he_normal((*kernel, c_in // groups, c_out), rng))
        self.bias = Parameter(np.zeros(c_out, np.float32)) if bias else None

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def describe(self):
        kh, kw, c_in, c_out = self.weight.shape
        return f"{c_in * self.groups}, {c_out}, kernel_size=({kh}, {kw}), stride={self.stride}, padding={self.padding}"


class BatchNorm2d(Module):
    """Batch norm of each channel over a batch of images; see `functional.batch_norm`.

    Attributes
    ----------
    weight, bias : Parameter (channels,)
        Start at 1 and 0.
    running_mean, running_var : Buffer (channels,)
        What evaluation normalises by. Start at 0 and 1.
    """

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        _positive("BatchNorm2d", channels=channels)
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(np.ones(channels, np.float32))
        self.bias = Parameter(np.zeros(channels, np.float32))
        self.running_mean = Buffer(np.zeros(channels, np.float32))
        self.running_var = Buffer(np.ones(channels, np.float32))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training,
                            self.momentum, self.eps)

    def describe(self):
        return f"{self.weight.size}, eps={self.eps}, momentum={self.momentum}"


class Linear(Module):
    """x w + b, from (N, n_in) to (N, n_out).

    Parameters
    ----------
    n_in, n_out : int
    bias : bool
    rng : np.random.Generator, optional
        Where the initial weights come from; unrepeatable if left out.
    std : float, optional
        Standard deviation of the initial weights; if left out that of `init.he_normal`, for a layer before a ReLU.

    Attributes
    ----------
    weight : Parameter (n_in, n_out)
    bias : Parameter (n_out,) or None
        Starts at 0.
    """

    def __init__(self, n_in, n_out, bias=True, rng=None, std=None):
        _positive("Linear", n_in=n_in, n_out=n_out)
        shape = (n_in, n_out)
        self.weight = Parameter(init.he_normal(shape, rng) if std is None else init.normal(shape, rng, std))
        self.bias = Parameter(np.zeros(n_out, np.float32)) if bias else None

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)

    def describe(self):
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x):
        return F.relu(x)


class Identity(Module):
    """x as it is: what stands in for a layer that a net is built without."""

    def forward(self, x):
        return x


class Sequential(Module):
    """Modules one after another, named "0", "1", ... Can be indexed, counted and looped over.

    Attributes
    ----------
    recompute : bool
        In training, run each of them through `nn.recompute`. False at first.
    """

    recompute = False

    def __init__(self, *modules):
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise ConfigError("Sequential", f"argument {i}", "a Module", f"a {type(module).__name__}",
                                  "pass modules one by one, not in a list, and nn.ReLU() for F.relu")
            setattr(self, str(i), module)

    def forward(self, x):
        for module in self.children():
            x = recompute(module, x) if self.recompute and self.training else module(x)
        return x

    def __getitem__(self, i):
        return list(self.children())[i]

    def __len__(self):
        return len(list(self.children()))


def before_batch_norm(model):
    """(module, name, layer) for each convolution or linear layer in `model` that comes right before a batch norm, ``module.name``.

    Which means that the batch norm was assigned right after it in the same module, as in `models` and in every `Sequential`.
    """
    for module in dict.fromkeys(model.modules()):
        children = [(name, value) for name, value in vars(module).items() if isinstance(value, Module)]
        for (_, layer), (name, follower) in zip(children, children[1:]):
            if isinstance(follower, BatchNorm2d) and isinstance(layer, (Conv2d, Linear)):
                yield module, name, layer


def _positive(where, **sizes):
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ConfigError(where, name, "a whole number of at least 1", repr(size))
