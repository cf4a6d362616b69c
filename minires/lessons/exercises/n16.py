"""Exercises of notebook 16: finding mistakes, and hiding them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect_that, expect_tuple
from ...kernels import naive
from .kinds import Exercise


def _check_spot(line: int) -> None:
    expect_that(
        isinstance(line, (int, np.integer)) and 1 <= line <= 5, "expected a number from 1 to 5"
    )
    known = {
        1: "line 1 is right: dy has one row for each image, one column for each output",
        2: "line 2 is right: a bias is added to every row, so its gradients add up",
        4: "line 4 is right: (N, out) times (out, in) is (N, in), the shape of x",
        5: "line 5 only returns what was computed",
    }
    expect_that(line == 3, known.get(int(line), ""))


def _check_catch(choose_sizes: Callable[..., Any]) -> None:
    got = expect_tuple(
        "choose_sizes", call(choose_sizes), 4, "x.shape, w.shape, stride and padding"
    )
    x_shape, w_shape, stride, padding = got
    try:
        (n, h, w, c), (kh, kw, c_in, c_out) = x_shape, w_shape
        sizes = [int(size) for size in (n, h, w, c, kh, kw, c_in, c_out, stride, padding)]
    except (TypeError, ValueError):
        expect_that(False, "expected x.shape of four numbers, w.shape of four, and two numbers")
    expect_that(min(sizes[:9]) >= 1 and sizes[9] >= 0, "sizes must be at least 1, padding 0")
    expect_that(max(sizes) <= 12, "sizes of at most 12 are enough, and quick")
    expect_that(c == c_in, "x and w must agree in the number of input channels")
    expect_that(h + 2 * padding >= kh and w + 2 * padding >= kw, "the filter does not fit in")
    expect_that(n > 1, "with one image a mistake that uses only the first one stays hidden")
    expect_that(h != w, "height and width are equal: exchanged, they would have the same shape")
    expect_that(kh != kw, "the filter is square: a transposed one would have the same shape")
    expect_that(c_in != c_out, "as many channels in as out: a transposed w would fit as well")
    expect_that(stride > 1, "with stride 1 a forgotten stride stays hidden")
    expect_that(padding > 0, "with padding 0 a border that is not cut off stays hidden")


def _check_own(broken_backward: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 6))
    dy = rng.standard_normal((4, 6))
    y, cache = naive.relu.forward(x)
    right = naive.relu.backward(dy, cache)
    result = call(broken_backward, dy, cache)
    expect_that(result is not None, "broken_backward returned None: is a `return` missing?")
    got = np.asarray(result)
    expect_that(
        got.shape == right.shape,
        f"a wrong shape is found at once: expected {right.shape}, got {got.shape}",
    )
    expect_that(bool(np.isfinite(got).all()), "nan is found at once")
    expect_that(not np.allclose(got, right), "this gradient is right")
    ones = np.asarray(call(broken_backward, np.ones_like(x), cache))
    expect_that(
        np.allclose(ones, naive.relu.backward(np.ones_like(x), cache)),
        "a test with dy = 1 everywhere finds it. Make one that passes for dy = 1 and is wrong for "
        "a random dy",
    )


EXERCISES = (
    Exercise(
        "16.spot",
        1,
        "Spot it",
        """This is the backward pass of a linear layer, `y = x @ w + b`. One line is wrong, although
all shapes fit: this layer has as many inputs as there are images. Which line is it?

    N, out = dy.shape             # line 1
    db = dy.sum(axis=0)           # line 2
    dw = x @ dy                   # line 3
    dx = dy @ w.T                 # line 4
    return dx, dw, db             # line 5

Set `found_it` to the number of the line.""",
        (
            "Write the shape of each array beside it: x is (N, in), dy is (N, out).",
            "Which of the products makes sense only because N and in are the same number?",
        ),
        """
found_it = 3  # x.T @ dy: (in, N) times (N, out) is (in, out), whatever N is
""",
        _check_spot,
    ),
    Exercise(
        "16.catch",
        2,
        "Sizes that catch",
        """Write `choose_sizes()`, which returns `x.shape, w.shape, stride, padding` for a test of
a convolution, such that no mistake of this museum can hide in a special case. Sizes up to 12 are
enough. The check says which mistake could still hide.""",
        (
            "`x.shape` is (N, H, W, C), `w.shape` is (KH, KW, C, C_out).",
            "Whatever could be exchanged by mistake must differ: H and W, KH and KW, C and C_out. "
            "Whatever could be forgotten must matter: more than one image, a stride above 1, some "
            "padding.",
        ),
        """
def choose_sizes():
    return (2, 7, 6, 3), (3, 2, 3, 4), 2, 1
""",
        _check_catch,
    ),
    Exercise(
        "16.own",
        3,
        "A mistake of your own",
        """Now add an exhibit of your own. Write `broken_backward(dy, cache)` for ReLU (`cache`
is `y`, which is above 0 where `x` is). It must be wrong for a random `dy`, and yet pass a test
whose `dy` is 1 everywhere. That shows why such a test is worth little.""",
        (
            "A test with `dy` = 1 cannot tell `dy` from anything else that is 1 there.",
            "Which function of `dy` is 1 for 1, and differs elsewhere?",
        ),
        """
def broken_backward(dy, cache):
    return abs(dy) * (cache > 0)  # 1 stays 1, but every sign is lost
""",
        _check_own,
    ),
    Exercise(
        "16.explain",
        0,
        "but it learns",
        """A friend says: *my backward pass must be right, the loss falls.* Answer in three
sentences.""",
        ("Remember the windows that overwrite each other.",),
        """The loss falls for every direction that points downhill a little, and there are very
many of these; the gradient is only the steepest. A layer can also get no useful gradient at all,
and the layers after it learn with what it gives them. So a falling loss shows that something
learns, not that the gradient is right: for that, compare its numbers with finite differences, or
with a slow version that reads like the formula.""",
    ),
)
