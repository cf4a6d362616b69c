"""Batch norm in CUDA, for each channel (last axis), alone or with an addition and ReLU after it.

The formulas are in ``normalization.cu``. In training, forward takes three launches: one for the
moments of slabs of rows, one to merge them, one to normalise. Backward takes three as well.
"""

from typing import NamedTuple

from ...types import Array
from .. import shapes
from ..kernel import Kernel
from .launch import THREADS, contiguous, empty, launch, one_thread_each

ROWS = 16  # rows that each thread adds up; more once there are MAX_SLABS slabs
MAX_SLABS = 1024


class Cache(NamedTuple):
    """The arrays that backward needs.

    The caller moves the running averages towards `mean` and `var` (C,).
    """

    x: Array
    weight: Array
    statistics: Array  # (3, C): mean, var, 1 / sqrt(var + eps)
    mean: Array
    var: Array
    from_batch: bool
    y: Array | None = None  # y and has_shortcut are set only if a ReLU follows
    has_shortcut: bool = False


class batch_norm(Kernel):
    """Normalise each channel of x (..., C), then scale by weight (C,) and shift by bias (C,).

    With ``mean=None`` and ``var=None`` the batch's own statistics are used (training), otherwise
    the given ones (inference).
    """

    def forward(
        x: Array,
        weight: Array,
        bias: Array,
        mean: Array | None = None,
        var: Array | None = None,
        eps: float = 1e-5,
    ) -> tuple[Array, Cache]:
        shapes.channels("batch_norm", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        return _forward(x, weight, bias, None, mean, var, eps, relu=False)

    def backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
        dy = contiguous(dy)
        gradients = _gradient_sums(dy, dy, cache)  # without a ReLU dz is dy, and is not written
        dx = _input_gradient(dy, gradients, cache, out=empty(dy.shape, dy.dtype))
        return dx, gradients[0], gradients[1]


class batch_norm_relu(Kernel):
    """y = relu(batch_norm(x, weight, bias) + shortcut), with an optional shortcut of x's shape."""

    def forward(
        x: Array,
        weight: Array,
        bias: Array,
        shortcut: Array | None = None,
        mean: Array | None = None,
        var: Array | None = None,
        eps: float = 1e-5,
    ) -> tuple[Array, Cache]:
        shapes.channels("batch_norm_relu", x.shape, weight=weight, bias=bias, mean=mean, var=var)
        shapes.same("batch_norm_relu", x.shape, shortcut=shortcut)
        y, cache = _forward(x, weight, bias, shortcut, mean, var, eps, relu=True)
        return y, cache._replace(y=y, has_shortcut=shortcut is not None)

    def backward(dy: Array, cache: Cache) -> tuple[Array, ...]:
        """With dz = dy where y > 0, else 0: batch norm's gradients from dz, and dz itself for the
        shortcut.
        """
        dz = empty(dy.shape, dy.dtype)
        gradients = _gradient_sums(contiguous(dy), dz, cache)
        out = empty(dy.shape, dy.dtype) if cache.has_shortcut else dz
        dx = _input_gradient(dz, gradients, cache, out)
        if cache.has_shortcut:
            return dx, gradients[0], gradients[1], dz
        return dx, gradients[0], gradients[1]


def update_running_stats(
    running_mean: Array,
    running_var: Array,
    mean: Array,
    var: Array,
    momentum: float,
    correction: float,
) -> None:
    """Move the running averages by the fraction `momentum` towards those of the batch, in place.

    ``var * correction`` is the unbiased variance.
    """
    channels = len(running_mean)
    launch(
        "normalization",
        "update_running_stats",
        running_mean.dtype,
        *one_thread_each(channels),
        running_mean,
        running_var,
        contiguous(mean),
        contiguous(var),
        channels,
        float(momentum),
        float(correction),
    )


def _forward(x, weight, bias, shortcut, mean, var, eps, relu):
    x, weight, bias = contiguous(x), contiguous(weight), contiguous(bias)
    channels = x.shape[-1]
    statistics, y = empty((3, channels), x.dtype), empty(x.shape, x.dtype)
    if mean is None:
        rows = x.size // channels
        (columns, slabs), block = sum_geometry(rows, channels)
        partial = empty((slabs, 3, channels), x.dtype)
        launch(
            "normalization", "moments", x.dtype, (columns, slabs), block, x, partial, rows, channels
        )
        launch(
            "normalization",
            "finish_moments",
            x.dtype,
            (columns, 1),
            block,
            partial,
            statistics,
            slabs,
            channels,
            float(eps),
        )
    else:
        launch(
            "normalization",
            "given_statistics",
            x.dtype,
            *one_thread_each(channels),
            contiguous(mean),
            contiguous(var),
            statistics,
            channels,
            float(eps),
        )
    launch(
        "normalization",
        "normalise",
        x.dtype,
        *one_thread_each(x.size),
        x,
        statistics,
        weight,
        bias,
        x if shortcut is None else contiguous(shortcut),
        y,
        x.size,
        channels,
        int(shortcut is not None),
        int(relu),
    )
    return y, Cache(x, weight, statistics, statistics[0], statistics[1], mean is None)


def _gradient_sums(dy, dz, cache):
    """dL/dweight and dL/dbias, as an array (2, C).

    With a ReLU, dz = dy where y > 0, else 0, is written into the array `dz`.
    """
    x, channels, has_relu = cache.x, cache.x.shape[-1], cache.y is not None
    rows = x.size // channels
    (columns, slabs), block = sum_geometry(rows, channels)
    partial, gradients = empty((slabs, 2, channels), x.dtype), empty((2, channels), x.dtype)
    launch(
        "normalization",
        "gradient_sums",
        x.dtype,
        (columns, slabs),
        block,
        dy,
        x,
        cache.y if has_relu else x,
        cache.statistics,
        dz,
        partial,
        rows,
        channels,
        int(has_relu),
    )
    launch(
        "normalization",
        "finish_gradient_sums",
        x.dtype,
        (columns, 1),
        block,
        partial,
        cache.statistics,
        gradients,
        slabs,
        channels,
    )
    return gradients


def _input_gradient(dz, gradients, cache, out):
    x, channels = cache.x, cache.x.shape[-1]
    launch(
        "normalization",
        "input_gradient",
        x.dtype,
        *one_thread_each(x.size),
        dz,
        x,
        cache.statistics,
        cache.weight,
        gradients,
        out,
        x.size,
        x.size // channels,
        channels,
        int(cache.from_batch),
    )
    return out


def sum_geometry(rows: int, channels: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The grid (columns, slabs) and the block (width, height) for sums over (rows, channels).

    The width of a block is the number of channels, rounded up to a power of two, but at most 32. So
    a warp reads neighbouring numbers: 32 channels of one row, or several rows if there are fewer
    channels.
    """
    width = min(32, 1 << (channels - 1).bit_length())
    height = THREADS // width
    slabs = min(MAX_SLABS, -(-rows // (height * ROWS)))
    return (-(-channels // width), slabs), (width, height)
