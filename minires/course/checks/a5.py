"""A5: the degradation experiment."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...experiments import degradation
from ...names import shown
from ...training import RunConfig, Trainer
from ...types import Array, Row
from ..compare import Answer, Trial, WrongAnswer, expect, expect_that, expect_tuple, probe
from . import task

# --- a fair comparison


@task("a5.differences")
def differences(function: Answer, trial: Trial) -> None:
    pairs: list[Any] = [
        (
            "two values that differ",
            {"lr": 0.1, "epochs": 7, "width": 8},
            {"lr": 0.3, "epochs": 7, "width": 16},
        ),
        ("the same settings in another order", {"lr": 0.1, "epochs": 7}, {"epochs": 7, "lr": 0.1}),
        ("a setting that only the first has", {"lr": 0.1, "warmup": 400}, {"lr": 0.1}),
        ("a setting that only the second has", {"lr": 0.1}, {"lr": 0.1, "crop_padding": 4}),
        (
            "a setting that only one has, with the value None",
            {"lr": 0.1},
            {"lr": 0.1, "iterations": None},
        ),
        (
            "six values that differ",
            dict.fromkeys(("width", "epochs", "seeds", "lr", "depths", "batch_size"), 1),
            dict.fromkeys(("lr", "batch_size", "epochs", "depths", "width", "seeds"), 2),
        ),
        (
            "values that are lists",
            {"depths": [20, 56], "drops": [0.6, 0.85]},
            {"depths": [8, 32], "drops": [0.6, 0.85]},
        ),
        ("a value that is 0", {"crop_padding": 0, "lr": 0.1}, {"crop_padding": 4, "lr": 0.1}),
    ]
    if trial.hidden:
        names = [f"setting {i}" for i in trial.rng.permutation(12)]
        pairs.append(
            (
                "a random one",
                *(
                    {name: int(trial.rng.integers(2)) for name in names if trial.rng.random() < 0.8}
                    for _ in range(2)
                ),
            )
        )
    for what, config, other in pairs:
        try:
            got = probe("a5.plain", function, config, other)
        except WrongAnswer as error:
            if "unhashable" in str(error):
                raise WrongAnswer(
                    f"differences, {what}: {error}. Values may be lists, which no set can "
                    "hold: make sets of the names alone, and compare values by !="
                ) from None
            if "KeyError" in str(error):
                raise WrongAnswer(
                    f"differences, {what}: {error}. Look whether a name is there before you "
                    "ask for its value"
                ) from None
            raise
        want = sorted(
            name
            for name in {*config, *other}
            if name not in config or name not in other or config[name] != other[name]
        )
        asked = f"differences, {what}"
        expect_that(got is not None, f"{asked}: expected a list, got None; is a `return` missing?")
        expect_that(
            isinstance(got, (list, tuple)) and all(isinstance(name, str) for name in got),
            f"{asked}: expected a list of names, got {_short(got)}",
        )
        got = list(got)
        if got == want:
            continue
        same = sorted({*config} & {*other} - {*want})
        if same and sorted(got) == same:
            raise WrongAnswer(
                f"{asked}: these are the settings in which the two agree; expected those in "
                "which they differ"
            )
        if sorted(got) == want:
            raise WrongAnswer(
                f"{asked}: the right names in another order: expected {want}, got {got}. Sort them"
            )
        missing = [name for name in want if name not in got]
        hint = ""
        if missing and all(
            name in config and name not in other or name in other and name not in config
            for name in missing
        ):
            hint = ". A setting that one of the two does not have is a difference" + (
                ", also if its value is None: .get() cannot tell the two apart"
                if "None" in what
                else ": go through the names of both"
            )
        raise WrongAnswer(f"{asked}: expected {want}, got {_short(got)}{hint}")


@task("a5.twins")
def twins(function: Answer, trial: Trial) -> None:
    seed = int(trial.rng.integers(1000))
    first = ("plain", 8, {"width": 4, "seed": seed})
    narrow = {"width": 4, "seed": seed}
    cases = [
        (
            True,
            "plain-8 and resnet-8 of one seed",
            ("resnet", 8, narrow),
            "",
            "their parameters have the same names, shapes and numbers. Are Tensors "
            "compared? Compare their arrays, tensor.data",
        ),
        (
            False,
            "two seeds",
            ("resnet", 8, {**narrow, "seed": seed + 1}),
            "",
            "the names and shapes agree, the numbers do not: compare tensor.data",
        ),
        (
            False,
            "resnet-8 with 1x1 convolutions in its shortcuts",
            ("resnet", 8, {**narrow, "shortcut": "B"}),
            "",
            "one has parameters that the other has not: compare the names too",
        ),
        (
            False,
            "a net with one parameter more, after all the others",
            ("plain", 8, narrow),
            "one more",
            "one has a parameter that the other has not: compare the names of both (zip "
            "stops where the shorter one ends)",
        ),
        (
            False,
            "a last layer of another name",
            ("plain", 8, narrow),
            "renamed",
            "shapes and numbers agree, the names do not: compare them too",
        ),
        (
            False,
            "8 and 14 layers",
            ("resnet", 14, narrow),
            "",
            "they have different numbers of parameters",
        ),
        (False, "two widths", ("plain", 8, {**narrow, "width": 6}), "", "the shapes differ"),
        (
            False,
            "two numbers of the last layer that changed places",
            ("plain", 8, narrow),
            "exchange",
            "a single pair of numbers is exchanged: compare number by number, in every "
            "array, and not their sum, mean or count",
        ),
    ]

    def question(case, swapped):
        _, _, second, change, _ = case
        try:
            return probe("a5.twins", function, first, second, change, swapped)
        except WrongAnswer as error:
            if "truth value of an array" not in str(error):
                raise
            raise WrongAnswer(
                f"{error}. == compares Tensors number by number. Compare their arrays, "
                "with np.array_equal(one.data, other.data)"
            ) from None

    twice = [(case, swapped) for case in cases for swapped in (False, True)]
    for (want, what, _, _, why), _, got in trial.ask(twice, question):
        _expect_truth(f"twins, {what}", got, want, why)


@task("a5.same_batches")
def same_batches(function: Answer, trial: Trial) -> None:
    batches = [
        (
            (trial.rng.integers(0, 256, (3, 4, 4, 3)) / 256).astype(np.float32),
            trial.rng.integers(0, 10, 3),
        )
        for _ in range(12)
    ]
    mirrored = [
        (np.concatenate([images[:2], images[2:, :, ::-1]]), labels) for images, labels in batches
    ]
    labelled = [(images, (labels + [0, 1, 0]) % 10) for images, labels in batches]
    late = [*batches[:3], (batches[3][0][::-1], batches[3][1][::-1]), *batches[4:]]
    early = [(batches[0][0][::-1], batches[0][1][::-1]), *batches[1:]]
    cases = [
        ("the same", batches, 4, True, "all images and labels are equal"),
        (
            "one image of each batch mirrored",
            mirrored,
            4,
            False,
            "the labels are the same, the images are not: compare both, number by number",
        ),
        (
            "one label of each batch changed",
            labelled,
            4,
            False,
            "the images are the same, the labels are not: compare both",
        ),
        (
            "only the last of 4 differs",
            late,
            4,
            False,
            "its images come in another order. Look at all of the batches, and not at the "
            "first alone",
        ),
        (
            "only the first of 4 differs",
            early,
            4,
            False,
            "its images come in another order. Look at all of the batches, and not at the "
            "last alone",
        ),
        (
            "the first 3 are the same, the fourth is not asked for",
            late,
            3,
            True,
            "only `count` batches are to be compared",
        ),
    ]

    def question(what, others, count, want, why):
        return expect_tuple(
            "same_batches",
            probe("a5.streams", function, batches, others, count),
            2,
            "the answer, and the batches taken",
        )

    unseen = ""
    # Twice, since the order of six could be guessed.
    for what, _, count, want, why, (got, taken) in trial.ask(2 * cases, question):
        _expect_truth(f"same_batches, {what}", got, want, why)
        expect_that(
            taken[0] <= count and taken[1] <= count,
            f"same_batches: took {max(taken)} batches from a stream, though count was {count}. "
            "Call next() once for each batch: it moves on, and gives images and labels together",
        )
        if got and taken != [count, count]:
            unseen = f"{count} batches are the same, having taken {taken[0]} and {taken[1]} of them"
    expect_that(not unseen, f"same_batches: says that {unseen}. Take `count` from each stream")


def _expect_truth(what, got, want, why):
    """True or False, and nothing that only behaves like it."""
    if got is None:
        raise WrongAnswer(
            f"{what}: expected {want}, got None; is a `return` missing on some way through "
            "the function?"
        )
    expect_that(isinstance(got, bool), f"{what}: expected True or False, got {_short(got)}")
    expect_that(got == want, f"{what}: expected {want}, got {got}: {why}")


# --- the rule


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
                    "the sign is the wrong way round: it is `net` minus `other`, above 0 if "
                    "`net` has the higher error",
                    -want,
                ),
                (
                    "the errors are paired by their place in the dictionary, and not by their seed",
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
                ("the mean is taken: one number for each seed is asked for", want.mean()),
                (
                    "the difference of the two means is taken: one number for each seed is "
                    "asked for",
                    a.mean() - np.mean([*errors[other].values()]),
                ),
                (
                    "the difference of the two means is taken: one number for each seed is "
                    "asked for",
                    np.mean([*errors[net].values()]) - np.mean([*errors[other].values()]),
                ),
                (
                    "it is divided by the error of `other`: a difference in points is asked "
                    "for, not a ratio",
                    want / b,
                ),
                ("it is divided by 100: the errors are in percent, and stay so", want / 100),
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
                    "it is divided by n instead of n - 1: that is for all values there "
                    "are, not for a sample. NumPy's std does so unless ddof=1",
                    s * math.sqrt((n - 1) / n),
                ),
                ("the root is missing: this is the variance", s**2),
                ("this is the variance, and divided by n", s**2 * (n - 1) / n),
                (
                    "it is divided by the root of n once more: that is the uncertainty of the mean",
                    s / math.sqrt(n),
                ),
                ("it is divided by n - 1 after the root and not before", s / math.sqrt(n - 1)),
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
    return isinstance(got, (int, float)) and abs(got - want) < 1e-9 * max(1.0, abs(want))


VERDICTS = ("higher", "lower", "small", "undecided")


def verdict_of(differences: Sequence[float], margin: float, counts: bool = False) -> str:
    """The rule, number by number; `counts` says whether exactly the margin is a difference."""
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
        "one of the seeds is not beyond the margin, though the mean is: every difference has to "
        "pass the margin"
    )
    no_margin = "the margin is not used everywhere: a difference of less than it counts as none"
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
            "the seeds disagree about the sign, so absolute values lose what matters",
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
            else "the first difference is exactly the margin, and not more than it (>, not >=)",
        ),
        (
            (-3.0, -2.0, -4.0),
            2.0,
            f"one difference is exactly the margin below 0: {exactly} (<=, not <)"
            if counts
            else "one difference is exactly the margin below 0, and not more than it (<, not <=)",
        ),
        (
            (2.0, -2.0, 1.0),
            2.0,
            "two of the differences are exactly the margin, which counts here, and on both sides"
            if counts
            else "no difference is *more* than the margin away from 0; those that are exactly "
            "the margin are not",
        ),
        ((6.0,), 2.0, "there is one seed, and it passes"),
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
            f"{asked}: expected {want!r}, got None; is there a way through the function "
            "without a `return`?",
        )
        expect_that(
            isinstance(got, str),
            f"{asked}: expected one of {', '.join(map(repr, VERDICTS))}, got {_short(got)}",
        )
        expect_that(
            got in VERDICTS,
            f"{asked}: expected one of {', '.join(map(repr, VERDICTS))}, spelled like that, "
            f"got {_short(got)}",
        )
        if (got, want) == ("lower", "higher"):
            why = (
                '"higher" and "lower" are exchanged: a difference above 0 says that the first '
                "network has the higher error"
            )
        elif (got, want) == ("higher", "lower"):
            why = "the sign is lost. Are absolute values taken where the sign matters?"
        elif (got, want) == ("small", "undecided"):
            why = (
                "not all of them are small. Differences may cancel in their mean: look at each, "
                "on both sides of 0"
            )
        expect_that(got == want, f"{asked}: expected {want!r}, got {_short(got)}: {why}")


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
                f"{error}. Does paired return a list? An array was asked for: np.array(...)"
            ) from None
        raise
    expect_that(
        isinstance(got, dict),
        f"compare: expected a dictionary, got {_short(got)}"
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
                (f"the sign is the wrong way round: it is {net} minus {other}", -want.mean()),
                *[
                    (f"it is {a} minus {b}, instead of {net} minus {other}", values(a, b).mean())
                    for a in errors
                    for b in errors
                    if a != b
                ],
            ],
            tolerance=1e-9,
        )
        expect(
            f"compare: the standard deviation of {name!r}",
            found[1],
            want.std(ddof=1),
            [
                ("it is divided by n instead of n - 1", want.std()),
                (
                    "it is that of the errors of one network, and not of the differences",
                    np.std([*errors[net].values()], ddof=1),
                ),
                (
                    "it is that of the errors of one network, and not of the differences",
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
            f"got {_short(found[2])}"
            + (
                ". Hand the margin on that compare is given"
                if found[2] == verdict_of(want, 2.0)
                else ""
            ),
        )


# --- the run


@task("a5.settings")
def settings(
    depths: Answer, seeds: Answer, train_size: Answer, epochs: Answer, trial: Trial
) -> None:
    expect_that(
        isinstance(depths, (tuple, list)) and len(depths) == 2 and all(map(_is_whole, depths)),
        f"depths: expected two whole numbers, shallow and deep, got {_short(depths)}",
    )
    for name, value in (("seeds", seeds), ("train_size", train_size), ("epochs", epochs)):
        expect_that(
            _is_whole(value) and value > 0,
            f"{name}: expected a whole number above 0, got {_short(value)}",
        )
    for depth in depths:
        expect_that(
            depth >= 8 and depth % 6 == 2,
            f"depths: {depth} is not 6n + 2. There are 8, 14, 20, 26, ...",
        )
    shallow, deep = depths
    expect_that(shallow < deep, f"depths: the shallow one comes first, got {tuple(depths)}")
    expect_that(
        deep >= 3 * shallow,
        f"depths: {deep} layers are {deep / shallow:.1f} times {shallow}; expected at least "
        "3 times as many, or the difference is lost "
        "between the seeds",
    )
    expect_that(
        seeds >= 3,
        f"seeds: expected at least 3, got {seeds}: from so few nobody can tell how far "
        "others would lie",
    )
    expect_that(
        train_size <= 10_000, f"train_size: 10,000 images are drawn at most, got {train_size}"
    )
    expect_that(
        epochs >= 5, f"epochs: expected at least 5, got {epochs}: a curve needs some points"
    )
    steps = epochs * (train_size // 64)
    expect_that(
        steps >= 60,
        f"each network would make {steps} steps (epochs x whole batches of 64); expected at "
        "least 60: with fewer, even the shallow ones "
        "learn next to nothing, and there is nothing to compare",
    )
    seconds = 2 * (shallow + deep) * seeds * steps * 1e-3
    expect_that(
        seconds <= 20,
        f"the experiment would take about {seconds:.0f} s; the budget is 20 s. Two families "
        "x the sum of the depths x seeds x steps x 1 ms: "
        "save where it costs the question least",
    )


def _is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


@task("a5.run")
def run(
    rows: Answer,
    errors: Answer,
    depths: Answer,
    train_size: Answer,
    epochs: Answer,
    trial: Trial,
) -> None:
    expect_that(
        isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows),
        "rows: expected the list of dictionaries that read_rows gives, and not an empty one",
    )
    nets = [f"{family}-{depth}" for family in ("plain", "resnet") for depth in depths]
    columns = ("net", "seed", "epoch", "train_error", "test_error")
    for row in rows:
        lacking = [name for name in columns if name not in row]
        expect_that(not lacking, f"rows: a row has no {', '.join(lacking)}; see read_rows")
        expect_that(
            all(isinstance(row[name], (int, float, np.number)) for name in columns[1:]),
            "rows: there is text where numbers should be; see read_rows",
        )
    missing = [net for net in nets if net not in {row["net"] for row in rows}]
    expect_that(
        not missing,
        f"rows: {', '.join(missing)} is not in the records: run both cells of part 5 to their end",
    )
    last: dict[tuple[str, int], Row] = {}
    for row in rows:
        place = row["net"], row["seed"]
        if place not in last or row["epoch"] > last[place]["epoch"]:
            last[place] = row
    seeds = {net: sorted(seed for name, seed in last if name == net) for net in nets}
    expect_that(
        min(map(len, seeds.values())) >= 3,
        "rows: expected at least 3 seeds of each network, got "
        f"{min(map(len, seeds.values()))}: run both cells of part 5",
    )
    expect_that(
        isinstance(errors, dict) and all(isinstance(errors.get(net), dict) for net in nets),
        "errors: expected what `final` gives: net -> {seed: error}",
    )
    for net in nets:
        expect_that(
            sorted(errors[net]) == seeds[net],
            f"errors of {net}: expected the seeds {seeds[net]}, got {_short(sorted(errors[net]))}",
        )
        best = [
            min(row["train_error"] for row in rows if (row["net"], row["seed"]) == (net, seed))
            for seed in seeds[net]
        ]
        expect(
            f"errors of {net}",
            np.array([errors[net][seed] for seed in seeds[net]], dtype=float),
            [last[net, seed]["train_error"] for seed in seeds[net]],
            [
                (
                    "the test errors are taken",
                    [last[net, seed]["test_error"] for seed in seeds[net]],
                ),
                ("the best epoch is taken instead of the last", best),
            ],
        )
    everything = [row["train_error"] for row in rows]
    expect_that(
        0 <= min(everything) and 1 < max(everything) <= 100,
        "errors: expected percentages from 0 to 100",
    )
    # Robust on every machine: 60 steps take the shallow nets to 60 to 75 %.
    lowest = min(np.mean([*errors[net].values()]) for net in nets)
    expect_that(
        lowest < 85,
        f"the best of the four networks ends at {lowest:.0f} %, hardly better than "
        "guessing: was anything changed in the cells that were given?",
    )
    _trained_again(rows, depths, train_size, epochs, trial)


SECONDS = 20  # the budget of all nets
NEAR = 6  # percentage points: far more than rounding makes of a few hundred steps


def _trained_again(rows, depths, train_size, epochs, trial):
    """That one of the shallow nets has about the errors of the records when it is trained here."""
    again = "run the cells of part 5 again from the top"
    depth = depths[0] if isinstance(depths, (tuple, list)) and depths else None
    expect_that(
        all(map(_is_whole, (depth, train_size, epochs)))
        and 8 <= depth <= 1000
        and depth % 6 == 2
        and 64 <= train_size <= 10_000
        and 0 < epochs * (train_size // 64) * depth * 6e-3 <= SECONDS,
        "depths, train_size and epochs are not what can be trained within the budget: see the "
        "check of the settings",
    )
    family, seed = ("plain", "resnet")[trial.rng.integers(0, 2)], int(trial.rng.integers(0, 3))
    net = f"{family}-{depth}"
    mine = sorted(
        (row["epoch"], row["train_error"], row["test_error"])
        for row in rows
        if (row["net"], row["seed"]) == (net, seed)
    )
    right = trained(family, int(depth), seed, int(train_size), int(epochs))
    expect_that(
        len(mine) == len(right),
        f"rows: expected {len(right)} epochs of {net}, seed {seed}, got {len(mine)}: {again}",
    )
    apart = np.abs(np.array(mine, dtype=float) - right)
    expect_that(
        (apart[:, 0] < 0.01).all() and apart[:, 1:].mean() <= NEAR,
        f"rows: the errors of {net}, seed {seed}, are {apart[:, 1:].mean():.1f} points away from "
        f"those that the net has when it is trained with these settings: {again}",
    )


def trained(family: str, depth: int, seed: int, train_size: int, epochs: int) -> Array:
    """(epoch, training error, test error) of each epoch, with the settings of the assignment."""
    config = RunConfig(
        image_size=8,
        net={"width": 8},
        train_size=train_size,
        test_size=200,
        epochs=epochs,
        drops=(0.6, 0.85),
        crop_padding=0,
        batch_size=64,
        lr=0.1,
        seed=seed,
    )
    train_set, test_set = degradation.load_sets(config)
    build = degradation.FAMILIES[family]
    net = build(depth, num_classes=len(train_set.classes), seed=seed, width=8)
    rows = Trainer(net, train_set, test_set, config.for_depth(depth), progress=False).run()
    return np.array([[row["epoch"], row["train_error"], row["test_error"]] for row in rows])


# --- the records


def _table(trial, epochs=11):
    """Rows of four nets and three seeds in a random order, with errors that fall and jump."""
    rows = []
    for net in ("plain-14", "plain-44", "resnet-14", "resnet-44"):
        level = trial.rng.uniform(30, 60)
        for seed in (0, 1, 2):
            for epoch in range(1, epochs + 1):
                train = (
                    level + 30 / epoch + 4 * (-1) ** epoch + trial.rng.uniform(0, 3)
                )  # the last, odd epoch jumps down from the one before,
                if epoch == epochs - 4:
                    train -= 6  # but an earlier one was better
                rows.append(
                    {
                        "net": net,
                        "seed": seed,
                        "epoch": float(epoch),
                        "train_error": round(float(train), 4),
                        "test_error": round(float(train + trial.rng.uniform(2, 9)), 2),
                    }
                )
    return [rows[i] for i in trial.rng.permutation(len(rows))]


@task("a5.read_rows")
def read_rows(function: Answer, trial: Trial) -> None:
    # Names as they are: the library's own reader would give these nets their newer ones.
    table = [
        {**row, "net": str(row["net"]).replace("resnet", "residual")} for row in _table(trial)[:40]
    ]
    orders = (
        ("net", "seed", "iteration", "epoch", "train_error", "test_error", "seconds"),
        ("epoch", "test_error", "seconds", "seed", "train_error", "net"),
    )
    for columns in orders:
        lines = [",".join(columns)]
        for i, row in enumerate(table):
            cells = {**row, "epoch": f"{row['epoch']:g}", "iteration": 10 * i, "seconds": 1.5 * i}
            lines.append(",".join(str(cells[name]) for name in columns))
        what = (
            "read_rows" if columns is orders[0] else "read_rows, with the columns in another order"
        )
        try:
            got = probe("a5.read", function, "\n".join(lines) + "\n")
        except WrongAnswer as error:
            if columns is not orders[0]:
                raise WrongAnswer(
                    f"{what}: {error}. Take a cell by the name of its column, and not by its place"
                ) from None
            if "IndexError" in str(error):
                raise WrongAnswer(
                    f"{error}. Columns come in any order, and not all need be there: take a "
                    "cell by the name of its column, and not by its place"
                ) from None
            if "StringIO" in str(error):
                raise WrongAnswer(
                    f"{error}. `file` is open already: hand it to csv.DictReader as it is"
                ) from None
            if "invalid literal for int" in str(error):
                raise WrongAnswer(
                    f"{error}. int('73.5978') is an error: errors have decimals, so make them float"
                ) from None
            raise
        expect_that(got is not None, f"{what}: expected a list, got None; is a `return` missing?")
        expect_that(
            isinstance(got, list), f"{what}: expected a list of dictionaries, got {_short(got)}"
        )
        hint = {
            1: "; is the line of names among them?",
            -1: "; is the first row left out? DictReader takes the line of names away itself",
        }
        expect_that(
            len(got) == len(table),
            f"{what}: expected {len(table)} rows, got {len(got)}"
            + hint.get(len(got) - len(table), ""),
        )
        for number, (mine, row) in enumerate(zip(got, table)):
            expect_that(
                isinstance(mine, dict),
                f"{what}: expected a dictionary for each row, got {_short(mine)}",
            )
            lacking = [name for name in row if name not in mine]
            expect_that(not lacking, f"{what}: row {number} has no {', '.join(map(repr, lacking))}")
            expect_that(
                isinstance(mine["net"], str), f'{what}: "net" is a word, got {_short(mine["net"])}'
            )
            for name in ("seed", "epoch", "train_error", "test_error"):
                if isinstance(mine[name], str):
                    raise WrongAnswer(
                        f"{what}: {name!r} is still text, {_short(mine[name])}. Text is compared "
                        "letter by letter: '10' < '9', and cannot be subtracted. "
                        "Make numbers of it, with int or float"
                    )
                expect_that(
                    isinstance(mine[name], (int, float)) and not isinstance(mine[name], bool),
                    f"{what}: {name!r} is no number but {_short(mine[name])}",
                )
        for name in ("train_error", "test_error", "epoch", "seed"):
            right = np.array([row[name] for row in table])
            other = {"train_error": "test_error", "test_error": "train_error"}.get(name, name)
            expect(
                f"{what}: {name!r}",
                np.array([mine[name] for mine in got], dtype=float),
                right,
                [
                    ("the decimals are cut off: use float, not int(float(...))", np.trunc(right)),
                    ("it is rounded to whole numbers", np.round(right)),
                    ("it is rounded to one decimal", np.round(right, 1)),
                    ("it is divided by 100: percent were asked for", right / 100),
                    (f"{other!r} is taken in its place", np.array([row[other] for row in table])),
                    ("the rows are in another order: keep that of the file", np.sort(right)),
                ],
            )
        for number, (mine, row) in enumerate(zip(got, table)):
            expect_that(
                mine["net"] == row["net"],
                f"{what}: the names of the networks are not those of the file, row by row: "
                f"expected {row['net']!r} in row {number}, got {_short(mine['net'])}",
            )


@task("a5.final")
def final(function: Answer, trial: Trial) -> None:
    rows = _table(trial)
    cut_off = [
        row
        for row in rows
        if not (row["net"] == "plain-44" and row["seed"] == 1 and row["epoch"] > 8)
    ]
    in_order = sorted(rows, key=lambda row: (row["seed"], row["net"], row["epoch"]))
    for what, table, quantity in (
        ("rows in order", in_order, "train_error"),
        ("rows in a random order", rows, "train_error"),
        ('quantity="test_error"', rows, "test_error"),
        ("one run shorter than the others", cut_off, "train_error"),
    ):
        given = (table,) if quantity == "train_error" else (table, quantity)
        got = probe("a5.plain", function, *given)
        _expect_final(f"final, {what}", got, table, quantity)


def _expect_final(what, got, rows, quantity):
    places = sorted({(row["net"], row["seed"]) for row in rows})
    nets = sorted({net for net, _ in places})
    expect_that(got is not None, f"{what}: expected a dictionary, got None; is a `return` missing?")
    expect_that(
        isinstance(got, dict),
        f"{what}: expected a dictionary net -> {{seed: error}}, got {_short(got)}",
    )
    if got and all(isinstance(key, tuple) for key in got):
        raise WrongAnswer(
            f"{what}: expected a dictionary of dictionaries, net -> {{seed: error}}, got "
            f"one whose keys are pairs such as {_short(next(iter(got)))}"
        )
    expect_that(
        sorted(map(str, got)) == nets,
        f"{what}: expected the networks {', '.join(nets)}, got "
        f"{', '.join(map(str, got)) or 'none'}",
    )
    for net in nets:
        seeds = [seed for name, seed in places if name == net]
        if not isinstance(got[net], dict):
            number = isinstance(got[net], (int, float))
            raise WrongAnswer(
                f"{what}: expected {{seed: error}} for each network, got {_short(got[net])} "
                f"for {net}"
                + (
                    ". A mean over the seeds cannot be compared seed by seed"
                    if number
                    else ". Without the seeds nobody knows which errors form a pair"
                )
            )
        if any(isinstance(seed, str) for seed in got[net]):
            raise WrongAnswer(
                f"{what}: the seeds are text, as in {_short(next(iter(got[net])))}: expected "
                "numbers"
            )
        expect_that(
            sorted(got[net]) == seeds,
            f"{what}: expected the seeds {seeds} for {net}, got {_short(sorted(got[net]))}"
            + (
                ""
                if set(got[net]) - set(seeds)
                else ". Each network and seed has a last epoch of its own: one that was cut off "
                "is not left out"
            ),
        )

    def by(choose, column):
        return np.array(
            [
                choose([row for row in rows if (row["net"], row["seed"]) == place], column)
                for place in places
            ]
        )

    def at(key):
        return lambda own, column: max(own, key=key)[column]

    mine = [got[net][seed] for net, seed in places]
    expect_that(
        not any(isinstance(error, str) for error in mine),
        f"{what}: the errors are text: expected numbers",
    )
    expect_that(
        all(isinstance(error, (int, float)) for error in mine),
        f"{what}: expected one number for each seed, got {_short(mine[0])}",
    )
    other = "test_error" if quantity == "train_error" else "train_error"
    want = by(at(lambda row: row["epoch"]), quantity)
    expect(
        what + ": the errors",
        np.array(mine, dtype=float),
        want,
        [
            (
                "the best epoch is taken instead of the last: taking the lowest of many picks luck",
                by(lambda own, column: min(row[column] for row in own), quantity),
            ),
            (
                f"{other!r} is taken"
                + (
                    ": the question is about training"
                    if quantity == "train_error"
                    else ", the argument `quantity` is not used"
                ),
                by(at(lambda row: row["epoch"]), other),
            ),
            (
                "the row that comes last in the file is taken: it is the highest epoch that "
                "counts, and rows come in any order",
                by(lambda own, column: own[-1][column], quantity),
            ),
            ("the first epoch is taken", by(at(lambda row: -row["epoch"]), quantity)),
            (
                "the row that comes first in the file is taken: it is the highest epoch "
                "that counts",
                by(lambda own, column: own[0][column], quantity),
            ),
            (
                "epochs are compared as text, where '9' comes after '10'",
                by(at(lambda row: str(row["epoch"])), quantity),
            ),
            (
                "the highest error is taken instead of the last",
                by(lambda own, column: max(row[column] for row in own), quantity),
            ),
            (
                "the mean over the epochs is taken",
                by(lambda own, column: float(np.mean([row[column] for row in own])), quantity),
            ),
            (
                "the error is that of the epoch with the lowest test error: the test images "
                "must not choose",
                by(at(lambda row: -row["test_error"]), quantity),
            ),
            (
                "every seed has the mean over the seeds",
                np.array(
                    [
                        np.mean([e for e, (name, _) in zip(want, places) if name == net])
                        for net, _ in places
                    ]
                ),
            ),
            ("it is divided by 100: percent were asked for", want / 100),
            ("it is rounded to whole numbers", np.round(want)),
            ("the decimals are cut off", np.trunc(want)),
            ("it is rounded to one decimal: round only what you print", np.round(want, 1)),
        ],
    )


# --- the picture


def _curves(rows):
    """net -> (epochs, mean training error, mean test error)"""
    found = {}
    for net in sorted({row["net"] for row in rows}):
        epochs = np.array(sorted({row["epoch"] for row in rows if row["net"] == net}))
        found[net] = (
            epochs,
            *(
                np.array(
                    [
                        np.mean(
                            [
                                row[name]
                                for row in rows
                                if row["net"] == net and row["epoch"] == epoch
                            ]
                        )
                        for epoch in epochs
                    ]
                )
                for name in ("train_error", "test_error")
            ),
        )
    return found


def _line(lines, x, y):
    """The line with these points, or None."""
    return next(
        (
            line
            for line in lines
            if len(line["x"]) == len(x)
            and np.allclose(line["x"], x)
            and np.allclose(line["y"], y, rtol=1e-5)
        ),
        None,
    )


def _drawn(function, trial):
    rows = _table(trial)
    report = probe("a5.picture", function, rows)
    expect_that(isinstance(report, dict), "error_curves: the picture cannot be looked at")
    expect_that(
        report["lines"],
        "error_curves: there is no line in the Axes that it was given. Draw with "
        "ax.plot(...), not with plt.plot(...)",
    )
    return rows, report


@task("a5.curves")
def curves(function: Answer, trial: Trial) -> None:
    rows, report = _drawn(function, trial)
    lines = report["lines"]
    for net, (x, train, test) in _curves(rows).items():
        own = [row for row in rows if row["net"] == net]
        for name, column, y in (("training", "train_error", train), ("test", "test_error", test)):
            if _line(lines, x, y) is None:
                raise WrongAnswer(
                    f"error_curves: expected a line through the {name} errors of {net}, the "
                    f"mean over the seeds at each of its {len(x)} epochs; "
                    f"there is none among the {len(lines)} lines" + _why(lines, own, column, x, y)
                )
    expected = 2 * len({row["net"] for row in rows})
    empty = sum(len(line["x"]) == 0 for line in lines)
    expect_that(
        len(lines) - empty <= 6 * expected,
        f"error_curves: there are {len(lines)} lines; {expected} would do: two for each network",
    )


def _why(lines, own, column, x, y):
    """What a line looks like that stands in the place of the one expected."""

    def there(x, y):
        return _line(lines, np.asarray(x, float), np.asarray(y, float)) is not None

    seeds = sorted({row["seed"] for row in own})
    by_seed = {
        seed: [
            row[column] for row in sorted(own, key=lambda row: row["epoch"]) if row["seed"] == seed
        ]
        for seed in seeds
    }
    mistakes = [
        (there(x, y / 100), "the errors are divided by 100: percent were asked for"),
        (
            there(np.arange(len(y)), y),
            "ax.plot was given the errors without the epochs, so the first point lies at 0",
        ),
        (
            there(np.arange(len(y)) + 0.0, y)
            or any(
                sorted(line["y"]) == sorted(y.tolist()) and len(line["y"]) == len(y)
                for line in lines
            ),
            "the points are there, but not at their epochs in ascending order; '10' < '9' "
            "as text, and rows come in any order: sort by the number",
        ),
        (
            there(
                x, [np.sum([row[column] for row in own if row["epoch"] == epoch]) for epoch in x]
            ),
            "the errors of the seeds are added up, and not divided by their number",
        ),
        (
            there(x, [min(by_seed[seed][i] for seed in seeds) for i in range(len(x))]),
            "the lowest of the seeds is drawn instead of their mean",
        ),
        (
            there(x, [np.median([by_seed[seed][i] for seed in seeds]) for i in range(len(x))]),
            "the median over the seeds is drawn instead of the mean",
        ),
        (
            any(there(x, values) for values in by_seed.values()),
            "single seeds are drawn: expected their mean",
        ),
        (
            any(len(line["x"]) == len(own) for line in lines),
            "all rows of the network are in one line, which jumps back and forth: take the "
            "mean over the seeds first",
        ),
        (
            there(x, np.minimum.accumulate(y)),
            "the best error so far is drawn, and not the error of each epoch",
        ),
    ]
    return next((f". It looks as if {sentence}" for found, sentence in mistakes if found), "")


@task("a5.style")
def style(function: Answer, trial: Trial) -> None:
    rows, report = _drawn(function, trial)
    lines, chosen = report["lines"], {}
    for net, (x, train, test) in _curves(rows).items():
        chosen[net] = _line(lines, x, train), _line(lines, x, test)
        expect_that(
            None not in chosen[net],
            f"error_curves: the lines of {net} are not there yet: see the check above",
        )
    swapped = trial.option("dashed line") == "training"
    first, second = ("test", "training") if swapped else ("training", "test")
    for net, (train, test) in chosen.items():
        one, other = (test, train) if swapped else (train, test)
        solid = [line["style"] == "-" for line in (one, other)]
        expect_that(
            solid != [False, True],
            f"error_curves: the {first} error of {net} is dashed and the {second} error solid: "
            "the other way round",
        )
        expect_that(
            solid[0],
            f"error_curves: the {first} error of {net} is not solid: expected the line "
            f"style '-', got {_short(one['style'])}",
        )
        expect_that(
            not solid[1],
            f"error_curves: the {second} error of {net} is solid, like the {first} error: "
            "nobody can tell them apart. Expected '--'",
        )
        expect_that(
            other["style"] not in ("None", "", " "),
            f"error_curves: the {second} error of {net} has no line: expected '--'",
        )
        expect_that(
            _alike(train, test),
            f"error_curves: the two lines of {net} have different colours: expected one "
            "colour for a network. Hand color= to both",
        )
    for net, (line, _) in chosen.items():
        for other, (its, _) in chosen.items():
            if net < other and _alike(line, its):
                family = (
                    "two families" if net.split("-")[0] != other.split("-")[0] else "two depths"
                )
                raise WrongAnswer(
                    f"error_curves: {net} and {other} have the same colour, though they are "
                    f"of {family}. colour_of(net, nets) gives one for each"
                )
        red, _, blue = line["colour"]
        expect_that(
            (red > blue) == net.startswith("plain"),
            f"error_curves: {net} is not in the colour of its family: plain networks are "
            "orange, residual ones blue. "
            "Take what colour_of(net, nets) gives, with all networks in nets",
        )
    x_label, y_label = report["x_label"].lower(), report["y_label"].lower()
    if "error" in x_label and "epoch" in y_label:
        raise WrongAnswer(
            "error_curves: the labels of the two axes are exchanged: the epoch is "
            "horizontal, the error vertical"
        )
    expect_that(
        "epoch" in x_label,
        f'error_curves: the horizontal axis should say "epoch", got {_short(report["x_label"])}. '
        "Use ax.set_xlabel",
    )
    expect_that(
        "error" in y_label,
        f'error_curves: the vertical axis should say "error, %", got {_short(report["y_label"])}. '
        "Use ax.set_ylabel",
    )
    expect_that(
        "%" in y_label or "percent" in y_label or "per cent" in y_label,
        'error_curves: the vertical axis should say the unit, "error, %", got '
        f"{_short(report['y_label'])}",
    )
    for net in chosen:
        if not any(net in text for text in report["written"]):
            labels = any(net in line["label"] for line in lines)
            raise WrongAnswer(
                f"error_curves: {net} is not named in the picture. "
                + (
                    "Its line has a label, but there is no legend that shows it: call ax.legend()"
                    if labels and not report["written"]
                    else "Give its lines a label with its name (label=...), and call ax.legend() "
                    "after they are drawn"
                )
            )
    low, high = sorted(report["y_range"])
    points = np.concatenate([line["y"] for pair in chosen.values() for line in pair])
    expect_that(
        low <= points.min() and points.max() <= high,
        f"error_curves: the vertical axis goes from {low:.3g} to {high:.3g}, and cuts off "
        "lines that go from "
        f"{points.min():.3g} to {points.max():.3g}",
    )


def _alike(line, other):
    return bool(np.allclose(line["colour"], other["colour"], atol=0.02))


def _short(value):
    return shown(value, 80)
