"""Layers, shortcuts and blocks in plain NumPy."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from ....types import Array, ArrayLike, Shape

#: A layer is the filters of a convolution, and the weight and bias of its batch norm. A place is
#: which parameters of a module these are.
Layer: TypeAlias = tuple[Array, ...]
Place: TypeAlias = tuple[int, ...]

EPS = 1e-5  # of batch norm
CLASSES = 10
# in_channels, out_channels, stride: a block that changes size and channels, nothing, the size only,
# the channels only.
CHANGES = ((3, 5, 2), (4, 4, 1), (4, 4, 2), (3, 5, 1))


def convolution(x: Array, w: Array, stride: int = 1, padded: bool = True) -> Array:
    """Convolve x (N, H, W, C) with w (KH, KW, C, O); the padding keeps the size at stride 1."""
    kh, kw = w.shape[:2]
    if padded:
        x = np.pad(x, ((0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2), (0, 0)))
    h, width = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    return sum(
        x[:, i : i + stride * (h - 1) + 1 : stride, j : j + stride * (width - 1) + 1 : stride]
        @ w[i, j]
        for i in range(kh)
        for j in range(kw)
    )


def norm(x: Array, weight: ArrayLike, bias: ArrayLike) -> Array:
    """Batch norm in training: x (N, H, W, C), weight and bias (C,)."""
    return (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + EPS) * weight + bias


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def option_a(x: Array, stride: int, out_channels: int, where: str = "after") -> Array:
    """Shortcut A: every stride-th pixel of x, and zeros for the new channels.

    `where` the zeros stand is one of the keys of `PLACES`.
    """
    x = x[:, ::stride, ::stride]
    new = out_channels - x.shape[-1]
    before = {"after": 0, "before": new, "both sides": new // 2}[where]
    return np.concatenate([zeros_for(x, before), x, zeros_for(x, new - before)], axis=-1)


def zeros_for(x: Array, channels: int) -> Array:
    """Zeros of the shape of x, with `channels` channels."""
    return np.zeros((*x.shape[:-1], channels), x.dtype)


PLACES = {
    "after": "they must come after them",
    "before": "they must come before them",
    "both sides": "half of them must come before and half after them, an odd one after",
}


def padded_otherwise(
    x: Array, stride: int, out_channels: int, where: str = "after"
) -> list[tuple[str, Array]]:
    """The usual mistakes in option A: pairs (sentence, array)."""
    others = [
        (
            f"the zeros are {'on both sides of' if other == 'both sides' else other} the old "
            f"channels: {PLACES[where]}"
            + (", all of them" if (where, other) == ("after", "both sides") else ""),
            option_a(x, stride, out_channels, other),
        )
        for other in ("before", "both sides", "after")
        if other != where
    ]
    x = x[:, ::stride, ::stride]
    in_channels = x.shape[-1]
    return [
        *others,
        (
            "the channels are repeated: the new channels must be zeros",
            np.concatenate([x] * (out_channels // in_channels + 1), axis=-1)[..., :out_channels],
        ),
    ]


def option_b(x: Array, projection: Layer, stride: int) -> Array:
    """Shortcut B: a 1x1 convolution with the stride, then batch norm."""
    w, weight, bias = projection
    return norm(convolution(x, w, stride), weight, bias)


def early(x: Array, layers: Sequence[Layer], strides: Sequence[int]) -> Array:
    """F(x) with a mistake: each ReLU comes before its batch norm instead of after it."""
    for i, ((w, weight, bias), stride) in enumerate(zip(layers, strides)):
        x = convolution(x, w, stride)
        x = norm(relu(x) if i < len(layers) - 1 else x, weight, bias)
    return x


def branch(
    x: Array,
    layers: Sequence[Layer],
    strides: Sequence[int],
    between: bool | int = True,
    last: bool = True,
    padded: bool = True,
) -> Array:
    """F(x): convolutions, each with batch norm, and ReLUs between the layers.

    Three arguments plant mistakes. `between` False leaves out all ReLUs, and a number keeps only
    the ReLU before that layer; `last` False leaves out the last batch norm; `padded` False leaves
    out the padding.
    """
    for i, ((w, weight, bias), stride) in enumerate(zip(layers, strides)):
        x = convolution(
            relu(x) if i and (between is True or between is not False and between == i) else x,
            w,
            stride,
            padded,
        )
        x = norm(x, weight, bias) if i < len(layers) - 1 or last else x
    return x


class Block(NamedTuple):
    """A block with given parameters: y = relu(F(x) + shortcut(x))."""

    path: Sequence[Layer]  # the layers of F
    projection: Sequence[Layer]  # that of shortcut B, if there is one
    strides: Sequence[int]  # of the convolutions of F
    kind: str | None  # of the shortcut: "A", "B", or None for a plain block
    zeros: str  # where the zeros of option A stand, one of `PLACES`

    @property
    def depth(self) -> int:
        return len(self.path)

    @property
    def stride(self) -> int:
        return max(self.strides)

    @property
    def in_channels(self) -> int:
        return self.path[0][0].shape[2]

    @property
    def out_channels(self) -> int:
        return self.path[-1][0].shape[3]

    def f(self, x: Array) -> Array:
        """F(x)."""
        return branch(x, self.path, self.strides)

    def shortcut(self, x: Array) -> Array:
        """What is added to F(x): 0 in a plain block."""
        if self.kind is None:
            return np.zeros(())
        if self.projection:
            return option_b(x, self.projection[0], self.stride)
        return option_a(x, self.stride, self.out_channels, self.zeros)

    def before_relus(self, x: Array) -> list[Array]:
        """The input of each ReLU, the one after the addition last."""
        between = [branch(x, self.path[:i], self.strides) for i in range(1, self.depth)]
        return [*between, self.f(x) + self.shortcut(x)]

    def y(self, x: Array) -> Array:
        """The output."""
        return relu(self.before_relus(x)[-1])


def projections(kind: str | None, in_channels: int, out_channels: int, stride: int) -> list[Shape]:
    """The shapes of the filters on a shortcut: one 1x1 convolution, or none."""
    there = kind == "B" and (stride != 1 or in_channels != out_channels)
    return [(1, 1, in_channels, out_channels)] if there else []


def basic_kernels(in_channels: int, out_channels: int) -> list[Shape]:
    """The shapes of the filters of a BasicBlock's F(x)."""
    return [(3, 3, in_channels, out_channels), (3, 3, out_channels, out_channels)]


def bottleneck_kernels(in_channels: int, mid_channels: int, out_channels: int) -> list[Shape]:
    """The shapes of the filters of a Bottleneck's F(x)."""
    return [
        (1, 1, in_channels, mid_channels),
        (3, 3, mid_channels, mid_channels),
        (1, 1, mid_channels, out_channels),
    ]
