"""Exercises of notebook 05: the gradients of a convolution, and how to check one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import WrongAnswer, expect, expect_that
from ...kernels import naive
from .kinds import Exercise


def _check_bias(bias_gradient: Callable[..., Any]) -> None:
    dy = np.random.default_rng(0).standard_normal((2, 4, 3, 5))
    sums = dy.sum(axis=(0, 1, 2))
    mistakes = [
        ("it is the mean: sum over the axes along which b was repeated", dy.mean(axis=(0, 1, 2))),
        ("only the images are summed; b was repeated over rows and columns, too", dy.sum(axis=0)),
        ("the images are not summed, but b is the same for all of them", dy.sum(axis=(1, 2))),
        ("the channels are summed as well; each has a bias of its own", dy.sum()),
        (
            "the channels are summed and the images are kept; db has one number for each channel",
            dy.sum(axis=(1, 2, 3)),
        ),
        (
            "`keepdims` is set: it leaves axes of length 1, but db has the shape of b",
            dy.sum(axis=(0, 1, 2), keepdims=True),
        ),
        ("dy is taken to be 1 everywhere", np.full(5, float(dy[..., 0].size))),
    ]
    expect("bias_gradient", call(bias_gradient, dy), sums, mistakes)


def _check_direction(measured_error: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, u = rng.standard_normal((2, 3, 4))
    right, h = 3 * x**2, 1e-2

    def loss(x):
        return (x**3).sum()

    everywhere = loss(x + h) - loss(x - h)
    for what, dx in (("a right gradient", right), ("a wrong gradient", right + 0.3)):
        rate = (dx * u).sum()
        both, one = loss(x + h * u) - loss(x - h * u), loss(x + h * u) - loss(x)
        mistakes = [
            ("the two points are 2 h apart: divide by 2 h", abs(both / h - rate) / abs(rate)),
            (
                "it is multiplied by h, not divided: put `2 * h` in brackets",
                abs(both / 2 * h - rate) / abs(rate),
            ),
            ("it is measured on one side only", abs(one / h - rate) / abs(rate)),
            (
                "u is left out of the steps: along u they are `h * u`",
                abs(everywhere / (2 * h) - rate) / abs(rate),
            ),
            (
                "u is left out of the steps and of the rate; along u they are `h * u` and the sum "
                "of dx times u",
                abs(everywhere / (2 * h) - dx.sum()) / abs(dx.sum()),
            ),
            (
                "it is divided by the measured rate; divide by the predicted one",
                abs(both / (2 * h) - rate) / abs(both / (2 * h)),
            ),
            (
                "the mean of dx times u is taken; the rate is their sum",
                abs(both / (2 * h) - rate / x.size) / abs(rate / x.size),
            ),
            ("it is in percent", 100 * abs(both / (2 * h) - rate) / abs(rate)),
            ("it is the error itself: divide by the size of the rate", abs(both / (2 * h) - rate)),
            (
                "the rate is the sum of dx times u, not of dx alone",
                abs(both / (2 * h) - dx.sum()) / abs(dx.sum()),
            ),
            ("the sign is lost: an error has none", (both / (2 * h) - rate) / abs(rate)),
        ]
        want = abs(both / (2 * h) - rate) / abs(rate)
        got = call(measured_error, loss, x, dx, u, h)
        expect(f"measured_error of {what}", got, want, mistakes)


def _check_spread(dx_by_forward: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for H, W in ((7, 7), (8, 8), (7, 10)):
        w = rng.standard_normal((3, 3, 2, 2))
        y, cache = naive.conv2d.forward(np.zeros((2, H, W, 2)), w, 2, 1)
        dy = rng.standard_normal(y.shape)
        want = naive.conv2d.backward(dy, cache)[0]
        mistakes = [
            ("the filters are not flipped", _spread(dy, w[::-1, ::-1], H, W)),
            ("input and output channels are not exchanged", _spread(dy, w, H, W, swap=False)),
            (
                "dy lies at the places 0, 2, 4, ... of the wide array; it begins with 1, for the "
                "padding",
                _spread(dy, w, H, W, first=0),
            ),
            ("dy is not spread: zeros are missing between its rows and columns", _narrow(dy, w)),
        ]
        got = call(dx_by_forward, dy, w, H, W)
        expect_that(
            not isinstance(got, tuple),
            "dx_by_forward: expected dx, got a tuple: `forward` returns y and a cache, take [0]",
        )
        if np.shape(got) == (2, H - 1 + H % 2, W - 1 + W % 2, 2) != want.shape:
            raise WrongAnswer(
                f"dx_by_forward for {H} x {W} pixels: a row or column is missing at the end. The "
                "last one lies in no window, so its place must be filled with zeros"
            )
        expect(f"dx_by_forward for {H} x {W} pixels", got, want, mistakes)


def _narrow(dy, w):
    wide = np.pad(dy, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return naive.conv2d.forward(wide, w[::-1, ::-1].transpose(0, 1, 3, 2))[0]


def _spread(dy, w, H, W, swap=True, first=1):
    wide = np.zeros((len(dy), H + 2, W + 2, dy.shape[3]))
    rows, columns = 2 * dy.shape[1], 2 * dy.shape[2]
    wide[:, first : first + rows : 2, first : first + columns : 2] = dy
    flipped = w[::-1, ::-1]
    return naive.conv2d.forward(wide, flipped.transpose(0, 1, 3, 2) if swap else flipped)[0]


EXERCISES = (
    Exercise(
        "05.bias",
        1,
        "The gradient of a bias",
        """A convolution with a bias computes `y + b`, with `b` of shape `(C_out,)`. Write
`bias_gradient(dy)`, which returns `db`; `dy` is `(N, H, W, C_out)`.""",
        (
            "b was broadcast over images, rows and columns. What does backward do with what was "
            "repeated (notebook 02)?",
            "Sum over the first three axes: `axis=(0, 1, 2)`.",
        ),
        """
def bias_gradient(dy):
    return dy.sum(axis=(0, 1, 2))
""",
        _check_bias,
    ),
    Exercise(
        "05.direction",
        2,
        "Your own check",
        """Write `measured_error(L, x, dx, u, h)`, a check for one direction `u`. Measure the rate
at which the function `L` changes at `x` along `u`, with the step `h` on both sides. Compare it with
the rate that the gradient `dx` predicts. Return the relative error, as a share of the predicted
rate.""",
        (
            "Measured: the difference of L at `x + h * u` and at `x - h * u`, divided by the "
            "distance of the two.",
            "Predicted: the sum of `dx * u`. The relative error is |measured - predicted| divided "
            "by |predicted|.",
        ),
        """
def measured_error(L, x, dx, u, h):
    measured = (L(x + h * u) - L(x - h * u)) / (2 * h)
    predicted = (dx * u).sum()
    return abs(measured - predicted) / abs(predicted)
""",
        _check_direction,
    ),
    Exercise(
        "05.spread",
        3,
        "dx with stride 2, by a forward pass",
        """With stride 1 `dx` is a forward convolution of `dy` with the flipped filters. For stride
2 put a row and a column of zeros between the rows and columns of `dy` first. Write
`dx_by_forward(dy, w, H, W)` for filters of 3 x 3, stride 2 and padding 1, where `H` and `W` are the
height and width of the image. Use `my_conv2d.forward` with stride 1 and padding 0, on a `dy` that
you have spread and padded yourself. Try 7 x 7 pixels first, then 8 x 8.""",
        (
            "The flipped filters with exchanged channels are "
            "`w[::-1, ::-1].transpose(0, 1, 3, 2)`.",
            "Without padding a 3 x 3 filter takes off two rows and two columns. So the spread `dy` "
            "must have H + 2 rows and W + 2 columns for a result of H x W.",
            "In an array of zeros `wide` of that size, `dy` belongs at every second place, "
            "beginning with 1: `wide[:, 1 : 1 + 2 * dy.shape[1] : 2, ...] = dy`.",
        ),
        """
def dx_by_forward(dy, w, H, W):
    N, H_out, W_out, C_out = dy.shape
    wide = np.zeros((N, H + 2, W + 2, C_out))
    wide[:, 1 : 1 + 2 * H_out : 2, 1 : 1 + 2 * W_out : 2] = dy
    return my_conv2d.forward(wide, w[::-1, ::-1].transpose(0, 1, 3, 2))[0]
""",
        _check_spread,
    ),
    Exercise(
        "05.explain",
        0,
        "why the filter is flipped",
        """A friend has read that the backward pass of a convolution is a convolution *with the
flipped filter*, and asks where the flip comes from. Explain it with a pixel and the three windows
that it lies in, without a formula.""",
        ("In which place of the filter is the pixel, in the window furthest to the left?",),
        """A pixel lies in several windows. In the window furthest to the left it is the last one,
so the last weight was on it; in the window furthest to the right it is the first one, under the
first weight. On the way back the dy of each window reaches the pixel through the same weight. So if
you go through the windows from left to right, the weights come from last to first. The filter is
not flipped on purpose: it looks flipped, seen from the pixel.""",
    ),
)
