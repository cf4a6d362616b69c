"""Exercises of notebook 04: convolution."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect
from ...kernels import naive
from ...types import Array
from .kinds import Exercise


def _conv(x: Array, w: Array, stride: int = 1, padding: int = 0, dilation: int = 1) -> Array:
    y: Array = naive.conv2d.forward(x, w, stride, padding, dilation)[0]
    return y


def _check_one_by_one(conv_1x1: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 4, 3, 5)), rng.standard_normal((1, 1, 5, 5))
    want = _conv(x, w)
    mistakes = [
        ("w is transposed: its rows belong to the input channels", x @ w[0, 0].T),
        ("a single channel comes back: each filter makes one", want.sum(axis=3)),
        ("the pixels' own channels are multiplied, not mixed", x * np.diag(w[0, 0])),
    ]
    expect("conv_1x1", call(conv_1x1, x, w), want, mistakes)
    w = rng.standard_normal((1, 1, 5, 2))
    expect("conv_1x1, from 5 channels to 2", call(conv_1x1, x, w), _conv(x, w))


def _check_dilation(conv_dilated: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 9, 8, 2)), rng.standard_normal((3, 3, 2, 3))
    for stride, padding, dilation in ((1, 0, 2), (1, 2, 2), (2, 3, 3), (1, 1, 1)):
        want = _conv(x, w, stride, padding, dilation)
        mistakes = [
            ("the filter's numbers still lie side by side", _conv(x, w, stride, padding)),
            ("the filter is flipped", _conv(x, w[::-1, ::-1], stride, padding, dilation)),
        ]
        got = call(conv_dilated, x, w, stride, padding, dilation)
        what = f"conv_dilated with stride {stride}, padding {padding}, dilation {dilation}"
        expect(what, got, want, mistakes)


def _check_merge(merged: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    want = _full(first, second)
    mistakes = [
        ("one of the two is flipped", _full(first, second[::-1, ::-1])),
        ("one of the two is flipped", _full(first[::-1, ::-1], second)),
        ("the result is flipped", want[::-1, ::-1]),
        ("the two filters lie side by side, and are not combined", np.kron(first, second)[:5, :5]),
    ]
    expect("merged", call(merged, first, second), want, mistakes)


def _full(first: Array, second: Array) -> Array:
    w = np.zeros((5, 5))
    for a in range(3):
        for b in range(3):
            w[a : a + 3, b : b + 3] += first * second[a, b]
    return w


EXERCISES = (
    Exercise(
        "04.one_by_one",
        1,
        "A filter of a single pixel",
        """A 1 x 1 convolution looks at all channels of one pixel at a time. Write
`conv_1x1(x, w)` in one line, without windows: `x` is `(N, H, W, C)`, `w` is `(1, 1, C, C_out)`.
What is such a layer good for?""",
        (
            "Each pixel is a row of C numbers, and the filters are a matrix of C rows.",
            "`@` works on the last axis of `x` and leaves the others alone.",
        ),
        """
def conv_1x1(x, w):
    return x @ w[0, 0]  # mixes channels, and changes how many there are: notebook 11 needs one
""",
        _check_one_by_one,
    ),
    Exercise(
        "04.dilation",
        2,
        "A filter with gaps",
        """With **dilation** `d` the numbers of a filter lie on pixels that are `d` apart, not
side by side. The index of `x` becomes `i * s + a * d - p`, and likewise for the columns. So
nine weights cover a larger part of the image. Write `conv_dilated(x, w, stride, padding,
dilation)`, beginning with a copy of `conv_loops`.""",
        (
            "In the innermost line only the index of `x` changes.",
            "A filter of K numbers with gaps spans `d * (K - 1) + 1` pixels. The output's size "
            "follows from that.",
        ),
        """
def conv_dilated(x, w, stride, padding, dilation):
    N, H, W, C = x.shape
    KH, KW, C, C_out = w.shape
    H_out = output_size(H, dilation * (KH - 1) + 1, stride, padding)
    W_out = output_size(W, dilation * (KW - 1) + 1, stride, padding)
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    y = np.zeros((N, H_out, W_out, C_out), x.dtype)
    for n, i, j, o in np.ndindex(y.shape):
        for a, b, c in np.ndindex(KH, KW, C):
            y[n, i, j, o] += (
                x[n, i * stride + a * dilation, j * stride + b * dilation, c] * w[a, b, c, o]
            )
    return y
""",
        _check_dilation,
    ),
    Exercise(
        "04.merge",
        3,
        "Two layers that are one",
        """Two 3 x 3 convolutions in a row, with nothing between them, see 5 x 5 pixels. They *are*
one 5 x 5 convolution. Write `merged(first, second)`, which finds its filter, for one channel:
`slide(slide(x, first), second)` and `slide(x, merged(first, second))` must be the same for every
`x`. With C channels everywhere, how many weights do the two have, and how many does the one have?
Why then put a ReLU between them?""",
        (
            "Write out one pixel of the result: a sum over the places of `second`, and inside of "
            "it a sum over the places of `first`.",
            "The weight of `second` at (a, b) looks at an output of `first` a rows and b columns "
            "further on. So `first`, times that weight, is added to the 5 x 5 filter with "
            "its corner at (a, b).",
        ),
        """
def merged(first, second):
    w = np.zeros((5, 5))
    for a in range(3):
        for b in range(3):
            w[a : a + 3, b : b + 3] += first * second[a, b]
    return w  # 18 C C weights do the work of 25 C C; with a ReLU between, they do more than that
""",
        _check_merge,
    ),
    Exercise(
        "04.explain",
        0,
        "why share the weights",
        """A friend asks: *if a fully connected layer can do all that a convolution can, and more,
why make it weaker on purpose?* Explain it with the ring on the dark ground.""",
        ("How would a fully connected layer learn to find a ring in the top left corner?",),
        """A fully connected layer has its own weights for every place. It learns a ring in the
middle from images with a ring in the middle, and knows nothing about a ring in the corner until it
has seen one there. A convolution uses the same few weights everywhere: it learns the ring once and
finds it in every place. It needs far fewer weights, and far fewer examples. What it gives up, a
different answer to the same pattern in another place, is hardly ever wanted in images.""",
    ),
)
