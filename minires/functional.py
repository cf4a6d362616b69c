"""Differentiable functions of Tensors: one thin line of glue for each kernel.

Names and the order of arguments are PyTorch's. Images are (N, H, W, C), so the features are always
on the last axis, and an axis is called ``axis``, as in NumPy. Each function raises ShapeError for
shapes that do not fit and DtypeError for mixed dtypes, before anything is computed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import backend
from .autograd.tensor import Tensor, apply, apply_with_cache
from .checks import number
from .errors import ConfigError, DeviceError, DtypeError, ShapeError
from .kernels import device_function, shapes, shards, use_fused
from .types import ArrayLike, IntPair


def relu(input: Tensor) -> Tensor:
    """max(input, 0), elementwise: any shape."""
    return apply("relu", input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-input), elementwise: any shape. The results lie between 0 and 1."""
    return apply("sigmoid", input)


def add_relu(a: Tensor, b: Tensor) -> Tensor:
    """relu(a + b), in one pass over memory; shapes broadcast.

    If `kernels.use` has swapped in another add or relu, the two are called one after the other.
    """
    return apply("add_relu", a, b) if use_fused("add_relu") else relu(a + b)


def tanh(input: Tensor) -> Tensor:
    """(e^input - e^-input) / (e^input + e^-input), elementwise: any shape.

    The results lie between -1 and 1.
    """
    return apply("tanh", input)


def softmax(input: Tensor, axis: int = -1) -> Tensor:
    """e^x / (sum of e^x along `axis`): positive numbers that add up to 1 along `axis`.

    The result has the shape of `input`.
    """
    return _along("softmax", input, axis)


def log_softmax(input: Tensor, axis: int = -1) -> Tensor:
    """The logarithm of `softmax`, computed such that nothing overflows or underflows.

    The result has the shape of `input`.
    """
    return _along("log_softmax", input, axis)


def _along(kernel: str, input: Tensor, axis: int) -> Tensor:
    """Apply a kernel that works along the last axis: swap `axis` with it, before and after."""
    if axis == -1:
        return apply(kernel, input)
    last = _check_tensor(kernel, input).ndim - 1
    order = list(range(last + 1))
    place = shapes.one_axis(kernel, axis, last + 1)
    order[place], order[last] = last, place  # the same swap again undoes it
    return apply(kernel, input.transpose(order)).transpose(order)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight + bias: (N, in), (in, out) and (out,) give (N, out)."""
    if bias is None:
        return apply("matmul", input, weight)
    return apply("linear", input, weight, bias)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntPair = 1,
    padding: IntPair = 0,
    dilation: IntPair = 1,
    groups: int = 1,
) -> Tensor:
    """Slide filters over images: each output is the sum of a window's products with a filter.

    Parameters
    ----------
    input : Tensor (N, H, W, C_in)
    weight : Tensor (KH, KW, C_in / groups, C_out)
    bias : Tensor (C_out,), optional
        Added to every pixel of the result.
    stride, padding, dilation : int or (int, int)
        In pixels, for height and width.
    groups : int
        Each group of output channels sees only its own group of input channels.

    Returns
    -------
    Tensor (N, H', W', C_out)
        H' = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1, and W' likewise.
    """
    if bias is not None:
        shapes.bias("conv2d", weight.shape, bias.shape)
    y = apply("conv2d", input, weight, **_conv_settings(stride, padding, dilation, groups))
    return y if bias is None else y + bias


def conv2d_relu(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    stride: IntPair = 1,
    padding: IntPair = 0,
    dilation: IntPair = 1,
    groups: int = 1,
    *,
    shortcut: Tensor | None = None,
) -> Tensor:
    """relu(conv2d(input, weight, bias, ...) + shortcut), in fewer passes over memory.

    `shortcut` (N, H', W', C_out) is optional. The result has the same bits as that of the separate
    functions. They are called instead if `kernels.use` has swapped in another conv2d, add or relu.
    """
    if not use_fused("conv2d_relu"):
        y = conv2d(input, weight, bias, stride, padding, dilation, groups)
        return relu(y) if shortcut is None else add_relu(y, shortcut)
    inputs = (input, weight, bias) if shortcut is None else (input, weight, bias, shortcut)
    return apply("conv2d_relu", *inputs, **_conv_settings(stride, padding, dilation, groups))


def _conv_settings(
    stride: IntPair, padding: IntPair, dilation: IntPair, groups: int
) -> dict[str, Any]:
    """The keyword arguments for a convolution's kernel: an int where height and width agree.

    So a learner's first kernel may take ints only, and still work in nets with square windows.
    """
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    square = {
        name: pair[0]
        for name, pair in settings.items()
        if isinstance(pair, tuple) and len(pair) == 2 and pair[0] == pair[1]
    }
    return settings | square | {"groups": groups}


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over the batch, then scale and shift it (Ioffe and Szegedy 2015).

        y = weight (x - mean) / sqrt(var + eps) + bias

    Parameters
    ----------
    input : Tensor (..., C)
    running_mean, running_var : Tensor (C,) or None
        In training they are moved, in place, by the fraction `momentum` towards the batch's mean
        and unbiased variance. With None, no averages are kept.
    weight, bias : Tensor (C,), optional
        Scale and shift of each channel: 1 and 0 by default.
    training : bool
        True normalises by the batch's own mean and (biased) variance, False by the running ones.
    momentum : float
        The fraction of the batch's statistics in each update of the running ones.
    eps : float
        Added to the variance, so that a constant channel is not divided by 0.

    Returns
    -------
    Tensor, of the shape of `input`

    Raises
    ------
    ConfigError
        If `running_mean` or `running_var` is None and `training` is False.
    ShapeError
        If the shapes do not fit, or if in training there is only one value for each channel.
    DtypeError, DeviceError
        If the running statistics have another dtype, or are on another device.
    """
    inputs = _with_scale_and_shift("batch_norm", input, weight, bias)
    return _normalise("batch_norm", inputs, running_mean, running_var, training, momentum, eps)


def batch_norm_relu(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    shortcut: Tensor | None = None,
) -> Tensor:
    """relu(batch_norm(input, ...) + shortcut), in fewer passes over memory.

    `shortcut`, of the shape of `input`, is optional. The result has the same bits as that of the
    separate functions. They are called instead if `kernels.use` has swapped in another batch_norm,
    add or relu.
    """
    if not use_fused("batch_norm_relu"):
        y = batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
        return relu(y) if shortcut is None else add_relu(y, shortcut)
    inputs = _with_scale_and_shift("batch_norm_relu", input, weight, bias)
    if shortcut is not None:
        inputs = (*inputs, shortcut)
    return _normalise("batch_norm_relu", inputs, running_mean, running_var, training, momentum, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each group of channels of each image on its own, then scale and shift each channel.

    The mean and variance are those of one group of one image (Wu and He 2018, arXiv:1803.08494).

    Parameters
    ----------
    input : Tensor (N, ..., C)
    num_groups : int
        A divisor of C. With 1, all of an image is normalised at once (layer norm); with C, each
        channel on its own (instance norm).
    weight, bias : Tensor (C,), optional
        Scale and shift of each channel: 1 and 0 by default.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor, of the shape of `input`

    Raises
    ------
    ShapeError
        If `num_groups` does not divide C, or a shape does not fit.
    """
    inputs = _with_scale_and_shift("group_norm", input, weight, bias)
    return apply("group_norm", *inputs, num_groups=num_groups, eps=eps)


def _with_scale_and_shift(
    where: str, input: Tensor, weight: Tensor | None, bias: Tensor | None
) -> tuple[Tensor, ...]:
    """(input, weight, bias), where a weight of None becomes ones, and a bias of None zeros."""
    channels = _check_tensor(where, input).shape[-1:]
    if weight is None:
        weight = Tensor(np.ones_like(input.data, shape=channels))
    if bias is None:
        bias = Tensor(np.zeros_like(input.data, shape=channels))
    return input, weight, bias


def _normalise(kernel, inputs, running_mean, running_var, training, momentum, eps):
    """Apply a kernel that normalises the first of `inputs`.

    In training it uses the batch's statistics, and moves the running ones towards them. Otherwise
    it uses the running ones.
    """
    input = inputs[0]
    shapes.channels(kernel, input.shape)
    count, shard = input.size // input.shape[-1], shards.current()  # values of each channel
    if training and count == 1 and (shard is None or shard.total == 1):
        raise ShapeError(
            kernel,
            "one value for each channel, so every output would be the bias and every gradient 0",
            "several values for each channel in training",
            f"shape {input.shape}",
            "take larger batches or images, or call eval()",
        )
    if running_mean is None or running_var is None:
        if training:
            return _by_the_batch(kernel, inputs, eps)[0]
        raise ConfigError(
            kernel,
            "no running mean and variance to normalise by",
            "both",
            "None",
            "pass training=True to use the batch's own",
        )
    _check_running(kernel, *inputs[:2], running_mean, running_var)
    if not training:
        return apply(kernel, *inputs, mean=running_mean.data, var=running_var.data, eps=eps)
    y, cache = _by_the_batch(kernel, inputs, eps)
    if not (hasattr(cache, "mean") and hasattr(cache, "var")):
        expected = (
            "a named tuple or object with the batch's mean and var (biased), each (C,), "
            "for the running averages"
        )
        raise ConfigError(
            f"{kernel}.forward",
            "cache",
            expected,
            type(cache).__name__,
            "see kernels/naive/normalization.py",
        )
    count = count if shard is None else cache.values
    unbiased = count / max(count - 1, 1)
    update = device_function("update_running_stats", y.device)
    update(running_mean.data, running_var.data, cache.mean, cache.var, momentum, unbiased)
    return y


def _check_running(kernel, input, weight, running_mean, running_var):
    """Check that the running statistics are Tensors that fit the weight and the input."""
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        _check_tensor(kernel, running, name)
        if running.shape != weight.shape:
            raise ShapeError(kernel, name, f"shape {weight.shape}", f"shape {running.shape}")
        if running.dtype != weight.dtype:
            raise DtypeError(kernel, name, f"{weight.dtype}, as the weight", str(running.dtype))
        if running.device != input.device:
            raise DeviceError(
                kernel,
                "running mean and variance",
                f"on the {input.device}, as the input is",
                f"on the {running.device}",
            )


def _by_the_batch(kernel, inputs, eps):
    """(y, cache) of a kernel that normalises by the statistics of the whole batch, not a shard."""
    y, cache = apply_with_cache(kernel, *inputs, eps=eps)
    if shards.current() is not None and not hasattr(cache, "values"):
        raise ConfigError(
            kernel,
            "it would normalise each shard of the batch on its own",
            f"the kernel {kernel} of the backend cpu, which sums over all shards",
            "another kernel",
            "train on one process and without shards, or take another norm",
        )
    return y, cache


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, *, rng: np.random.Generator
) -> Tensor:
    """In training, set each number to 0 with probability p, and divide the others by 1 - p.

    This keeps the expected value of each number (Srivastava et al. 2014, "Dropout: a simple way to
    prevent neural networks from overfitting"). Outside training the input is returned unchanged.

    Parameters
    ----------
    input : Tensor
        Any shape.
    p : float
        From 0 to 1.
    training : bool
    rng : np.random.Generator
        Decides which numbers are kept. It draws one random number for each element, on the CPU, so
        that a net drops the same numbers on either device. There is no default: keep it as an
        attribute of the module that calls this function, where checkpoints and `nn.recompute` find
        it.

    Returns
    -------
    Tensor, of the shape of `input`

    Raises
    ------
    ConfigError
        If p is not from 0 to 1, or `rng` is not a generator.
    """
    p = number("dropout", "p", p, "a probability from 0 to 1", lambda p: 0 <= p <= 1)
    if not isinstance(rng, np.random.Generator):
        raise ConfigError(
            "dropout",
            "rng",
            "an np.random.Generator",
            repr(rng),
            "np.random.default_rng(seed) makes one",
        )
    if not training or p == 0:
        return input
    kept = _drawn_for_the_batch(_check_tensor("dropout", input).shape, rng) >= p
    return apply("dropout", input, mask=backend.move(kept, input.device), p=p)


def _drawn_for_the_batch(shape, rng):
    """A random number from 0 to 1 for each element.

    For a shard, the numbers of the whole batch are drawn, and the shard's part of them is taken. So
    a net drops the same numbers with any number of shards.
    """
    shard = shards.current()
    if shard is None:
        return rng.random(shape, np.float32)
    if shape[0] != shard.last - shard.first:
        raise ShapeError(
            "dropout",
            "the first axis of a shard of a batch",
            f"its {shard.last - shard.first} images",
            f"shape {shape}",
            "keep the images on the first axis, or train without shards",
        )
    return rng.random((shard.total, *shape[1:]), np.float32)[shard.first : shard.last]


def max_pool2d(
    input: Tensor, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
) -> Tensor:
    """The largest value in each window: (N, H, W, C) to (N, H', W', C).

    `kernel_size`, `stride` and `padding` are an int or a (height, width) pair; `stride` defaults to
    the kernel's size. H' and W' are as in `conv2d`. Padding is never chosen as the largest value.
    """
    return apply("max_pool2d", input, kernel_size=kernel_size, stride=stride, padding=padding)


def avg_pool2d(
    input: Tensor, kernel_size: IntPair, stride: IntPair | None = None, padding: IntPair = 0
) -> Tensor:
    """The average of each window, the padding's zeros included: (N, H, W, C) to (N, H', W', C).

    Parameters as for `max_pool2d`.
    """
    return apply("avg_pool2d", input, kernel_size=kernel_size, stride=stride, padding=padding)


def global_avg_pool2d(input: Tensor) -> Tensor:
    """The average of each channel over the whole image: (N, H, W, C) to (N, C)."""
    return apply("global_avg_pool2d", input)


def cross_entropy(
    input: Tensor,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    label_smoothing: float = 0.0,
) -> Tensor:
    """The mean cross-entropy of logits against labels.

    Parameters
    ----------
    input : Tensor (N, K)
        Logits: the outputs of a net, before softmax.
    target : array or list of int (N,)
        The right classes, from 0 to K - 1. They are checked on the CPU, so keep them there.
    weight : array or list of float (K,), optional
        How much each class counts. The mean over the batch becomes a weighted mean: each image's
        loss is multiplied by the weight of its label, and the sum is divided by the sum of these
        weights. With label smoothing, each class's share of a target is multiplied by that class's
        own weight, as in PyTorch.
    label_smoothing : float
        How much of each target, from 0 to 1, is spread evenly over all classes.

    Returns
    -------
    Tensor ()
        In nats. A net that gives all classes the same logit has the loss ln K (without weights).

    Raises
    ------
    DataError
        If a label is outside 0 .. K - 1.
    DtypeError
        If `target` is a Tensor, or holds other numbers than integers.
    ShapeError
        If there is not one label for each row of logits, or not one weight for each class.
    ConfigError
        If a weight is negative or all are 0, or `label_smoothing` is not from 0 to 1.
    """
    if isinstance(target, Tensor):
        raise DtypeError(
            "cross_entropy",
            "target",
            "an array or a list of integers",
            "a Tensor",
            "pass the array itself",
        )
    # Without weights no argument is passed for them, so a learner's kernel need not take one.
    weights = {} if weight is None else {"weight": weight}
    return apply("cross_entropy", input, labels=target, label_smoothing=label_smoothing, **weights)


def mse_loss(input: Tensor, target: Tensor) -> Tensor:
    """The mean of (input - target)^2 over all elements: two Tensors of one shape give a Tensor ().

    Unlike NumPy's arithmetic it does not broadcast: (N, 1) minus (N,) would be N^2 differences.
    """
    return apply("mse_loss", input, target)


def pad(input: Tensor, pad_width: Sequence[tuple[int, int]]) -> Tensor:
    """Put zeros around `input`.

    `pad_width` gives (before, after), the number of zeros, for each axis, as in ``np.pad``.
    """
    return apply("pad", input, widths=pad_width)


def concatenate(tensors: Iterable[Tensor], axis: int = 0) -> Tensor:
    """Join the Tensors along an existing axis. All other axes must have the same sizes."""
    return apply("concatenate", *tensors, axis=axis)


def _check_tensor(where: str, x: Tensor, name: str = "input") -> Tensor:
    if not isinstance(x, Tensor):
        raise DtypeError(where, name, "a Tensor", type(x).__name__, "wrap it: Tensor(array)")
    return x
