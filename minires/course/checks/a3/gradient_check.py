"""Check of the student's gradient check, with right kernels and wrong ones."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task

EPS = 1e-2
ONES = np.ones((3, 2))
#: What a kernel's gradients of a and b are multiplied by, to make them wrong.
Factors: TypeAlias = Sequence[Array]


class Kernel:
    """The kernel y = c a^2 b with random inputs, and its right gradients."""

    def __init__(self, trial: Trial) -> None:
        self.a, self.b, self.dy = (
            np.sign(trial.normal(3, 2)) * trial.rng.uniform(0.5, 2, (3, 2)) for _ in range(3)
        )
        self.c = trial.rng.uniform(0.5, 2, (3, 2))  # a factor that nobody can know beforehand
        self.slopes = 2 * self.c * self.a * self.b, self.c * self.a * self.a  # dy/da, dy/db
        self.largest = [np.abs(slope * self.dy).max() for slope in self.slopes]

    def errors(
        self, factors: Factors, size: Callable[[Array], Any] = lambda wrong: np.abs(wrong).max()
    ) -> list[float]:
        """The relative errors of gradients times `factors`.

        Another `size` of the difference than the largest number makes them wrong.
        """
        return [
            size((factor - 1) * slope * self.dy) / largest
            for factor, slope, largest in zip(factors, self.slopes, self.largest)
        ]


@task("a3.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    kernel = Kernel(trial)
    wrong = _wrong_gradients(trial)
    broken = ONES.copy()
    broken[0, 1] = np.nan

    def judge(name, factors=(ONES, ONES), ignores_dy=False):
        if name == "mixed":
            return probe(
                "a3.mixed_errors", function, kernel.a, kernel.b[0], kernel.dy, EPS, kernel.c
            )
        return _said(function, kernel, factors, ignores_dy)

    asked = trial.ask(
        [
            ("right",),
            ("ignores_dy", (ONES, ONES), True),
            ("mixed",),
            *wrong,
            ("nan", (ONES, broken)),
        ],
        judge,
    )
    *_, got = next(asked)
    _expect_almost_none(got, kernel)
    *_, got = next(asked)
    expect_that(
        (got > 1e-3).all(),
        "relative_errors: a kernel whose backward ignores dy passes for right. Pass your dy to "
        "backward, and use it in L",
    )
    try:
        *_, got = next(asked)
    except WrongAnswer as error:
        raise WrongAnswer(
            f"y = c (a - the mean of a) b, with b of shape (2,): {error}. An input need not "
            "have the shape of y"
        ) from None
    _expect_almost_none_of_mixed(got)
    for _ in wrong:
        name, factors, got = next(asked)
        expect(
            f"relative_errors where {name}: the errors",
            got,
            kernel.errors(factors),
            _mistakes(kernel, factors),
            tolerance=1e-3,
        )
    *_, got = next(asked)
    expect_that(
        not got[1] < 1e-3,
        f"relative_errors: a gradient with a nan in it gets the error {got[1]:.3g}, and "
        "passes for right. Use functions that let nan through, "
        "as np.max does; Python's max, and comparisons, hide it",
    )


def _wrong_gradients(trial: Trial) -> list[tuple[str, Factors]]:
    """What is wrong with some gradients, in words, and what they are multiplied by."""
    large, by = trial.factor(1.008, 1.02), trial.factor(1.08, 1.15)
    single = ONES.copy()
    single[1, 1] = by
    return [
        (f"the first gradient is {100 * (large - 1):.1f} % too large", (large * ONES, ONES)),
        (f"the second gradient is {100 * (large - 1):.1f} % too large", (ONES, large * ONES)),
        (
            f"a single number of the first gradient is {100 * (by - 1):.0f} % too large",
            (single, ONES),
        ),
        ("the second gradient has the wrong sign", (ONES, -ONES)),
    ]


def _said(function, kernel, factors, ignores_dy):
    """The errors that a student's function finds in gradients times `factors`."""
    inputs = kernel.a, kernel.b, kernel.dy
    copies = [factor.copy() for factor in factors]
    said, *after = probe("a3.errors", function, *inputs, EPS, copies, ignores_dy, kernel.c)
    for name, before, now in zip(("first input", "second input", "dy"), inputs, after):
        expect_that(
            np.array_equal(before, now),
            f"relative_errors: the {name} has changed: move a copy, or put each number back",
        )
    expect_tuple("relative_errors", said, 2, "one error for each input")
    return np.asarray(said, float)


def _expect_almost_none(got, kernel):
    """Check the errors of right gradients, and say by its numbers which mistake it looks like."""
    if (got < 1e-6).all():
        return
    without_dy = [
        np.abs(slope * (kernel.dy - 1)).max() / np.abs(slope).max() for slope in kernel.slopes
    ]
    one_sided = np.abs(EPS * kernel.c * kernel.b * kernel.dy).max() / kernel.largest[0]
    known = (
        ("dy is left out of L: L is the sum of dy times y", without_dy, 1e-6),
        (
            "the difference is divided by eps and not by 2 eps: the two points are 2 eps apart",
            [0.5, 0.5],
            1e-6,
        ),
        (
            "the difference is taken on one side only: use L(a + eps) - L(a - eps)",
            [one_sided, 0],
            0.1,
        ),
        ("the sign is wrong", [2, 2], 1e-6),
    )
    hint = next(
        (
            sentence
            for sentence, errors, near in known
            if (np.abs(got - errors) <= near * np.abs(errors) + 1e-6).all()
        ),
        None,
    )
    if not np.isfinite(got).any():
        hint = (
            "the measured gradient is 0: L stays the same when a number is moved. Do you move "
            "a copy (flatten makes one), but call forward with the original?"
        )
    raise WrongAnswer(
        "relative_errors: for a kernel with right gradients, y = c a^2 b, expected "
        f"errors of almost 0 with eps = {EPS}, got "
        f"{got[0]:.3g} and {got[1]:.3g}. "
        + (f"It looks as if {hint}" if hint else "Do you move one number at a time?")
    )


def _expect_almost_none_of_mixed(got):
    """Check the errors of right gradients of a kernel that mixes the numbers of an input."""
    expect_tuple("relative_errors", got, 2, "one error for each input")
    expect_that(
        (np.asarray(got, float) < 1e-6).all(),
        "relative_errors: for a kernel with right gradients, y = c (a - the mean of a) b with b "
        f"of shape (2,), expected errors of almost 0, got {got[0]:.3g} and {got[1]:.3g}. Here one "
        "number of an input changes many numbers of y: move *one* number at a time, and let L be "
        "the sum of dy times y over all of y",
    )


def _mistakes(kernel: Kernel, factors: Factors) -> list[tuple[str, Any]]:
    """The usual mistakes in the errors of gradients times `factors`: pairs (sentence, errors)."""
    right = kernel.errors(factors)
    return [
        (
            "the difference is not divided by the largest number of the measured gradient",
            np.array(right) * kernel.largest,
        ),
        (
            "signed numbers are compared: take the absolute value of each difference first",
            kernel.errors(factors, lambda wrong: np.abs(np.max(wrong))),
        ),
        (
            "the mean is taken instead of the largest: one wrong number among many would "
            "be overlooked",
            kernel.errors(factors, lambda wrong: np.abs(wrong).mean()),
        ),
        (
            "sums are compared: one wrong number among many would be overlooked, "
            "and two could cancel",
            kernel.errors(factors, lambda wrong: np.abs(wrong.sum())),
        ),
        ("the wrong one of the two inputs is blamed", right[::-1]),
    ]
