"""Differentiable functions of Tensors: one thin line of glue for each kernel.

Names and arguments are PyTorch's; images are (N, H, W, C). Each function raises ShapeError for shapes that do not
fit and DtypeError for mixed dtypes, before anything is computed.
"""

from .errors import ConfigError, DeviceError, DtypeError
from .kernels import device_function, shapes, use_fused
from .autograd.tensor import Tensor, apply, apply_with_cache


def relu(x):
    """max(x, 0), elementwise."""
    return apply("relu", x)


def add_relu(a, b):
    """relu(a + b), in one pass over memory; as `batch_norm_relu` it steps back where another add or relu is swapped in."""
    return apply("add_relu", a, b) if use_fused("add_relu") else relu(a + b)


def linear(x, w, b=None):
    """x w + b for x (N, in), w (in, out), b (out,): shape (N, out)."""
    return apply("matmul", x, w) if b is None else apply("linear", x, w, b)


def conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide the filters w over the images x.

    Parameters
    ----------
    x : Tensor (N, H, W, C_in)
    w : Tensor (KH, KW, C_in / groups, C_out)
    b : Tensor (C_out,), optional
    stride, padding, dilation : int or (int, int)
        In pixels, for height and width.
    groups : int
        Each group of output channels sees only its own group of input channels.

    Returns
    -------
    Tensor (N, H', W', C_out)
        H' = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1, likewise W'.
    """
    if b is not None:
        shapes.bias("conv2d", w.shape, b.shape)
    y = apply("conv2d", x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return y if b is None else y + b


def conv2d_relu(x, w, b, stride=1, padding=0, dilation=1, groups=1, shortcut=None):
    """relu(conv2d(x, w, b, ...) + shortcut), in fewer passes over memory; the same numbers as one after the other.

    `shortcut` (N, H', W', C_out) may be left out. As `batch_norm_relu` it steps back where another conv2d, add or relu is swapped in.
    """
    if not use_fused("conv2d_relu"):
        y = conv2d(x, w, b, stride, padding, dilation, groups)
        return relu(y) if shortcut is None else add_relu(y, shortcut)
    inputs = (x, w, b) if shortcut is None else (x, w, b, shortcut)
    return apply("conv2d_relu", *inputs, stride=stride, padding=padding, dilation=dilation, groups=groups)


def batch_norm(x, running_mean, running_var, weight, bias, training, momentum=0.1, eps=1e-5):
    """Normalise each channel of x (..., C), then multiply by weight (C,) and add bias (C,).

    In training the batch's own mean and variance are used, and running_mean and running_var (Tensors (C,)) are
    moved towards them in place by the fraction `momentum`; the variance that goes into the running average is the
    unbiased one, as in PyTorch. Otherwise the running statistics are used and left as they are.
    """
    return _normalise("batch_norm", (x, weight, bias), running_mean, running_var, training, momentum, eps)


def batch_norm_relu(x, running_mean, running_var, weight, bias, training, momentum=0.1, eps=1e-5, shortcut=None):
    """relu(batch_norm(x, ...) + shortcut), in fewer passes over memory; the same numbers as one after the other.

    Where `kernels.use` has put another kernel in the place of batch_norm, add or relu, these are used.
    """
    if not use_fused("batch_norm_relu"):
        y = batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
        return relu(y if shortcut is None else y + shortcut)
    inputs = (x, weight, bias) if shortcut is None else (x, weight, bias, shortcut)
    return _normalise("batch_norm_relu", inputs, running_mean, running_var, training, momentum, eps)


def _normalise(kernel, inputs, running_mean, running_var, training, momentum, eps):
    """Apply a kernel that normalises the first of `inputs` by its own statistics, which the running ones follow, or by those."""
    for running in (running_mean, running_var):
        if running.device != inputs[0].device:
            raise DeviceError(kernel, "running mean and variance", f"on the {inputs[0].device}, as the input is", f"on the {running.device}")
    if not training:
        return apply(kernel, *inputs, mean=running_mean.data, var=running_var.data, eps=eps)
    y, cache = apply_with_cache(kernel, *inputs, eps=eps)
    if not (hasattr(cache, "mean") and hasattr(cache, "var")):
        raise ConfigError(f"{kernel}.forward", "cache", "a named tuple or object with the batch's mean and var (biased), each (C,), "
                          "for the running averages", type(cache).__name__, "see kernels/naive/normalization.py")
    count = y.size // y.shape[-1]
    device_function("update_running_stats", y.device)(running_mean.data, running_var.data, cache.mean, cache.var, momentum, count / max(count - 1, 1))
    return y


def max_pool2d(x, kernel_size, stride=None, padding=0):
    """The largest value in each window of x (N, H, W, C). `stride` defaults to the kernel's size."""
    return apply("max_pool2d", x, kernel_size=kernel_size, stride=stride, padding=padding)


def avg_pool2d(x, kernel_size, stride=None, padding=0):
    """The average of each window of x (N, H, W, C), padding counted in. `stride` defaults to the kernel's size."""
    return apply("avg_pool2d", x, kernel_size=kernel_size, stride=stride, padding=padding)


def global_avg_pool2d(x):
    """The average of each channel over the whole image: (N, H, W, C) to (N, C)."""
    return apply("global_avg_pool2d", x)


def log_softmax(x):
    """The logarithm of softmax over the last axis."""
    return apply("log_softmax", x)


def cross_entropy(logits, labels, label_smoothing=0.0):
    """The mean cross-entropy, in nats, of logits (N, K) against integer labels (N,).

    Raises
    ------
    DataError
        For a label outside 0 .. K - 1. They are checked on the CPU, where they should be.
    """
    if isinstance(labels, Tensor):
        raise DtypeError("cross_entropy", "labels", "an array or a list of integers", "a Tensor", "pass the array itself")
    return apply("cross_entropy", logits, labels=labels, label_smoothing=label_smoothing)


def pad(x, widths):
    """Zeros around x: `widths` is one (before, after) for each axis."""
    return apply("pad", x, widths=widths)


def concatenate(tensors, axis=0):
    """The Tensors joined along an existing axis."""
    return apply("concatenate", *tensors, axis=axis)
