"""Check of the student's gradient check, with right kernels and wrong ones."""

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task


@task("a3.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    a, b, dy = (np.sign(trial.normal(3, 2)) * trial.rng.uniform(0.5, 2, (3, 2)) for _ in range(3))
    share = trial.rng.uniform(0.5, 2, (3, 2))  # a factor that nobody can know beforehand
    steps = {"a": 2 * share * a * b, "b": share * a * a}  # dy/da, dy/db of y = share a^2 b
    ones, eps = np.ones((3, 2)), 1e-2
    single = ones.copy()
    large, by = trial.factor(1.008, 1.02), trial.factor(1.08, 1.15)
    single[1, 1] = by
    broken = ones.copy()
    broken[0, 1] = np.nan
    largest = [np.abs(steps[name] * dy).max() for name in "ab"]

    def judge(name, factors=(ones, ones), ignores_dy=False):
        if name == "mixed":
            return probe("a3.mixed_errors", function, a, b[0], dy, eps, share)
        said, *after = probe(
            "a3.errors",
            function,
            a,
            b,
            dy,
            eps,
            [factor.copy() for factor in factors],
            ignores_dy,
            share,
        )
        for name, before, now in zip(("first input", "second input", "dy"), (a, b, dy), after):
            expect_that(
                np.array_equal(before, now),
                f"relative_errors: the {name} has changed: move a copy, or put each number back",
            )
        expect_tuple("relative_errors", said, 2, "one error for each input")
        return np.asarray(said, float)

    wrong = [
        (f"the first gradient is {100 * (large - 1):.1f} % too large", (large * ones, ones)),
        (f"the second gradient is {100 * (large - 1):.1f} % too large", (ones, large * ones)),
        (
            f"a single number of the first gradient is {100 * (by - 1):.0f} % too large",
            (single, ones),
        ),
        ("the second gradient has the wrong sign", (ones, -ones)),
    ]
    asked = trial.ask(
        [
            ("right",),
            ("ignores_dy", (ones, ones), True),
            ("mixed",),
            *wrong,
            ("nan", (ones, broken)),
        ],
        judge,
    )
    *_, got = next(asked)
    without_dy = [np.abs(steps[name] * (dy - 1)).max() / np.abs(steps[name]).max() for name in "ab"]
    one_sided = [np.abs(eps * share * b * dy).max() / largest[0]]
    if not (got < 1e-6).all():
        known = (
            ("dy is left out of L: L is the sum of dy times y", without_dy, 1e-6),
            (
                "the difference is divided by eps and not by 2 eps: the two points are 2 eps apart",
                [0.5, 0.5],
                1e-6,
            ),
            (
                "the difference is taken on one side only: use L(a + eps) - L(a - eps)",
                [*one_sided, 0],
                0.1,
            ),
            ("the sign is wrong", [2, 2], 1e-6),
        )
        hint = next(
            (
                sentence
                for sentence, wrong, near in known
                if (np.abs(got - wrong) <= near * np.abs(wrong) + 1e-6).all()
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
            f"errors of almost 0 with eps = {eps}, got "
            f"{got[0]:.3g} and {got[1]:.3g}. "
            + (f"It looks as if {hint}" if hint else "Do you move one number at a time?")
        )
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
    expect_tuple("relative_errors", got, 2, "one error for each input")
    expect_that(
        (np.asarray(got, float) < 1e-6).all(),
        "relative_errors: for a kernel with right gradients, y = c (a - the mean of a) b with b "
        f"of shape (2,), expected errors of almost 0, got {got[0]:.3g} and {got[1]:.3g}. Here one "
        "number of an input changes many numbers of y: move *one* number at a time, and let L be "
        "the sum of dy times y over all of y",
    )
    for _ in wrong:
        name, factors, got = next(asked)
        right = [
            np.abs((factor - 1) * steps[n] * dy).max() / top
            for factor, n, top in zip(factors, "ab", largest)
        ]
        expect(
            f"relative_errors where {name}: the errors",
            got,
            right,
            [
                (
                    "the difference is not divided by the largest number of the measured gradient",
                    np.array(right) * largest,
                ),
                (
                    "signed numbers are compared: take the absolute value of each difference first",
                    np.abs(
                        [np.max((factor - 1) * steps[n] * dy) for factor, n in zip(factors, "ab")]
                    )
                    / largest,
                ),
                (
                    "the mean is taken instead of the largest: one wrong number among many would "
                    "be overlooked",
                    [
                        np.abs((factor - 1) * steps[n] * dy).mean() / top
                        for factor, n, top in zip(factors, "ab", largest)
                    ],
                ),
                (
                    "sums are compared: one wrong number among many would be overlooked, "
                    "and two could cancel",
                    [
                        np.abs(((factor - 1) * steps[n] * dy).sum()) / top
                        for factor, n, top in zip(factors, "ab", largest)
                    ],
                ),
                ("the wrong one of the two inputs is blamed", right[::-1]),
            ],
            tolerance=1e-3,
        )
    *_, got = next(asked)
    expect_that(
        not got[1] < 1e-3,
        f"relative_errors: a gradient with a nan in it gets the error {got[1]:.3g}, and "
        "passes for right. Use functions that let nan through, "
        "as np.max does; Python's max, and comparisons, hide it",
    )
