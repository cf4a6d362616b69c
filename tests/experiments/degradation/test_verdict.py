"""The verdict is derived from the numbers."""

import pytest

from minires.experiments.degradation import verdict


def records(**errors):
    """Final rows: records(plain_20=[50, 52]) gives plain-20 a training error of 50 and 52 % with
    seeds 0 and 1."""
    return [
        {
            "net": net.replace("_", "-"),
            "seed": seed,
            "iteration": i,
            "train_error": error if i else 90.0,
            "test_error": error + 2.0,
            "seconds": 10.0 * i,
        }
        for net, finals in errors.items()
        for seed, error in enumerate(finals)
        for i in (0, 5)
    ]


def test_degradation_found():
    lines = verdict.verdict(
        records(plain_20=[50, 52], plain_56=[80, 78], resnet_20=[45, 45], resnet_56=[44.5, 45.4])
    )
    assert (
        "the deeper plain net trains worse" in lines[0]
        and "+28.0 points (95 % confidence interval +2.6 to +53.4, n = 2 seeds; "
        "seeds 0, 1: +30.0, +26.0)."
        in lines[0]
    )
    assert "the shortcuts help" in lines[1] and "-34.0 points" in lines[1]
    assert "trains about as well" in lines[2]


def test_degradation_contradicted():
    lines = verdict.verdict(records(plain_20=[50], plain_56=[40], resnet_20=[45], resnet_56=[55]))
    assert "no degradation here" in lines[0]
    assert "do not help" in lines[1]
    assert "residual net trains worse" in lines[2]


def test_seeds_that_disagree_decide_nothing():
    lines = verdict.verdict(
        records(plain_20=[50, 50], plain_56=[80, 40], resnet_20=[45, 45], resnet_56=[30, 30])
    )
    assert "undecided, because the seeds disagree" in lines[0]
    assert "trains better" in lines[2]


@pytest.mark.parametrize(
    "resnet_56, words",
    [
        ([43.5, 43.0, 42.5], "the deeper residual net trains better, though by less than 2 points"),
        ([46.5, 47.0, 47.5], "trains worse at this length of training, though by less than 2"),
        ([44.9, 44.9, 42.0], "trains about as well."),  # an interval with 0 in it
        ([45.1, 43.5, 43.5], "trains about as well."),  # the first seed has the other sign
        ([44.0], "trains about as well."),
    ],
)
def test_a_small_difference_is_told_apart_from_none(resnet_56, words):
    resnet_20 = [45.0] * len(resnet_56)
    few = {"plain_20": resnet_20, "plain_56": resnet_20}
    lines = verdict.verdict(records(**few, resnet_20=resnet_20, resnet_56=resnet_56))
    assert words in lines[2]
    assert ("with some seeds" in lines[2]) == ("though" in words)


def test_one_seed_has_no_interval_and_many_are_not_listed():
    errors = {"plain_20": [50] * 6, "plain_56": [70, 71, 72, 73, 74, 75]}
    (many, *_) = verdict.verdict(records(**errors))
    assert many.endswith(
        "+22.5 points (95 % confidence interval +20.5 to +24.5, n = 6 seeds; "
        "by seed +20.0 to +25.0)."
    )
    (one, *_) = verdict.verdict(records(plain_20=[50], plain_56=[70]))
    assert one.endswith("+20.0 points (1 seed, no confidence interval).")


def test_differences_for_the_line_under_a_figure():
    rows = records(plain_20=[50, 52], plain_56=[80, 78], resnet_20=[45], resnet_56=[44])
    assert verdict.differences_in_words(rows) == [
        "difference in final training error, points (95 % confidence interval): plain-56 minus "
        "plain-20 +28.0 (+2.6 to +53.4, n = 2), resnet-56 minus plain-56 -36.0 (1 seed), "
        "resnet-56 minus resnet-20 -1.0 (1 seed)"
    ]
    assert verdict.differences_in_words(records(plain_20=[50])) == []


def test_what_is_left_out_is_named():
    rows = records(plain_20=[50, 52], plain_56=[80])
    done = [row for row in rows if (row["net"], row["seed"]) != ("plain-20", 1)]
    assert verdict.left_out(rows, done) == ["not finished, and left out here: plain-20 seed 1"]
    assert verdict.left_out(rows, rows) == []


def test_unfinished_nets_are_not_judged():
    lines = verdict.verdict(records(plain_20=[50], plain_56=[80], resnet_20=[45]))
    assert "resnet-56 or plain-56 is not finished" in lines[1]


def test_one_depth():
    assert "two or more" in verdict.verdict(records(plain_20=[50]))[0]


def test_table():
    text = verdict.table(
        records(plain_20=[50, 52], resnet_20=[45, 45]), {"plain-20": 269_722, "resnet-20": 269_722}
    )
    assert (
        "269,722" in text
        and "51.0 % (50.0-52.0)" in text
        and "53.0 % (52.0-54.0)" in text
        and "2 seeds" in text
    )
    assert [line.split()[0] for line in text.splitlines()[1:3]] == ["plain-20", "resnet-20"]


@pytest.mark.parametrize("seconds, words", [(12.4, "12 s"), (5400, "90 min"), (90_000, "25.0 h")])
def test_times_are_readable(seconds, words):
    assert words in verdict.table(
        [{"net": "plain-8", "seed": 0, "train_error": 1.0, "test_error": 1.0, "seconds": seconds}],
        {"plain-8": 1},
    )


QUICK = {"dataset": "cifar10", "epochs": 7, "iterations": None, "train_size": 10_000}


@pytest.mark.parametrize(
    "settings, deep, words",
    [
        ({}, 51, "This training is too short to show that with shortcuts deeper is better"),
        ({}, 44.5, "minires degradation --preset small --dataset cifar10"),
        ({"dataset": "synthetic", "epochs": 90, "train_size": 50_000}, 51, "The drawn images"),
        ({"epochs": None, "iterations": 500, "batch_size": 128}, 51, "This training is too short"),
        ({}, 40, None),  # it shows the degradation all the same
        ({"epochs": 16, "train_size": 50_000}, 51, None),  # long enough to be judged by the numbers
    ],
)
def test_the_verdict_says_what_a_run_cannot_show(settings, deep, words):
    rows = records(plain_20=[58], plain_56=[77], resnet_20=[44], resnet_56=[deep])
    found = verdict.not_shown(QUICK | settings, rows)
    assert found is None if words is None else words in found[0]
    assert verdict.not_shown(QUICK, records(plain_20=[50], resnet_20=[40])) is None
