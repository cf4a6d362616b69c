"""Checks of a fair comparison: differences between settings, twins, the same batches."""

from typing import Any

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect_that, expect_tuple
from ...trial import Trial
from .. import task
from .answers import short


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
                    f"differences, {what}: {error}. Values may be lists, which a set cannot hold: "
                    "make sets of the names only, and compare values by !="
                ) from None
            if "KeyError" in str(error):
                raise WrongAnswer(
                    f"differences, {what}: {error}. Check that a name is there before you look up "
                    "its value"
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
            f"{asked}: expected a list of names, got {short(got)}",
        )
        got = list(got)
        if got == want:
            continue
        same = sorted({*config} & {*other} - {*want})
        if same and sorted(got) == same:
            raise WrongAnswer(
                f"{asked}: these are the settings in which the two agree; expected the settings "
                "in which they differ"
            )
        more = [name for name in got if name not in want]
        apart = (list, float)  # equal ones need not be the same object
        if set(got) > set(want) and all(isinstance(config.get(one), apart) for one in more):
            raise WrongAnswer(
                f"{asked}: expected {want}, got {got}, but the two values of {more[0]!r} are "
                "equal. Compare values by !=: `is not` asks whether they are the same object"
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
            hint = ". A setting that only one of the two has is a difference" + (
                ", also if its value is None: .get() cannot tell the two apart"
                if "None" in what
                else ": go through the names of both"
            )
        raise WrongAnswer(f"{asked}: expected {want}, got {short(got)}{hint}")


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
            "their parameters have the same names, shapes and numbers. Do you compare Tensors? "
            "Compare their arrays, tensor.data",
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
            "one has parameters that the other does not have: compare the names too",
        ),
        (
            False,
            "a net with one more parameter, after all the others",
            ("plain", 8, narrow),
            "one more",
            "one has a parameter that the other does not have: compare the names of both (zip "
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
            "two numbers of the last layer exchanged",
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
            if "broadcast" in str(error):
                raise WrongAnswer(
                    f"{error}. Arrays of different shapes are not equal: np.array_equal says so, "
                    "and does not stop there"
                ) from None
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
            "its images come in another order. Compare all batches, not only the first",
        ),
        (
            "only the first of 4 differs",
            early,
            4,
            False,
            "its images come in another order. Compare all batches, not only the last",
        ),
        (
            "the first 3 are the same, count is 3",
            late,
            3,
            True,
            "compare only `count` batches",
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
    # Every case twice: the order of six answers could be guessed.
    for what, _, count, want, why, (got, taken) in trial.ask(2 * cases, question):
        _expect_truth(f"same_batches, {what}", got, want, why)
        expect_that(
            taken[0] <= count and taken[1] <= count,
            f"same_batches: took {max(taken)} batches from a stream, though count was {count}. "
            "Call next() once for each batch: it moves on, and gives images and labels together",
        )
        if got and taken != [count, count]:
            unseen = f"{count} batches are the same, having taken {taken[0]} and {taken[1]} of them"
    expect_that(
        not unseen, f"same_batches: says that {unseen}. Take `count` batches from each stream"
    )


def _expect_truth(what, got, want, why):
    """Check that an answer is the bool `want`, and no other value that behaves like it."""
    if got is None:
        raise WrongAnswer(
            f"{what}: expected {want}, got None; is there a path through the function without a "
            "`return`?"
        )
    expect_that(isinstance(got, bool), f"{what}: expected True or False, got {short(got)}")
    expect_that(got == want, f"{what}: expected {want}, got {got}: {why}")
