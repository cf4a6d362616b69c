"""Check of the student's gradient check, with right pairs of functions and wrong ones."""

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect_that, expect_tuple
from ...trial import Trial
from .. import task
from ..a1.gradient_check import expect_put_back


@task("a2.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    x, w = trial.normal(2, 3, 2, 3), trial.normal(3, 2)
    large, wrong, times = trial.factor(0.008, 0.02), trial.factor(0.15, 0.3), trial.factor(2.5, 4)
    kinds = {
        "right": 0.0,
        "large": large,
        "one number": wrong,
        "down": wrong,
        "times": times - 1,
        "nan": 0.0,
        "mixed up": 0.0,
    }

    def judge(kind, size):
        found, settings, *arrays = probe(
            "a2.errors", function, kind, size, x, w, 2, 1, trial.rng, trial.generator()
        )
        expect_put_back("gradient_errors: x or w", (x, w), arrays)
        expect_that(
            settings == [(2, 1)],
            "gradient_errors: forward was called with (stride, padding) = "
            f"{', '.join(map(str, settings)) or 'nothing'}: expected (2, 1), the arguments, in "
            "every call",
        )
        found = expect_tuple("gradient_errors", found, 2, "the error of dx and that of dw")
        expect_that(
            all(
                np.ndim(error) == 0 and isinstance(error, (int, float, np.number))
                for error in found
            ),
            "gradient_errors: expected two numbers",
        )
        return [float(error) for error in found]

    found = {kind: errors for kind, _, errors in trial.ask(list(kinds.items()), judge)}
    for name, error in zip(("dx", "dw"), found["right"]):
        if not 0 <= error < 1e-5:
            why = "is eps too small, or too large? 1e-6 is good" + (
                ""
                if error < 0.1
                else ". Is it divided by 2 eps? Is dy the same r as in L? One number at a time?"
            )
            raise WrongAnswer(
                f"gradient_errors: for a right pair the error of {name} should be about "
                f"1e-9, got {error:.2g}; {why}"
            )
    dx, dw = found["large"]
    expect_that(
        dx >= 1e-5 or dw >= 1e-5,
        f"gradient_errors: a dx that is {100 * large:.1f} % too large passes for right",
    )
    expect_that(
        dw < 1e-5,
        f"gradient_errors: only dx is wrong, but the error of dw is {dw:.2g}. "
        "Expected the error of dx first, then that of dw",
    )
    expect_that(
        abs(dx - large) < 0.1 * large,
        f"gradient_errors: for a dx that is {100 * large:.1f} % too large the error should be "
        f"{large:.3g}, got {dx:.3g}. Divide the largest difference by the largest number "
        "(without its sign) of the numerical gradient",
    )
    dw = found["one number"][1]
    expect_that(
        dw > wrong / 2,
        f"gradient_errors: two numbers of dw are wrong by {100 * wrong:.0f} %, one up, one down; "
        f"the error should be about {wrong:.2g}, got {dw:.2g}. Take the *largest* difference "
        "without its sign, not a sum or a mean",
    )
    expect_that(
        abs(dw - wrong) < 1e-3,
        f"gradient_errors: two numbers of dw are wrong by {100 * wrong:.0f} % of the largest "
        f"one; the error should be {wrong:.3g}, got {dw:.3g}. Divide the largest difference by "
        "the *largest* number of the numerical gradient, without its sign, not each by its own",
    )
    dw = found["down"][1]
    expect_that(
        abs(dw - wrong) < 1e-3,
        f"gradient_errors: one number of dw is too small by {100 * wrong:.0f} % of the largest "
        f"one; the error should be {wrong:.3g}, got {dw:.3g}. Take the largest difference "
        "without its sign",
    )
    dx = found["times"][0]
    expect_that(
        abs(dx - (times - 1)) < 1e-2,
        f"gradient_errors: for a dx {times:.2f} times too large the error should be "
        f"{times - 1:.2f}, got {dx:.3g}. Divide by the largest number of the *numerical* gradient",
    )
    expect_that(
        not found["nan"][0] < 0.1,
        "gradient_errors: a dx with a nan in it passes for right. np.max keeps a nan; "
        "Python's max and np.nanmax may lose it",
    )
    expect_that(
        found["mixed up"][1] > 1e-3,
        "gradient_errors: a backward that exchanges the dy of two images passes for right. Is r "
        "the same everywhere? Draw it at random, rng.standard_normal(y.shape)",
    )
