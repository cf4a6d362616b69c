"""Check of the verdict on pairs of numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....names import shown
from ...across import Answer
from ...calling import call
from ...compare import expect_that
from ...trial import Trial
from .. import task
from .definitions import OUTCOMES

VERDICTS: tuple[tuple[str, list[Any], float, str, str], ...] = (
    (
        "A larger by far with every seed",
        [(5, 1), (6, 2), (4, 0.5)],
        1,
        "supported",
        "The claim is that A is larger: take the difference A - B. Three seeds are enough",
    ),
    (
        "B larger by far with every seed",
        [(1, 5), (2, 6), (0.5, 4)],
        1,
        "contradicted",
        "A verdict has three outcomes: where B is larger by more than the margin with every seed, "
        "the claim is contradicted. The margin is for the difference A - B, not for a ratio",
    ),
    (
        "A larger by far on average, but not with the third seed",
        [(20, 1), (9, 1), (1, 3)],
        1,
        "undecided",
        "All seeds must agree: the mean is not enough",
    ),
    (
        "A larger with every seed, but by less than the margin",
        [(2.2, 2), (3.3, 3), (1.3, 1)],
        1,
        "undecided",
        "A difference within the margin counts for neither side",
    ),
    (
        "B larger with every seed, but by less than the margin",
        [(2, 2.2), (3, 3.3), (1, 1.3)],
        1,
        "undecided",
        "A claim that is not supported is not yet contradicted: there is a third outcome",
    ),
    (
        "A larger by 2 with every seed, while seeds differ by 10",
        [(10, 8), (20, 18), (30, 28)],
        1,
        "supported",
        "Compare the two numbers of *one* seed: that is what pairs are for",
    ),
    (
        "sometimes A larger, sometimes B, by far",
        [(5, 1), (1, 5), (6, 1)],
        1,
        "undecided",
        "If seeds disagree, nothing is decided. Does abs hide the sign of the difference?",
    ),
    (
        "B larger by far with two seeds, within the margin with one",
        [(1, 5), (2, 6), (1, 1.5)],
        1,
        "undecided",
        "A and B must differ by more than the margin with every seed",
    ),
    (
        "A larger by exactly the margin",
        [(3, 1), (5, 2), (6, 2)],
        2,
        "undecided",
        "The difference must be *more* than the margin",
    ),
    (
        "negative numbers, A larger by far",
        [(-1, -5), (-2, -8), (-1, -4)],
        1,
        "supported",
        "Take the difference A - B: its absolute value or a ratio goes wrong for negative numbers",
    ),
    (
        "two seeds only",
        [(5, 1), (6, 2)],
        1,
        "undecided",
        "With fewer than three seeds nothing is decided",
    ),
    ("no seeds at all", [], 1, "undecided", "With fewer than three seeds nothing is decided"),
    (
        "a number that is nan",
        [(5, 1), (6, 2), (7, math.nan), (6, 1)],
        1,
        "undecided",
        "If a number is not finite, nothing is decided: use np.isfinite",
    ),
    (
        "a number that is infinite",
        [(5, 1), (6, 2), (math.inf, 1), (6, 1)],
        1,
        "undecided",
        "If a number is not finite, nothing is decided: use np.isfinite",
    ),
    (
        "five seeds and a wide margin",
        [(9, 1), (8, 2), (9, 3), (7, 1), (10, 2)],
        4,
        "supported",
        "Every difference A - B is above the margin here",
    ),
    (
        "five seeds, one of them within a wide margin",
        [(9, 1), (8, 2), (9, 6), (7, 1), (10, 2)],
        4,
        "undecided",
        "Compare the differences with the argument `margin`",
    ),
)


def verdict_of(pairs: Sequence[tuple[float, float]], margin: float) -> str:
    """The verdict of the assignment's rule, one of `OUTCOMES`."""
    differences = [a - b for a, b in pairs]
    if len(pairs) < 3 or not np.isfinite(pairs).all():
        return "undecided"
    if all(d > margin for d in differences):
        return "supported"
    return "contradicted" if all(d < -margin for d in differences) else "undecided"


def _drawn_pairs(trial):
    """Random cases: A larger by far, B larger by far, and close ones."""
    margin = trial.factor(0.5, 3)
    for centre in (4, -4, 1, 0, -1):
        differences = centre * margin * trial.rng.uniform(0.6, 1.4, int(trial.rng.integers(2, 6)))
        b = trial.rng.uniform(-5, 5, len(differences))
        pairs = [(float(x + d), float(x)) for x, d in zip(b, differences)]
        yield "drawn at random", pairs, margin, verdict_of(pairs, margin), "See the rule"


@task("a6.verdict")
def verdict(function: Answer, trial: Trial) -> None:
    cases = [*VERDICTS]
    if trial.hidden:
        shift = int(trial.rng.integers(1, 9))
        cases = [
            (what, [(a + shift, b + shift) for a, b in pairs], margin, want, hint)
            for what, pairs, margin, want, hint in VERDICTS
        ]
        cases += _drawn_pairs(trial)

    def question(what, pairs, margin, want, hint):
        return call(function, pairs, margin, name="verdict")

    for what, pairs, margin, want, hint, got in trial.ask(cases, question):
        expect_that(
            got is not None,
            f"verdict ({what}): got None; is a `return` missing? Every case needs an outcome",
        )
        expect_that(
            isinstance(got, str) and got in OUTCOMES,
            f"verdict: expected one of {', '.join(OUTCOMES)}, got {shown(got)}",
        )
        if want == "undecided" and got == "contradicted" and all(a >= b for a, b in pairs):
            hint = "A claim that is not supported is not yet contradicted: there is a third outcome"
        expect_that(
            got == want,
            f"verdict ({what}): pairs {pairs} and margin {margin} should give {want!r}, got "
            f"{shown(got)}. {hint}",
        )
