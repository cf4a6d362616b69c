"""Checks of the numerical gradient and of the student's gradient check."""

from collections.abc import Sequence

import numpy as np

from ....names import shown
from ....types import Array
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task


def expect_put_back(what: str, before: Sequence[Array], after: Sequence[Array]) -> None:
    """Check that a function left its arrays as they were.

    Raises
    ------
    WrongAnswer
        If one differs; the message begins with `what`.
    """
    if all(np.array_equal(a, b) for a, b in zip(before, after)):
        return
    if all(np.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(before, after)):
        raise WrongAnswer(
            f"{what} is not quite as it was before: adding eps and taking it away again "
            "leaves rounding errors. Keep the old number, "
            "old = x[i], and put that back, x[i] = old"
        )
    raise WrongAnswer(f"{what} is not as it was before: put each number back after moving it")


@task("a1.numerical_gradient")
def numerical_gradient(function: Answer, trial: Trial) -> None:
    weights, x = trial.normal(3, 2), trial.normal(3, 2)

    def f(x):
        return float((weights * x**3).sum())

    eps = 1e-2  # large, so that the formulas differ by more than rounding errors
    # At least one number must change when eps is added and taken away again.
    while ((x + eps) - 2 * eps + eps == x).all():
        x = trial.normal(3, 2)
    got, afterwards = probe("a1.slope", function, weights, x, eps)
    expect_put_back("numerical_gradient: x", (x,), (afterwards,))
    central, forward, backward_ = (np.empty((3, 2)) for _ in range(3))
    rows = np.array(
        [[(f(x + step) - f(x - step)) / (2 * eps)] * 2 for step in eps * np.eye(3)[:, :, None]]
    )
    for i in np.ndindex(3, 2):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        central[i], forward[i], backward_[i] = (
            (f(up) - f(down)) / (2 * eps),
            (f(up) - f(x)) / eps,
            (f(x) - f(down)) / eps,
        )
    expect(
        "numerical_gradient",
        got,
        central,
        [
            (
                "the difference is taken on one side only: (f(x + eps) - f(x)) / eps is off "
                "by as much as eps; use both sides",
                forward,
            ),
            (
                "the difference is taken on one side only: use (f(x + eps) - f(x - eps)) / (2 eps)",
                backward_,
            ),
            (
                "the difference is divided by eps and not by 2 eps: the two points are 2 eps apart",
                2 * central,
            ),
            (
                "/ 2 * eps is written instead of / (2 * eps): without brackets it divides by 2 "
                "and multiplies by eps",
                central * eps**2,
            ),
            ("the sign is wrong", -central),
            ("a whole row is moved at once: move one number, at [i, j]", rows),
            (
                "all numbers are moved at once: move one, and put it back before the next",
                np.full((3, 2), (f(x + eps) - f(x - eps)) / (2 * eps)),
            ),
        ],
        tolerance=1e-9,
    )
    expect_that(
        np.asarray(got).dtype == np.float64,
        "numerical_gradient: expected float64, since differences of nearly equal numbers "
        "lose digits",
    )


@task("a1.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    x = trial.normal(4)
    weights = -trial.rng.uniform(0.5, 2, 60)  # all negative: "largest" must mean without signs
    weights[7], one = 0.0, np.arange(60) == 7

    def times(factor, scale=1.0):
        return "a1.check_gradient", x, factor, trial.rng, scale

    def off_by(share, tolerance):
        error = share * np.abs(weights).max() * one
        return "a1.check_numbers", weights, error, trial.normal(60), tolerance, trial.rng

    too_large = trial.factor(1.008, 1.02)
    cases = [
        (
            times(1.0),
            True,
            "says that a right gradient is wrong. Rounding leaves differences of about 1e-9 of "
            "the gradient: allow differences up to the tolerance, as a share of the size of the "
            "gradient. (Is numerical_gradient right? See its check first)",
        ),
        (
            times(too_large),
            False,
            f"a gradient that is {100 * (too_large - 1):.1f} % too large passes for right. "
            "Compare the difference with the tolerance",
        ),
        (
            times(-1.0),
            False,
            "a gradient with the wrong sign passes for right. Compare the difference without its "
            "sign, np.abs(...), with the tolerance",
        ),
        (
            times(np.nan),
            False,
            "a gradient that is nan passes for right. A comparison with nan is always False: ask "
            "whether the difference is *small*, not whether it is large",
        ),
        (
            times(np.inf),
            False,
            "a gradient that is infinite passes for right. The tolerance is a share of the "
            "largest number of the *numerical* gradient",
        ),
        (
            times(None),
            False,
            "a gradient with a single wrong number passes for right. Compare every number, not "
            "their sum or mean",
        ),
        (
            times(1.5, scale=1e-6),
            False,
            "a small gradient that is 50 % too large passes for right: compare the difference "
            "with the size of the gradients, not with a fixed number",
        ),
        (
            off_by(0, 1e-4),
            True,
            "says that a right gradient is wrong if all its numbers are negative or 0: take the "
            "largest number without its sign",
        ),
        (
            off_by(0.5e-2, 1e-2),
            True,
            "one number of 60, where the gradient is 0, is off by half of what is allowed, and "
            "the answer is False. The tolerance is a share of the *largest* number of the "
            "numerical gradient, for all numbers alike, and `tolerance` is what was passed in",
        ),
        (
            off_by(2e-2, 1e-2),
            False,
            "one number of 60 is off by twice what is allowed, and the answer is True. Compare "
            "every number, not their mean or norm",
        ),
        (
            off_by(1e-5, 1e-6),
            False,
            "with tolerance 1e-6 an error of 1e-5 passes for right: use the argument `tolerance`",
        ),
    ]

    def question(call, wanted, message):
        name, *given = call
        return probe(name, function, *given)

    for _, wanted, message, got in trial.ask(cases, question):
        expect_that(
            isinstance(got, bool), f"gradient_check: expected True or False, got {shown(got)}"
        )
        expect_that(got is wanted, f"gradient_check: {message}")
