"""Checks of the running averages and of the layer that keeps them."""

from typing import Any

import numpy as np

from ...across import Answer
from ...calling import call, probe
from ...compare import WrongAnswer, expect, expect_that, expect_tuple
from ...trial import Trial
from .. import task


def _moved(running_mean, running_var, mean, var, count, momentum):
    """The running averages after one batch; `momentum` is the share of the batch."""
    return (1 - momentum) * running_mean + momentum * mean, (
        1 - momentum
    ) * running_var + momentum * var * count / max(count - 1, 1)


def _running_mistakes(which, old, batch, count, momentum, of_past=False):
    """The usual mistakes in the running mean (which=0) or variance (1): pairs (sentence, array).

    `momentum` is the share of the batch, even if the student's momentum is that of the past
    (`of_past`).
    """
    rule = "m old + (1 - m) batch" if of_past else "(1 - m) old + m batch"
    share = "*old* average" if of_past else "*new* batch"
    old_share, batch_share = ("m", "(1 - m)") if of_past else ("(1 - m)", "m")
    default = (0.1, 0.9)[of_past]
    correction = count / max(count - 1, 1)
    wanted = batch * (correction if which else 1)
    found = [
        (
            f"the momentum is the wrong way round: it is the share of the {share}, new = {rule}",
            momentum * old + (1 - momentum) * wanted,
        ),
        (
            f"the argument momentum is not used: {default} is used instead",
            0.9 * old + 0.1 * wanted,
        ),
        (
            f"the old average is kept whole: new = {rule}",
            old + momentum * wanted,
        ),
        ("the old average is dropped", wanted),
        (
            f"only {batch_share} times the batch is there: {old_share} times the old average is "
            "missing",
            momentum * wanted,
        ),
        ("it does not change", old),
        ("the mean of old and new is taken", (old + wanted) / 2),
    ]
    if which:
        found += [
            (
                "the biased variance goes into the average: multiply it by M / (M - 1) first",
                (1 - momentum) * old + momentum * batch,
            ),
            (
                "the correction is upside down: it is M / (M - 1), because the unbiased variance "
                "is the larger one",
                (1 - momentum) * old + momentum * batch / correction,
            ),
            (
                "both the old average and the batch's variance are corrected: only the "
                "batch's is biased",
                correction * ((1 - momentum) * old + momentum * batch),
            ),
            (
                "the standard deviation goes into the average, instead of the variance",
                (1 - momentum) * old + momentum * np.sqrt(wanted),
            ),
            (
                "the standard deviation goes into the average, instead of the variance",
                (1 - momentum) * old + momentum * np.sqrt(batch),
            ),
            (
                "the momentum is the wrong way round, and the variance is the biased one",
                momentum * old + (1 - momentum) * batch,
            ),
        ]
    else:
        found += [
            (
                "the mean is corrected by M / (M - 1): that is for the variance only",
                (1 - momentum) * old + momentum * batch * correction,
            )
        ]
    return found


@task("a3.running")
def running(function: Answer, trial: Trial) -> None:
    of_past = trial.option("batch norm's momentum") == "of the past"
    momentum = 0.7 if of_past else 0.3
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-5)):
        old = trial.normal(3, dtype=dtype), trial.rng.uniform(1, 2, 3).astype(dtype)
        for number, count in enumerate((4, 3, 6), 1):
            mean, var = trial.normal(3, dtype=dtype), trial.rng.uniform(2, 5, 3).astype(dtype)
            new = expect_tuple(
                "update_running",
                call(function, *old, mean, var, count, momentum, name="update_running"),
                2,
                "the new mean and the new variance",
            )
            wanted = _moved(*old, mean, var, count, 0.3)
            for which, name in enumerate(("mean", "variance")):
                other = (
                    "the running mean and variance are exchanged: return the mean first",
                    wanted[1 - which],
                )
                expect(
                    f"update_running, batch {number} of "
                    f"float{8 * np.dtype(dtype).itemsize}, M = {count}, momentum {momentum}: the "
                    f"running {name}",
                    new[which],
                    wanted[which],
                    [
                        *_running_mistakes(
                            which, old[which], (mean, var)[which], count, 0.3, of_past
                        ),
                        other,
                        (
                            f"the {('variance', 'mean')[which]} of the batch goes into the "
                            f"running {name}",
                            _moved(*old, var, mean, 1, 0.3)[which],
                        ),
                    ],
                    tolerance=tolerance,
                    dtype=dtype,
                )
            old = np.asarray(wanted[0], dtype), np.asarray(wanted[1], dtype)
    old, mean = (np.ones(2), np.ones(2)), trial.normal(2)
    new = expect_tuple(
        "update_running",
        call(function, *old, mean, np.zeros(2), 1, name="update_running"),
        2,
        "the new mean and the new variance",
    )
    expect_that(
        np.isfinite(np.asarray(new, float)).all(),
        "update_running, M = 1: the averages are nan or infinite. For M = 1 do not divide by M - "
        "1 = 0: use the biased variance",
    )
    for which, name in enumerate(("mean", "variance")):
        expect(
            f"update_running, M = 1, the default momentum of {(0.1, 0.9)[of_past]}: the running "
            f"{name}",
            new[which],
            _moved(*old, mean, np.zeros(2), 1, 0.1)[which],
            [
                (
                    f"the default of momentum has been changed: it is {(0.1, 0.9)[of_past]}",
                    _moved(*old, mean, np.zeros(2), 1, 0.9)[which],
                )
            ],
        )


@task("a3.layer")
def layer(layer_class: Answer, trial: Trial) -> None:
    of_past = trial.option("batch norm's momentum") == "of the past"
    settings, batches = _settings(trial), _batches(trial)
    old = settings["running_mean"], settings["running_var"]
    for number, (batch, found) in enumerate(zip(batches, _run(layer_class, settings, batches)), 1):
        mode = "training" if batch["training"] else "evaluation"
        what = f"BatchNorm, batch {number} of 5, in {mode}, x of shape {batch['x'].shape}"
        mean, var = _used(what, found)
        if batch["training"]:
            expect_that(
                mean is None and var is None,
                f"{what}: it normalises by given statistics, such as the running averages; in "
                "training it must use the batch's own (call normalise without mean and var)",
            )
        else:
            _expect_running_statistics(what, mean, var, old)
        expect_that(
            found["replaced"] is None,
            f"{what}: a running average was a Tensor and is now of type {found['replaced']}: "
            "assign the new array to its .data (self.running_mean.data = ...) instead of "
            "replacing the Tensor",
        )
        for which, (name, got) in enumerate(zip(("mean", "variance"), found["running"])):
            if batch["training"]:
                _expect_moved(f"{what}: the running {name}", got, which, old, batch, of_past)
            else:
                expect_that(
                    np.array_equal(got, old[which]),
                    f"{what}: the running {name} has changed. In evaluation it must stay as it "
                    "is: otherwise test images would change the net",
                )
        expect(f"{what}: the output", found["y"], batch["y"], tolerance=1e-12)
        expect_that(
            found["recorded"],
            f"{what}: the output is not on the tape, so no gradient would come back: return the "
            "Tensor that normalise gives you, unchanged",
        )
        old = found["running"]


def _settings(trial: Trial) -> dict[str, Any]:
    """The settings of a layer, and the running averages that it starts from."""
    return {
        "momentum": 0.3,
        "eps": 1e-3,
        "running_mean": trial.normal(2),
        "running_var": trial.rng.uniform(1, 2, 2),
    }


def _batches(trial: Trial) -> list[dict[str, Any]]:
    """Batches for a layer, and the statistics and outputs that `normalise` returns for each."""
    return [
        {
            "training": training,
            "x": trial.normal(*shape),
            "y": trial.normal(*shape),
            "mean": trial.normal(2),
            "var": trial.rng.uniform(2, 5, 2),
        }
        for training, shape in (
            (True, (2, 3, 4, 2)),
            (True, (5, 2)),
            (False, (2, 3, 1, 2)),
            (False, (1, 2)),
            (True, (2, 1, 2, 2)),
        )
    ]


def _run(layer_class, settings, batches):
    """Let a student's layer see all batches, and return what it did with each."""
    try:
        return probe("a3.layer", layer_class, settings, batches)
    except WrongAnswer as error:
        if "can't multiply sequence" in str(error):
            raise WrongAnswer(
                f"{error}. Is a running average a tuple? update_running returns two arrays, one "
                "for self.running_mean.data and one for self.running_var.data"
            ) from None
        raise


def _used(what, found):
    """The mean and var that the layer passes to `normalise`, which it must call once."""
    expect_that(
        found["y"] is not None,
        f"{what}: expected a Tensor, got {found['type']}; "
        + (
            "is a `return` missing?"
            if found["type"] == "NoneType"
            else "normalise returns a pair: y is the first of the two"
        ),
    )
    expect_that(
        len(found["used"]) == 1,
        f"{what}: expected one call of normalise, got {len(found['used'])}",
    )
    return found["used"][0]


def _expect_running_statistics(what, mean, var, running):
    """Check that the layer normalises by its running averages."""
    expect_that(
        mean is not None and var is not None,
        f"{what}: it normalises by the batch's own statistics; in evaluation it must use "
        "the running averages, so that the answer for an image does not depend on the "
        "other images in its batch. Look at self.training",
    )
    exchanged = "mean and variance are exchanged"
    expect(f"{what}: the mean that it normalises by", mean, running[0], [(exchanged, running[1])])
    expect(
        f"{what}: the variance that it normalises by",
        var,
        running[1],
        [
            (exchanged, running[0]),
            (
                "the standard deviation is passed: normalise takes the variance",
                np.sqrt(running[1]),
            ),
        ],
    )


def _expect_moved(what, got, which, old, batch, of_past):
    """Check the running mean (which=0) or variance (1) after a batch of training."""
    x, statistics = batch["x"], (batch["mean"], batch["var"])
    count = x.size // x.shape[-1]

    def moved(count, momentum=0.3):
        return _moved(*old, *statistics, count, momentum)[which]

    passed_unchanged = [
        (
            "self.momentum is passed unchanged. It is the share of the new "
            "batch, but your update_running takes the share of the old average",
            moved(count, 0.7),
        )
    ]
    other_counts = [
        (
            f"count is {wrong}, the {meaning}: M is the count of numbers in *each channel*, here "
            f"{count}",
            moved(n),
        )
        for wrong, meaning, n in (
            ("len(x)", "number of images", len(x)),
            ("x.size", "number of all numbers", x.size),
            (
                "x.shape[0] * x.shape[1]",
                "number of images times rows",
                x.shape[0] * x.shape[1],
            ),
        )
    ]
    expect(
        what,
        got,
        moved(count),
        [
            ("self.momentum is not passed to update_running", moved(count, 0.1)),
            *other_counts,
            *(passed_unchanged if of_past else []),
            *_running_mistakes(which, old[which], statistics[which], count, 0.3, of_past),
        ],
    )
