"""Checks of ReLU, forward and backward."""

import numpy as np

from ...across import Answer
from ...calling import call
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from ..a1.arithmetic import SLOPES, slope
from .answers import forward_of, only_one


@task("a3.relu_forward")
def relu_forward(function: Answer, trial: Trial) -> None:
    x = 10 * trial.normal(5, 3, 2)  # an upper limit shows at large numbers only
    x[0, 0] = 0.0, -0.0
    y = forward_of(function, x, name="relu_forward")[0]
    expect(
        "relu_forward: y",
        y,
        np.where(x > 0, x, 0),
        [
            ("the absolute value is taken: negative numbers must become 0", np.abs(x)),
            (
                "y is 1 where x is positive: positive numbers must pass unchanged",
                (x > 0).astype(float),
            ),
            (
                "the sign is wrong: positive numbers must pass, and negative ones become 0",
                np.minimum(x, 0),
            ),
            ("negative numbers pass too", x),
            *(
                (
                    f"numbers above {most} are cut off: y = max(x, 0) has no upper limit",
                    np.clip(x, 0, most),
                )
                for most in (1, 6)
            ),
        ],
        tolerance=1e-12,
    )
    x = np.array([1.0, np.nan, -1.0])
    y = forward_of(function, x, name="relu_forward")[0]
    expect_that(
        np.isnan(np.asarray(y, dtype=float)[1]),
        "relu_forward: where x is nan, y must be nan too, but it is "
        f"{np.asarray(y, dtype=float)[1]:g}, which hides an earlier error. A comparison with nan "
        "is always False, so np.where(x > 0, x, 0) puts a 0 there",
    )
    x = trial.normal(2, 3, dtype=np.float32)
    expect(
        "relu_forward of float32",
        forward_of(function, x, name="relu_forward")[0],
        np.where(x > 0, x, 0),
        dtype=np.float32,
    )


@task("a3.relu_backward")
def relu_backward(forward: Answer, backward: Answer, trial: Trial) -> None:
    x, dy = 10 * trial.normal(5, 3, 2), trial.normal(5, 3, 2)
    x[0, 0], dy[0, 0] = (0.0, -0.0), (1.0, 2.0)
    _, cache = forward_of(forward, x, name="relu_forward")
    try:
        dx = only_one(call(backward, dy, cache, name="relu_backward"))
    except WrongAnswer as error:
        if "NoneType" in str(error):
            raise WrongAnswer(
                f"{error}. Is the cache None? relu_forward must put into it what relu_backward "
                "needs, such as x"
            ) from None
        raise
    at_zero = trial.option("ReLU at 0 in a kernel")
    expect(
        "relu_backward: dx",
        dx,
        slope(x, at_zero) * dy,
        [
            (
                "the gradient passes where dy is positive, instead of where x is",
                np.where(dy > 0, dy, 0),
            ),
            *(
                [
                    (
                        "the gradient passes at x = 0: minires and PyTorch take 0 as the "
                        "derivative there",
                        np.where(x >= 0, dy, 0),
                    ),
                    (
                        "at x = 0 half of the gradient passes: take 0 there",
                        np.where(x == 0, dy / 2, np.where(x > 0, dy, 0)),
                    ),
                ]
                if at_zero == "0"
                else [
                    (f"the derivative at x = 0 is {key}, but here it must be {at_zero}", other)
                    for key in SLOPES
                    for other in [slope(x, key) * dy]
                ]
            ),
            (
                "the derivative differs at -0.0 and 0.0: they are equal, and the derivative is "
                f"{at_zero} at both",
                np.where(np.signbit(x), 0, dy),
            ),
            (
                "dy is missing: the chain rule multiplies by dy, the gradient of the output",
                (x > 0).astype(float),
            ),
            ("the gradient passes where x < 0: it must pass where x > 0", np.where(x < 0, dy, 0)),
            ("the gradient is multiplied by x itself", dy * np.where(x > 0, x, 0)),
            ("the gradient passes everywhere", dy),
            *(
                (
                    f"no gradient passes where x is above {most}: y = max(x, 0) has no upper limit",
                    np.where((x > 0) & (x < most), dy, 0),
                )
                for most in (1, 6)
            ),
        ],
        tolerance=1e-12,
    )
    x, dy = trial.normal(2, 3, dtype=np.float32), trial.normal(2, 3, dtype=np.float32)
    _, cache = forward_of(forward, x, name="relu_forward")
    expect(
        "relu_backward of float32",
        only_one(call(backward, dy, cache, name="relu_backward")),
        np.where(x > 0, dy, 0),
        dtype=np.float32,
    )
