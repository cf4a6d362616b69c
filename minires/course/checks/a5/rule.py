"""Checks of the rule that leads from pairs of errors to a verdict."""

import math
from collections.abc import Sequence

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task
from .answers import short


@task("a5.paired")
def paired(function: Answer, trial: Trial) -> None:
    draw = trial.rng.uniform
    for what, seeds, others in (
        ("the same seeds", [0, 1, 2], [0, 1, 2]),
        ("seeds in another order", [2, 0, 1, 3], [1, 3, 0, 2]),
        ("a seed that only one of them has", [0, 1, 2, 5], [2, 0, 1]),
        ("seeds that only the other has", [4, 0, 2], [0, 1, 2, 3, 4]),
    ):
        errors = {
            "plain-14": {seed: float(draw(50, 90)) for seed in seeds},
            "resnet-14": {0: 12.0, 1: 13.0},
            "plain-44": {seed: float(draw(50, 90)) for seed in others},
        }
        net, other = "plain-44", "plain-14"
        common = sorted({*seeds} & {*others})
        a, b = (np.array([errors[name][seed] for seed in common]) for name in (net, other))
        want, by_place = (
            a - b,
            [x - y for x, y in zip(errors[net].values(), errors[other].values())],
        )
        in_order = [
            errors[net][seed] - errors[other][seed] for seed in errors[net] if seed in errors[other]
        ]
        try:
            got = probe("a5.plain", function, errors, net, other)
        except WrongAnswer as error:
            if "KeyError" in str(error) and len(common) < max(len(seeds), len(others)):
                raise WrongAnswer(
                    f"paired, {what}: {error}. Take only the seeds that both networks have"
                ) from None
            raise
        expect(
            f"paired, {what}",
            _array(got),
            want,
            [
                (
                    "the difference is the wrong way round: take `net` minus `other`, which is "
                    "above 0 if `net` has the higher error",
                    -want,
                ),
                (
                    "the errors are paired by their position in the dictionary instead of their "
                    "seed",
                    by_place,
                ),
                (
                    "each network's errors are sorted before they are subtracted. That "
                    "breaks the pairs: sort the seeds",
                    np.sort(a) - np.sort(b),
                ),
                ("the differences are right but not in the order of the seeds", in_order),
                (
                    "the differences are right but in another order: sort the seeds, not "
                    "the differences",
                    np.sort(want),
                ),
                ("the seeds come in reverse order", want[::-1]),
                ("the sign is lost: no absolute values", np.abs(want)),
                (
                    "the difference is taken in percent of the error: subtract only, which gives "
                    "percentage points",
                    100 * want / b,
                ),
                ("the mean is taken: return one number for each seed", want.mean()),
                (
                    "the difference of the two means is taken: return one number for each seed",
                    a.mean() - np.mean([*errors[other].values()]),
                ),
                (
                    "the difference of the two means is taken: return one number for each seed",
                    np.mean([*errors[net].values()]) - np.mean([*errors[other].values()]),
                ),
                (
                    "the difference is divided by the error of `other`: return a difference in "
                    "points, not a ratio",
                    want / b,
                ),
                ("the differences are divided by 100: keep them in percentage points", want / 100),
                ("the errors are rounded to whole numbers", np.round(a) - np.round(b)),
                ("the decimals are cut off", np.trunc(a) - np.trunc(b)),
            ],
        )


def _array(value):
    """A list of numbers as an array; anything else as it is."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, (int, float)) for item in value):
        return np.array(value, dtype=float)
    return value


@task("a5.mean_and_spread")
def mean_and_spread(function: Answer, trial: Trial) -> None:
    for values in (
        np.array([18.5, 19.1, 22.6]),
        trial.rng.uniform(-20, 20, 5),
        np.array([-3.25, 4.5]),
        trial.rng.uniform(-1, 1, 9),
    ):
        n = len(values)
        m = float(np.sum(values) / n)
        s = math.sqrt(float(np.sum((values - m) ** 2)) / (n - 1))
        got = expect_tuple(
            "mean_and_spread",
            probe("a5.plain", function, values),
            2,
            "the mean and the standard deviation",
        )
        if _near(got[0], s) and _near(got[1], m):
            raise WrongAnswer("mean_and_spread: the two are exchanged: the mean comes first")
        expect(
            "mean_and_spread: the mean m",
            got[0],
            m,
            [
                ("the median is taken instead of the mean", float(np.median(values))),
                ("the sum is not divided by n", float(values.sum())),
                (
                    "the sum is divided by n - 1: that is for the spread",
                    float(values.sum()) / (n - 1),
                ),
                (
                    "absolute values are taken: differences have a sign",
                    float(np.abs(values).mean()),
                ),
            ],
        )
        expect(
            "mean_and_spread: the standard deviation s",
            got[1],
            s,
            [
                (
                    "the sum of squares is divided by n instead of n - 1: n is right only for all "
                    "values there are, not for a sample. np.std divides by n unless you pass "
                    "ddof=1",
                    s * math.sqrt((n - 1) / n),
                ),
                ("the root is missing: this is the variance", s**2),
                ("this is the variance, with n instead of n - 1", s**2 * (n - 1) / n),
                (
                    "the spread is divided by the root of n once more: that is the uncertainty of "
                    "the mean",
                    s / math.sqrt(n),
                ),
                (
                    "the division by n - 1 comes after the root instead of before",
                    s / math.sqrt(n - 1),
                ),
                ("this is the range, highest minus lowest", float(values.max() - values.min())),
                ("this is half of the range", float(values.max() - values.min()) / 2),
                (
                    "the mean of the absolute deviations is taken: square them",
                    float(np.abs(values - m).mean()),
                ),
                (
                    "the mean is not subtracted before squaring",
                    math.sqrt(float((values**2).sum()) / (n - 1)),
                ),
            ],
        )


def _near(got, want):
    """Whether `got` is a number equal to `want` up to rounding."""
    return isinstance(got, (int, float)) and abs(got - want) < 1e-9 * max(1.0, abs(want))


VERDICTS = ("higher", "lower", "small", "undecided")


def verdict_of(differences: Sequence[float], margin: float, counts: bool = False) -> str:
    """The verdict on paired differences, one of `VERDICTS`.

    If `counts`, a difference of exactly the margin is beyond it.
    """
    above = sum(d > margin or (counts and d == margin) for d in differences)
    below = sum(d < -margin or (counts and d == -margin) for d in differences)
    if above == len(differences):
        return "higher"
    if below == len(differences):
        return "lower"
    return "undecided" if above or below else "small"


@task("a5.verdict")
def verdict(function: Answer, trial: Trial) -> None:
    counts = trial.option("exactly the margin") == "is one"
    more, exactly = (
        ("at least the margin", "that is enough here")
        if counts
        else (
            "more than the margin",
            "",
        )
    )
    mean_alone = (
        "one of the seeds is not beyond the margin, although the mean is: every difference must "
        "be beyond it"
    )
    no_margin = (
        "the margin is not used everywhere: a difference smaller than the margin counts as none"
    )
    cases = [
        ((5.2, 3.1, 9.4), 2.0, f"every difference is {more} above 0"),
        ((-5.2, -3.1, -9.4), 2.0, f"every difference is {more} below 0"),
        ((0.5, -1.2, 1.9), 2.0, f"no difference is {more} away from 0"),
        ((9.0, 8.0, 1.5), 2.0, mean_alone),
        ((-9.0, -8.0, -1.5), 2.0, mean_alone),
        ((9.0, 8.0, -0.5), 2.0, mean_alone),
        ((0.3, 0.4, 0.2), 2.0, no_margin),
        ((-0.3, -0.4, -0.2), 2.0, no_margin),
        (
            (-9.0, 7.0, 8.0),
            2.0,
            "the seeds disagree about the sign, which absolute values hide",
        ),
        ((9.0, -9.5, 0.5), 2.0, "the differences are large and cancel in the mean"),
        ((3.0, 4.0, 4.5), 5.0, "the margin here is 5: use the argument, not a number of your own"),
        (
            (-0.5, -0.7, -0.6),
            0.0,
            "the margin here is 0: use the argument, not a number of your own",
        ),
        (
            (2.0, 3.0, 4.0),
            2.0,
            f"the first difference is exactly the margin: {exactly} (>=, not >)"
            if counts
            else "the first difference is exactly the margin, not more (>, not >=)",
        ),
        (
            (-3.0, -2.0, -4.0),
            2.0,
            f"one difference is exactly the margin below 0: {exactly} (<=, not <)"
            if counts
            else "one difference is exactly the margin below 0, not more (<, not <=)",
        ),
        (
            (2.0, -2.0, 1.0),
            2.0,
            "two of the differences are exactly the margin, which counts here, one on each side "
            "of 0"
            if counts
            else "no difference is *more* than the margin away from 0: exactly the margin is not "
            "more",
        ),
        ((6.0,), 2.0, "there is one seed, and its difference is beyond the margin"),
    ]
    if trial.hidden:
        for scale in (1.5, 4.0, 12.0):
            cases += [
                (
                    tuple(
                        float(d)
                        for d in trial.rng.uniform(-scale, scale, int(trial.rng.integers(1, 5)))
                    ),
                    margin,
                    "see the table",
                )
                for margin in (1.0, 3.0)
            ]

    def question(values, margin, why):
        return probe("a5.plain", function, np.array(values), margin)

    for values, margin, why, got in trial.ask(cases, question):
        want = verdict_of(values, margin, counts)
        asked = f"verdict of {', '.join(f'{d:+.3g}' for d in values)} with margin {margin:g}"
        expect_that(
            got is not None,
            f"{asked}: expected {want!r}, got None; is there a path through the function without "
            "a `return`?",
        )
        expect_that(
            isinstance(got, str),
            f"{asked}: expected one of {', '.join(map(repr, VERDICTS))}, got {short(got)}",
        )
        expect_that(
            got in VERDICTS,
            f"{asked}: expected one of {', '.join(map(repr, VERDICTS))}, spelled exactly so, got "
            f"{short(got)}",
        )
        if (got, want) == ("lower", "higher"):
            why = (
                '"higher" and "lower" are exchanged: a difference above 0 means that the first '
                "network has the higher error"
            )
        elif (got, want) == ("higher", "lower"):
            why = "the sign is lost. Do you take absolute values where the sign matters?"
        elif (got, want) == ("small", "undecided"):
            why = (
                "not all of them are small. Differences may cancel in their mean: look at each, "
                "on both sides of 0"
            )
        expect_that(got == want, f"{asked}: expected {want!r}, got {short(got)}: {why}")


@task("a5.compare")
def compare(function: Answer, trial: Trial) -> None:
    margin = 4.0
    shallow, deep = (14, 44) if trial.seed % 2 else (20, 56)
    base = {
        f"plain-{shallow}": 50.0,
        f"plain-{deep}": 71.0,
        f"resnet-{shallow}": 40.0,
        f"resnet-{deep}": 43.0,
    }
    errors = {
        net: {seed: float(error + trial.rng.uniform(-0.4, 0.4)) for seed in (1, 0, 2, 3)}
        for net, error in base.items()
    }
    errors[f"plain-{shallow}"][3] += 21  # one seed disagrees, and the mean does not show it
    pairs = {
        "degradation": (f"plain-{deep}", f"plain-{shallow}"),
        "shortcuts": (f"resnet-{deep}", f"plain-{deep}"),
        "depth with shortcuts": (f"resnet-{deep}", f"resnet-{shallow}"),
    }
    try:
        got = probe("a5.plain", function, errors, shallow, deep, margin)
    except WrongAnswer as error:
        if "'list' object has no attribute" in str(error):
            raise WrongAnswer(
                f"{error}. Does paired return a list? It must return an array: np.array(...)"
            ) from None
        raise
    expect_that(
        isinstance(got, dict),
        f"compare: expected a dictionary, got {short(got)}"
        + ("; is a `return` missing?" if got is None else ""),
    )
    missing = [name for name in pairs if name not in got]
    expect_that(
        not missing,
        f"compare: expected the names {', '.join(map(repr, pairs))}, got "
        f"{', '.join(map(repr, got)) or 'none'}",
    )

    def values(net, other):
        return np.array([errors[net][seed] - errors[other][seed] for seed in sorted(errors[net])])

    for name, (net, other) in pairs.items():
        found = expect_tuple(
            f"compare: {name!r}", got[name], 3, "the mean, the standard deviation and the verdict"
        )
        want = values(net, other)
        expect(
            f"compare: the mean of {name!r}",
            found[0],
            want.mean(),
            [
                (f"the difference is the wrong way round: take {net} minus {other}", -want.mean()),
                *[
                    (
                        f"the difference is {a} minus {b}, instead of {net} minus {other}",
                        values(a, b).mean(),
                    )
                    for a in errors
                    for b in errors
                    if a != b and {a, b} != {net, other}
                ],
            ],
            tolerance=1e-9,
        )
        expect(
            f"compare: the standard deviation of {name!r}",
            found[1],
            want.std(ddof=1),
            [
                ("the sum of squares is divided by n instead of n - 1", want.std()),
                (
                    "the spread of one network's errors is taken, instead of the spread of the "
                    "differences",
                    np.std([*errors[net].values()], ddof=1),
                ),
                (
                    "the spread of one network's errors is taken, instead of the spread of the "
                    "differences",
                    np.std([*errors[other].values()], ddof=1),
                ),
            ],
            tolerance=1e-9,
        )
        right = verdict_of(want, margin)
        expect_that(
            found[2] == right,
            f"compare: the verdict of {name!r}: expected {right!r} for "
            f"{', '.join(f'{d:+.1f}' for d in want)} with margin {margin:g}, "
            f"got {short(found[2])}"
            + (
                ". Pass the argument `margin` of compare on to verdict"
                if found[2] == verdict_of(want, 2.0)
                else ". Is it the verdict about the mean? verdict gets the differences of all seeds"
                if found[2] == verdict_of(want.mean(keepdims=True), margin)
                else ""
            ),
        )
