"""The shape rules of the operations: the shape of each result, or a clear error if there is none.

All backends share these rules, so the loops of `naive` and the fast kernels refuse the same input
with the same words. Most functions bear the name of the kernel whose rule they hold.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .. import backend
from ..checks import is_integer, number
from ..errors import ConfigError, DataError, DtypeError, ShapeError
from ..types import Array, Axes, IntPair, Shape
from . import shards

MOST_PIXELS = 2**20  # in a setting of a window: more is a slip, and overflows further on


class Window(NamedTuple):
    """A window that slides over images: each entry is (height, width), in pixels."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)


def sliding_window(
    where: str, kernel_size: IntPair, stride: IntPair, padding: IntPair, dilation: IntPair = 1
) -> Window:
    """Check the settings of a window, each an int or a (height, width) pair; return a `Window`."""
    return Window(
        pair(where, "kernel_size", kernel_size, 1),
        pair(where, "stride", stride, 1),
        pair(where, "padding", padding, 0),
        pair(where, "dilation", dilation, 1),
    )


def pair(where: str, name: str, value: Any, least: int) -> tuple[int, int]:
    """`value` as a (height, width) pair of ints, each at least `least`."""
    try:
        values = (value, value) if is_integer(value) else tuple(value)
    except TypeError:
        values = ()
    if len(values) != 2 or not all(is_integer(v, least) for v in values):
        raise ShapeError(
            where, name, f"an int or a pair of ints, each at least {least}", repr(value)
        )
    if max(values) > MOST_PIXELS:
        raise ShapeError(where, name, f"at most {MOST_PIXELS:,} pixels", repr(value))
    return int(values[0]), int(values[1])


def images(where: str, shape: Shape) -> Shape:
    """Check that `shape` is that of a batch of images, (N, H, W, C)."""
    if len(shape) != 4:
        raise ShapeError(
            where, "input is not a batch of images", "shape (N, H, W, C)", f"shape {shape}"
        )
    return shape


def output_size(where: str, size: Shape, window: Window) -> Shape:
    """The rows and columns of the result when a window slides over images of `size` (H, W).

    floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1 along each axis.
    """
    extent = tuple(d * (k - 1) + 1 for k, d in zip(window.kernel_size, window.dilation))
    out = tuple(
        (n + 2 * p - e) // s + 1 for n, e, s, p in zip(size, extent, window.stride, window.padding)
    )
    if min(out) < 1:
        smallest = tuple(e - 2 * p for e, p in zip(extent, window.padding))
        raise ShapeError(
            where,
            "the window does not fit into the image",
            f"an image of at least {smallest}",
            f"{tuple(size)} with kernel {window.kernel_size}, "
            f"padding {window.padding}, dilation {window.dilation}",
            "use larger images, a smaller kernel or more padding",
        )
    return out


def conv2d(
    x: Shape, w: Shape, stride: IntPair, padding: IntPair, dilation: IntPair, groups: int
) -> tuple[Shape, Window]:
    """The output's shape and the window, for images of shape `x` and weights of shape `w`.

    x (N, H, W, C_in), w (KH, KW, C_in / groups, C_out).
    """
    n, height, width, in_channels = images("conv2d", x)
    if len(w) != 4:
        raise ShapeError("conv2d", "weight", "shape (KH, KW, C_in / groups, C_out)", f"shape {w}")
    if not is_integer(groups, 1) or in_channels % groups or w[3] % groups:
        raise ShapeError(
            "conv2d",
            "groups",
            f"a divisor of both {in_channels} input and {w[3]} output channels",
            repr(groups),
        )
    if w[2] * groups != in_channels:
        todo = "images are (N, H, W, C), weights (KH, KW, C_in / groups, C_out)"
        if height == w[2] * groups:
            todo = "images are (N, H, W, C); from PyTorch's (N, C, H, W): x.transpose(0, 2, 3, 1)"
        raise ShapeError(
            "conv2d",
            "input channels do not match the weight",
            f"{w[2] * groups} channels (weight {w}, groups={groups})",
            f"{in_channels} (input {x})",
            todo,
        )
    window = sliding_window("conv2d", (w[0], w[1]), stride, padding, dilation)
    return (n, *output_size("conv2d", (height, width), window), w[3]), window


def pool2d(
    where: str, x: Shape, kernel_size: IntPair, stride: IntPair | None, padding: IntPair
) -> tuple[Shape, Window]:
    """The output's shape and the window of a pooling over images of shape `x` (N, H, W, C).

    A `stride` of None means the kernel's size.
    """
    n, height, width, channels = images(where, x)
    window = sliding_window(where, kernel_size, kernel_size if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(window.padding, window.kernel_size)):
        raise ShapeError(
            where,
            "padding",
            f"at most half the kernel {window.kernel_size}",
            str(window.padding),
            "more would give windows that hold padding alone",
        )
    return (n, *output_size(where, (height, width), window), channels), window


def broadcast(where: str, a: Shape, b: Shape) -> Shape:
    """The common shape of two arrays under NumPy's broadcasting."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise ShapeError(
            where,
            "shapes do not broadcast",
            "sizes equal or 1, counted from the last axis",
            f"{a} and {b}",
        ) from None


def matmul(a: Shape, b: Shape) -> Shape:
    """The output shape of a matrix product over the last two axes; axes before them broadcast."""
    if len(a) < 2 or len(b) < 2:
        raise ShapeError(
            "matmul",
            "not matrices",
            "at least two axes each",
            f"{a} and {b}",
            "reshape a vector to a matrix of one row or column",
        )
    if a[-1] != b[-2]:
        raise ShapeError("matmul", "inner sizes differ", "(..., n, k) @ (..., k, m)", f"{a} @ {b}")
    return broadcast("matmul", a[:-2], b[:-2]) + (a[-2], b[-1])


def linear(x: Shape, w: Shape, b: Shape) -> None:
    """Check a linear layer: `x` (N, in), `w` (in, out), `b` (out,)."""
    if len(x) != 2 or len(w) != 2 or x[1] != w[0]:
        raise ShapeError(
            "linear",
            "input does not match the weight",
            "input (N, in) and weight (in, out)",
            f"input {x} and weight {w}",
            "flatten images to (N, in) first",
        )
    bias("linear", w, b)


def bias(where: str, w: Shape, b: Shape) -> None:
    """Check that a bias of shape `b` holds one value for each output of weights of shape `w`.

    w (..., out), b (out,).
    """
    if b != w[-1:]:
        raise ShapeError(where, "bias", f"shape {w[-1:]}", f"shape {b}")


def channels(where: str, x: Shape, **vectors: Array | None) -> None:
    """Check that every array in `vectors` holds one value for each channel of `x` (..., C).

    A vector may be None, which is skipped. No axis may be empty; only a shard of a batch, which is
    not all of it, may have no image.
    """
    if len(x) < 2 or 0 in x[1:] or (x[0] == 0 and shards.current() is None):
        raise ShapeError(
            where,
            "input",
            "shape (N, ..., C) with at least two axes, none of them empty",
            f"shape {x}",
        )
    for name, vector in vectors.items():
        if vector is not None and vector.shape != x[-1:]:
            raise ShapeError(
                where,
                name,
                f"shape {x[-1:]}, one value for each channel of input {x}",
                f"shape {vector.shape}",
            )


def group_norm(x: Shape, weight: Array, bias: Array, num_groups: int) -> None:
    """Check a group norm of an array of shape `x` (N, ..., C): `num_groups` divides C."""
    channels("group_norm", x, weight=weight, bias=bias)
    if not is_integer(num_groups, 1) or x[-1] % num_groups:
        raise ShapeError(
            "group_norm",
            "num_groups",
            f"a divisor of the {x[-1]} channels of input {x}",
            repr(num_groups),
        )


def same(where: str, x: Shape, whose: str = "the input's", **arrays: Array | None) -> None:
    """Check that every array in `arrays` has shape `x`. An array may be None, which is skipped."""
    for name, array in arrays.items():
        if array is not None and array.shape != x:
            raise ShapeError(where, name, f"shape {x}, {whose}", f"shape {array.shape}")


def axes(where: str, axis: Axes, ndim: int) -> tuple[int, ...]:
    """`axis` (None, an int or a tuple) as a sorted tuple of non-negative ints."""
    given = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all(is_integer(a, -ndim, ndim - 1) for a in given):
        raise ShapeError(where, "axis", f"axes between {-ndim} and {ndim - 1}", repr(axis))
    out = tuple(sorted({int(a) % ndim for a in given}))
    if len(out) != len(given):
        raise ShapeError(where, "axis named twice", "different axes", repr(axis))
    return out


def one_axis(where: str, axis: Axes, ndim: int) -> int:
    """`axis`, which must be a single one, as a number from 0 on."""
    if axis is None or isinstance(axis, tuple):
        raise ShapeError(where, "axis", "one of the axes", repr(axis))
    return axes(where, axis, ndim)[0]


def reduction(where: str, shape: Shape, axis: Axes, least: int = 0) -> tuple[tuple[int, ...], int]:
    """The axes that `axis` names, and how many elements each result is made from.

    Fewer than `least` are an error: a sum of no elements is 0, but there is no largest of them.
    """
    reduced = axes(where, axis, len(shape))
    count = prod(shape[a] for a in reduced)
    if count < least:
        raise ShapeError(
            where, "no elements", f"at least {least}", f"shape {shape}, reduced over axes {reduced}"
        )
    return reduced, count


def reshape(old: Shape, new: Sequence[int]) -> Shape:
    """The full new shape, where one size may be -1: that one follows from the others."""
    if not isinstance(new, (tuple, list)) or not all(is_integer(n) for n in new):
        raise ShapeError("reshape", "shape", "ints", repr(new))
    new = tuple(int(n) for n in new)
    known = prod(n for n in new if n != -1)
    full = tuple(prod(old) // known if n == -1 and known else n for n in new)
    open_ends = new.count(-1)
    if open_ends > 1 or any(n < -1 for n in full) or -1 in full or prod(full) != prod(old):
        raise ShapeError(
            "reshape",
            "the number of elements must stay",
            f"{prod(old)} elements (shape {old})",
            f"shape {new}",
        )
    return full


def classes(where: str, x: Shape) -> None:
    """Check that an array of shape `x` has classes along its last axis: (..., K) with K > 0."""
    if not x or x[-1] == 0:
        raise ShapeError(where, "no classes", "shape (..., K) with K > 0", f"shape {x}")


def mse_loss(x: Shape, target: Shape) -> None:
    """Check that input and target have one shape, and at least one element to take the mean of."""
    if x != target:
        raise ShapeError(
            "mse_loss",
            "target",
            f"shape {x}, the input's",
            f"shape {target}",
            "mse_loss broadcasts nothing: reshape one of them",
        )
    if 0 in x:
        raise ShapeError("mse_loss", "input", "at least one element", f"shape {x}")


def cross_entropy(logits: Shape, labels: Array, label_smoothing: float) -> float:
    """Check that there are N class labels from 0 to K - 1 for logits (N, K).

    Returns the smoothing, from 0 to 1, as Python's own number: one of NumPy would promote arrays.
    """
    where = "cross_entropy"
    smoothing = number(
        where, "label_smoothing", label_smoothing, "a number from 0 to 1", lambda s: 0 <= s <= 1
    )
    class_labels(where, logits, labels)
    return smoothing


def class_labels(where: str, logits: Shape, labels: Array) -> None:
    """Check that there are N class labels from 0 to K - 1 for logits (N, K), and N is above 0."""
    if len(logits) != 2 or logits[0] == 0:
        raise ShapeError(where, "logits", "shape (N, K) with N > 0", f"shape {logits}")
    if labels.shape != logits[:1]:
        raise ShapeError(
            where,
            "labels",
            f"shape {logits[:1]}, one for each row of logits",
            f"shape {labels.shape}",
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise DtypeError(
            where, "labels", "integers", str(labels.dtype), "pass class numbers, not one-hot rows"
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= logits[1]:
        bad = low if low < 0 else high
        raise DataError(
            where, "label out of range", f"0 to {logits[1] - 1} ({logits[1]} classes)", str(bad)
        )


def class_weights(weight: Any, classes: int, dtype: Any) -> Array | None:
    """The weights of K classes as an array (K,) of `dtype`, on the CPU; None stays None."""
    if weight is None:
        return None
    where, expected = "cross_entropy", f"{classes} finite numbers of at least 0, one for each class"
    try:
        found = np.asarray(backend.move(backend.as_array(weight), "cpu"), dtype)
    except (TypeError, ValueError):
        raise ConfigError(where, "weight", expected, type(weight).__name__) from None
    if found.shape != (classes,):
        raise ShapeError(
            where, "weight", f"shape ({classes},), one for each class", str(found.shape)
        )
    if not (np.isfinite(found).all() and (found >= 0).all() and found.any()):
        raise ConfigError(where, "weight", expected, str(found.tolist()))
    return found


def transpose(axes: Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """`axes` as a permutation of `ndim` axes without negative ones; None reverses them."""
    permutation = tuple(reversed(range(ndim))) if axes is None else tuple(axes)
    if not all(is_integer(a, -ndim, ndim - 1) for a in permutation) or sorted(
        a % ndim for a in permutation
    ) != list(range(ndim)):
        raise ShapeError("transpose", "axes", f"each of the {ndim} axes once", str(axes))
    return tuple(int(a) % ndim for a in permutation)


def pad(shape: Shape, widths: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """`widths` as one (before, after) pair of ints for each axis of `shape`."""
    try:
        pairs = tuple((before, after) for before, after in widths)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != len(shape) or not all(is_integer(n, 0) for width in pairs for n in width):
        raise ShapeError(
            "pad",
            "widths",
            f"(before, after), each at least 0, for each of the {len(shape)} axes",
            str(widths),
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def concatenate(shapes: Sequence[Shape], axis: int) -> tuple[int, Shape]:
    """The axis as a number from 0 on, and the shape of arrays of these `shapes` joined along it."""
    if not shapes:
        raise ShapeError("concatenate", "nothing to join", "at least one array", "none")
    first, *others = shapes
    axis = one_axis("concatenate", axis, len(first))
    before, after = first[:axis], first[axis + 1 :]
    for shape in others:
        if (shape[:axis], shape[axis + 1 :]) != (before, after) or len(shape) != len(first):
            raise ShapeError(
                "concatenate",
                f"sizes differ outside axis {axis}",
                f"shapes like {first}",
                str(shape),
            )
    return axis, before + (sum(shape[axis] for shape in shapes),) + after


def getitem(x: Array, index: Any) -> Array:
    """``x[index]`` as an array; an index that does not fit is a ShapeError."""
    try:
        return backend.as_array(x[index])
    except (IndexError, TypeError, ValueError) as error:
        raise ShapeError(
            "getitem", f"cannot index shape {x.shape} with {index!r}", todo=str(error)
        ) from None
