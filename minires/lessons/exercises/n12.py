"""Exercises of notebook 12: differences, how sure they are, and how many seeds they need."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that, expect_tuple
from .kinds import Exercise

KS = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 10: 2.26, 20: 2.09, 100: 1.98}


def _check_luck(agree_by_luck: Callable[..., Any]) -> None:
    for n in (3, 2, 5, 1):
        mistakes = [
            ("only 'all above 0' is counted: all below 0 is agreement too", 0.5**n),
            ("the chances of the seeds are added: multiply 1/2 by itself n times", 1 / n),
            ("it is the chance that they do not agree", 1 - 2 * 0.5**n),
            ("it is in percent: return a number from 0 to 1", 200 * 0.5**n),
        ]
        expect(f"agree_by_luck({n})", call(agree_by_luck, n), 2 * 0.5**n, mistakes)


def _check_range(range_of_difference: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for n, k, higher in ((3, 4.3, 10), (5, 2.78, 0)):
        easy = rng.normal(0, 6, n)  # some seeds are harder than others, for both nets
        first, second = 50 + higher + easy + rng.normal(0, 1, n), 50 + easy + rng.normal(0, 1, n)
        d = first - second

        def ends(m, half):
            return np.array([m - half, m + half])

        want = ends(d.mean(), k * d.std(ddof=1) / np.sqrt(n))
        unpaired = k * np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / n)
        mistakes = [
            ("the differences are second minus first", -want[::-1]),
            ("high comes before low", want[::-1]),
            (
                "the squares are divided by n, not by n - 1",
                ends(d.mean(), k * d.std() / np.sqrt(n)),
            ),
            ("the division by the root of n is missing", ends(d.mean(), k * d.std(ddof=1))),
            ("it is divided by n, not by its root", ends(d.mean(), k * d.std(ddof=1) / n)),
            (
                "it is divided by the root of n - 1",
                ends(d.mean(), k * d.std(ddof=1) / (n - 1) ** 0.5),
            ),
            ("the variance is taken, not its root", ends(d.mean(), k * d.var(ddof=1) / np.sqrt(n))),
            (
                "the sign of the differences is lost",
                ends(abs(d).mean(), k * abs(d).std(ddof=1) / np.sqrt(n)),
            ),
            (
                "the mean and the half-range come back: return mean - half, mean + half",
                np.array([d.mean(), k * d.std(ddof=1) / np.sqrt(n)]),
            ),
            ("these are the smallest and the largest difference", np.array([d.min(), d.max()])),
            ("k is left out", ends(d.mean(), d.std(ddof=1) / np.sqrt(n))),
            (
                "the spread is that of the two nets, not of the differences",
                ends(d.mean(), unpaired),
            ),
        ]
        got = expect_tuple(
            "range_of_difference", call(range_of_difference, first, second, k), 2, "low and high"
        )
        expect(f"range_of_difference for {n} seeds", np.asarray(got, float), want, mistakes)


def _seeds_needed(spread: float, effect: float, ks: dict[int, float]) -> int | None:
    for n, k in sorted(ks.items()):
        if k * spread / n**0.5 < effect:
            return n
    return None


def _check_seeds(seeds_needed: Callable[..., Any]) -> None:
    for spread, effect in ((3.0, 2.0), (3.0, 20.0), (5.0, 7.0), (20.0, 1.0), (2.0, 2.0)):
        want, got = _seeds_needed(spread, effect, KS), call(seeds_needed, spread, effect, dict(KS))
        if got == want and not isinstance(got, bool):
            continue
        case = f"spread {spread:g}, effect {effect:g}"
        expect_that(want is not None, f"{case}: no number of seeds in ks is enough; return None")
        expect_that(
            got is None or isinstance(got, (int, float, np.number)) and not isinstance(got, bool),
            f"{case}: expected {want}, a number of seeds, got {type(got).__name__}",
        )
        known = {
            next((n for n in KS if 1.96 * spread / n**0.5 < effect), None): "1.96 is used for "
            "every n; with few seeds k is larger",
            next((n for n, k in KS.items() if k * spread < effect), None): "the division by the "
            "root of n is missing",
            next((n for n, k in KS.items() if k * spread / n < effect), None): "it is divided by "
            "n, not by its root",
            KS.get(want or 0): "that is k; return n",
            min(KS): "with so few the half-range is above the effect",
            max(KS): "return the smallest number that is enough",
        }
        because = f": {known[got]}" if got in known else ""
        expect_that(False, f"{case}: expected {want}, got {got}{because}")


EXERCISES = (
    Exercise(
        "12.luck",
        1,
        "Do they agree by luck?",
        """Suppose that two networks are equally good, so that the difference of their errors is
above 0 or below 0 by chance, like a coin. Write `agree_by_luck(n)`, the probability that the
differences of all n seeds have the same sign all the same. How large is it for three seeds? Say why
minires asks for a margin besides.""",
        (
            "With what probability are all n above 0?",
            "They agree as well if all are below 0.",
        ),
        """
def agree_by_luck(n):
    return 2 * 0.5**n  # 25 % for three seeds: agreement alone proves little
""",
        _check_luck,
    ),
    Exercise(
        "12.range",
        2,
        "The range of a difference",
        """Two networks were trained with the same seeds. Write `range_of_difference(first, second,
k)`, which returns the two ends `low, high` of the 95 % range of the difference, first minus second.
`first` and `second` are arrays of errors, one for each seed, and `k` is known.""",
        (
            "Take the differences first, seed by seed. From there on only they count.",
            "m ± k s / sqrt(n), where s has n - 1 below the fraction bar: `std(ddof=1)`.",
        ),
        """
def range_of_difference(first, second, k):
    d = first - second  # what both nets share in a seed cancels here
    half = k * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean() - half, d.mean() + half
""",
        _check_range,
    ),
    Exercise(
        "12.seeds",
        3,
        "How many seeds does a question need?",
        """You plan an experiment. The differences will scatter with standard deviation
`spread`, and you want a bar that stays clear of 0 if the true difference is `effect`. `ks` is a
dict from n to k, such as `{2: 12.71, 3: 4.3, ...}`. Write `seeds_needed(spread, effect, ks)`,
which returns the smallest n in `ks` for which the half-range is below the effect, or None if no
n is enough. With `ks = {n: factor(n) for n in range(2, 16)}`: how many seeds do you need for an
effect of 2 points, if the spread is 3?""",
        (
            "Go through ks from the smallest n on.",
            "The half-range with n seeds is k * spread / sqrt(n).",
        ),
        """
def seeds_needed(spread, effect, ks):
    for n in sorted(ks):
        if ks[n] * spread / n**0.5 < effect:
            return n
    return None  # better to know before than after. For 2 points and a spread of 3: 12 seeds
""",
        _check_seeds,
    ),
    Exercise(
        "12.explain",
        0,
        "one good run",
        """A friend trained plain-56 once and got a lower error than your plain-20. *So much for
degradation*, they say, and send a curve. What do you ask before you believe it, and which result
would change your mind?""",
        (
            "What else may differ between the two runs?",
            "How far apart were two runs that differed by a millionth in one weight?",
        ),
        """Ask what else differed: learning rate, length, data, width, crops, the start. Ask
whether it is the training error, and of which epoch: the best of many is lucky. Ask how many runs
there were before this one. One run is one draw, so ask for plain-20 from the same seeds, three of
each at least, and compare pair by pair. If the differences then agree, and stay clear of 0 with a
recipe that gave both networks their best rate, depth is not harmful under that recipe, and the
claim becomes narrower. That is a result too.""",
    ),
)
