"""Exercises of notebook 03: a step of training, and two losses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...course.calling import call
from ...course.compare import expect, expect_that, expect_tuple
from .kinds import Exercise


def _check_step(train_step: Callable[..., Any]) -> None:
    lr = 0.05
    a = Tensor(np.array([1.0, -2.0, 0.5]), requires_grad=True)
    b = Tensor(np.array([[3.0]]), requires_grad=True)

    def compute_loss() -> Tensor:
        return (a * a).sum() * b.sum() + (b * b).sum()

    compute_loss().backward()  # as after the step before: gradients are there
    before = [p.data.copy() for p in (a, b)]
    gradients = [2 * before[0] * before[1].sum(), (before[0] ** 2).sum() + 2 * before[1]]
    call(train_step, [a, b], compute_loss, lr, name="train_step")
    for which, p, old, g in zip(("first", "second"), (a, b), before, gradients):
        mistakes = [
            ("the gradients of the step before were not cleared: they add up", old - lr * 2 * g),
            (
                "the parameter was not changed: `p = p - ...` makes a new Tensor; change `p.data`",
                old,
            ),
            ("the sign is wrong: a step goes against the gradient", old + lr * g),
            ("lr is left out", old - g),
            ("backward was called twice, and the gradients of both added up", old - lr * 3 * g),
        ]
        expect(f"train_step: the {which} parameter", p.data, old - lr * g, mistakes)


def _check_shapes(safe_mean_square: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    y, t = rng.standard_normal((6, 1)), rng.standard_normal(6)
    e, every = y[:, 0] - t, (y - t) ** 2
    mistakes = [
        ("every y is compared with every t: line the shapes (6, 1) and (6,) up", every.mean()),
        ("every y is compared with every t: line the shapes (6, 1) and (6,) up", every.sum() / 6),
        ("it is the sum, not the mean", (e**2).sum()),
        ("the square is missing", e.mean()),
        ("it is the root of the mean", np.sqrt((e**2).mean())),
    ]
    for shape in ((6,), (6, 1)):
        got = call(safe_mean_square, y, t.reshape(shape), name="safe_mean_square")
        expect(f"safe_mean_square with t of shape {shape}", got, (e**2).mean(), mistakes)


def _check_logistic(logistic_loss: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    y = 2 * rng.standard_normal((5, 1))
    t = np.array([[1.0], [-1.0], [-1.0], [1.0], [-1.0]])
    loss, back = np.log1p(np.exp(-t * y)), -t / (1 + np.exp(t * y))
    got = expect_tuple(
        "logistic_loss", call(logistic_loss, y, t, name="logistic_loss"), 2, "loss and dy"
    )
    mistakes = [
        ("it is the sum over the points, not their mean", loss.sum()),
        ("the sign of the exponent is wrong: a right y must cost little", (loss + t * y).mean()),
        ("t is left out: then y = -5 costs the same for both spirals", np.log1p(np.exp(-y)).mean()),
        ("the 1 under the logarithm is missing", (-t * y).mean()),
        ("it is an array: one number is wanted, the mean", loss),
    ]
    expect("logistic_loss: the loss", got[0], loss.mean(), mistakes)
    mistakes = [
        ("it is not divided by N, although the loss is a mean", back),
        ("the sign is wrong", -back / 5),
        ("the derivative of -t y is -t: it is left out", back / (-t) / 5),
        ("the exponent has the other sign", -t / (1 + np.exp(-t * y)) / 5),
    ]
    expect("logistic_loss: dy", got[1], back / 5, mistakes)
    far = np.array([[800.0], [-800.0]])
    with np.errstate(all="ignore"):
        loss_far, dy_far = call(logistic_loss, far, np.ones((2, 1)), name="logistic_loss")
    expect_that(
        np.isfinite(loss_far).all(),
        "logistic_loss: for y = -800 the exponential overflows: use `np.logaddexp(0, ...)`",
    )
    expect_that(
        np.isfinite(dy_far).all(),
        "logistic_loss: for y = -800 dy is infinity divided by infinity: write the exponential "
        "into the denominator alone",
    )
    expect("logistic_loss with y = 800 and -800", loss_far, 400.0)
    expect("logistic_loss with y = 800 and -800: dy", dy_far, np.array([[0.0], [-0.5]]))


EXERCISES = (
    Exercise(
        "03.step",
        1,
        "One step",
        """Write `train_step(parameters, compute_loss, lr)`, one step of training. `parameters` is a
list of Tensors, which may hold the gradients of the step before. `compute_loss()` goes forward and
returns the loss. Afterwards every parameter has moved against its gradient.""",
        (
            "Four things: forward, clear, backward, step. Clear at any time before backward.",
            "`p.grad = None` clears. `p.data -= lr * p.grad` changes the numbers of the Tensor.",
        ),
        """
def train_step(parameters, compute_loss, lr):
    for p in parameters:
        p.grad = None
    compute_loss().backward()
    for p in parameters:
        p.data -= lr * p.grad
""",
        _check_step,
    ),
    Exercise(
        "03.shapes",
        2,
        "A classic mistake",
        """`y` has the shape (N, 1), and somebody calls `mean_square(y, t)` with a `t` of shape
(N,). There is no error. What does it compute? Write `safe_mean_square(y, t)` for NumPy arrays. It
returns the mean square of the N differences for a `t` of shape (N,) or (N, 1).""",
        (
            "Line the two shapes up at their ends: (N, 1) and (1, N). Every y meets every t.",
            "`t.reshape(y.shape)` is right for both shapes.",
        ),
        """
def safe_mean_square(y, t):
    e = y - t.reshape(y.shape)  # y - t would be (N, N)
    return (e**2).mean()
""",
        _check_shapes,
    ),
    Exercise(
        "03.logistic",
        3,
        "Only the side counts",
        """The square punishes a y of 5 where t is 1, although the answer is right. The **logistic
loss** does not: it is the mean of ln(1 + exp(-t y)) over the points. Write `logistic_loss(y, t)`,
which returns the loss and `dy`, for arrays of shape (N, 1). Loss and dy must be right for
y = 800 and y = -800 too.""",
        (
            "The derivative of ln(1 + exp(u)) with respect to u is 1 / (1 + exp(-u)). Here u is "
            "-t y.",
            "`np.logaddexp(0, u)` is ln(exp(0) + exp(u)), and does not overflow.",
            "dy is -t / (1 + exp(t y)), divided by N. (NumPy may warn that exp overflows. "
            "1 / infinity is 0, which is right.)",
        ),
        """
def logistic_loss(y, t):
    loss = np.logaddexp(0, -t * y).mean()
    dy = -t / (1 + np.exp(t * y)) / len(y)
    return loss, dy
""",
        _check_logistic,
    ),
    Exercise(
        "03.explain",
        0,
        "why not simply more layers?",
        """A friend builds a network of ten layers, `x @ w1 @ w2 @ ... @ w10`, and cannot get it to
separate two spirals, however long it trains. What would you tell them, and what is the least that
they must change?""",
        ("What is the product of ten matrices?",),
        """The product of ten matrices is one matrix. So the ten layers compute nothing that one
layer could not, and the border between the classes is one straight line. It takes something that
bends, such as a ReLU, between the layers. One ReLU layer in the middle is enough for a border of
many straight pieces.""",
    ),
)
