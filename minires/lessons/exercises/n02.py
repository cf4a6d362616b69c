"""Exercises of notebook 02: gradients of arrays, and the order of the walk back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect
from .kinds import Exercise


def _check_mean(mean_backward: Callable[..., Any]) -> None:
    x = np.random.default_rng(0).standard_normal((3, 4))
    want = np.full(x.shape, 2.5 / 12)
    mistakes = [
        ("the division by the number of elements is missing", np.full(x.shape, 2.5)),
        ("it is divided by the number of rows only", np.full(x.shape, 2.5 / 3)),
        ("dy is missing", np.full(x.shape, 1 / 12)),
        ("it is multiplied by x, as if the numbers had been squared", 2.5 * x / 12),
    ]
    expect("mean_backward", call(mean_backward, 2.5, x), want, mistakes)


def _check_axis(axis_mean_backward: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 4, 3))
    for axis in (1, 0, 2):
        size = x.shape[axis]
        dy = rng.standard_normal(np.delete(x.shape, axis))
        want = np.expand_dims(dy, axis).repeat(size, axis) / size
        mistakes = [
            ("the division by the size of the axis is missing", want * size),
            ("it is divided by the number of all elements", want * size / x.size),
        ]
        if axis != 0 and dy.shape == x.shape[1:]:
            wrong = np.broadcast_to(dy, x.shape) / size
            mistakes.append(
                ("dy is repeated along the first axis: put the missing axis back first", wrong)
            )
        got = call(axis_mean_backward, dy, x, axis)
        expect(f"axis_mean_backward with axis {axis}", got, want, mistakes)


def _walk(n: int) -> int:
    """The number of visits when every path is walked by itself."""
    if n == 0:
        return 1  # the input, a leaf
    sum_box, product_box, constant = 1, 1, 1
    return sum_box + product_box + constant + 2 * _walk(n - 1)


def _check_visits(visits_of: Callable[..., Any]) -> None:
    for n in (10, 2, 1, 0):
        mistakes = [
            ("only the paths are counted, not the boxes on them", 2**n),
            ("the constant 0.5 is not counted; it is a leaf, and visited too", 3 * 2**n - 2),
            ("each box is counted once: that is the topological order", 3 * n + 1),
            ("there is one step too many", _walk(n + 1)),
        ]
        expect(f"visits_of({n})", call(visits_of, n), _walk(n), mistakes)


EXERCISES = (
    Exercise(
        "02.mean",
        1,
        "Back through a mean",
        """`y = x.mean()` is one number. Write `mean_backward(dy, x)`, which returns `dx`, of
the shape of `x`.""",
        (
            "A mean is a sum, divided by how many there are.",
            "Every element of `x` has the same share in `y`: 1 / x.size.",
        ),
        """
def mean_backward(dy, x):
    return np.full(x.shape, dy / x.size)
""",
        _check_mean,
    ),
    Exercise(
        "02.axis",
        2,
        "Back through a mean along an axis",
        """Now `y = x.mean(axis)`: `dy` has one axis less than `x`. Write
`axis_mean_backward(dy, x, axis)`.""",
        (
            "The mean along an axis is the opposite of broadcasting: each number of `dy` belongs "
            "to all the elements that it was made from.",
            "`np.expand_dims(dy, axis)` puts the missing axis back, with size 1. Then broadcasting "
            "does the repeating.",
        ),
        """
def axis_mean_backward(dy, x, axis):
    return np.expand_dims(dy, axis) * np.ones_like(x) / x.shape[axis]
""",
        _check_axis,
    ),
    Exercise(
        "02.visits",
        3,
        "How many visits?",
        """A chain of n residual steps, `x = x * 0.5 + x`, with the second way of walking back,
`push_the_new`. Write `visits_of(n)`, which returns the number of its visits, including those to the
first and the last box. Compute it first, then count with `push_the_new`.""",
        (
            "Each step adds two boxes, the product and the sum, and a constant, 0.5. All are "
            "visited.",
            "Let V(n) be the number for n steps. The sum is visited once, the product and the "
            "constant once, and everything behind the step twice. V(0) = 1.",
        ),
        """
def visits_of(n):
    return 1 if n == 0 else 3 + 2 * visits_of(n - 1)  # 4 * 2**n - 3
""",
        _check_visits,
    ),
    Exercise(
        "02.explain",
        0,
        "first all, then on",
        """A friend wrote a tape that goes back along every path, and it is right. On a residual net
of 6 blocks it was quick; with 27 blocks it never comes to an end. Explain why, and what the
topological order changes.""",
        ("How many ways lead back through one block? Through two? Through three?",),
        """The input of each block is used in two places, so two ways lead back through it, and
through 27 blocks 2 x 2 x ... x 2, over a hundred million. Walking along each of them is right and
hopeless. In topological order a box waits until all gradients have come to it, adds them up, and
passes the sum on once: the number of visits is the number of boxes.""",
    ),
)
