"""Exercises of notebook 00: reading errors."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that
from .kinds import Exercise


def _check_error(error_percent: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 40)
    answers = np.where(rng.random(40) < 0.35, (labels + rng.integers(1, 10, 40)) % 10, labels)
    wrong = 100 * (answers != labels).mean()
    mistakes = [
        ("it is the share of right answers", 100 - wrong),
        ("it is a share from 0 to 1: multiply by 100", wrong / 100),
        ("the wrong answers are counted: divide by the number of all answers", wrong * 0.4),
        ("it is the mean distance of the labels, which are only names", _distance(answers, labels)),
        (
            "it is the mean difference of the labels, which are only names",
            100 * (answers - labels).mean(),
        ),
    ]
    got = call(error_percent, answers, labels, name="error_percent")
    expect("error_percent", got, wrong, mistakes)


def _distance(answers, labels):
    return 100 * np.abs(answers - labels).mean()


def _check_guess(best_guess_error: Callable[..., Any]) -> None:
    for counts in ([120, 40, 10, 30], [40, 60, 30], [7, 7]):
        numbers = np.array(counts)
        shares = numbers / numbers.sum()
        mistakes = [
            ("every class is taken to be equally frequent", 100 * (1 - 1 / len(counts))),
            ("it is how often the guess is right", 100 * shares.max()),
            ("the first class is guessed, whatever its share", 100 * (1 - shares[0])),
            ("the rarest class is guessed", 100 * (1 - shares.min())),
            ("it is a share from 0 to 1: multiply by 100", 1 - shares.max()),
            ("the guess is drawn with the frequencies of the classes", 100 * (1 - shares @ shares)),
            ("the counts are taken to be percentages: divide by their sum", 100 - max(counts)),
            ("it is the number of a class, not an error", int(numbers.argmax())),
        ]
        got = call(best_guess_error, numbers, name="best_guess_error")
        expect(f"best_guess_error({counts})", got, 100 * (1 - shares.max()), mistakes)


def _check_rates(errors: Mapping[float, float]) -> None:
    expect_that(
        isinstance(errors, Mapping) and set(errors) == {0.001, 0.1, 1.0},
        "expected a dict with the keys 0.001, 0.1 and 1.0, each with its last training error",
    )
    for lr, error in errors.items():
        expect_that(
            isinstance(error, (int, float, np.number)) and not isinstance(error, bool),
            f"errors[{lr}]: expected a number, such as history[-1]['train_error'], got "
            + ("the dots that stand for it" if error is ... else f"{type(error).__name__}"),
        )
    values = {lr: float(error) for lr, error in errors.items()}
    expect_that(
        all(0 <= error <= 100 for error in values.values()),
        "expected errors in percent, from 0 to 100",
    )
    expect_that(
        max(values.values()) > 1,
        "all errors are at most 1: they look like shares. history[-1]['train_error'] is in percent",
    )
    expect_that(
        len(set(values.values())) == 3,
        "two rates have exactly the same error: did you make a new net and a new Trainer for each?",
    )
    expect_that(
        values[0.001] > values[0.1],
        "a step a hundred times smaller should get less far in five epochs. If you used one net "
        "for all three, each training started where the one before had stopped",
    )


EXERCISES = (
    Exercise(
        "00.error",
        1,
        "How wrong?",
        """Write `error_percent(answers, labels)`. It takes two arrays of class numbers, and returns
the percentage of wrong answers. That is the number on the axis of every figure here.""",
        (
            "`answers != labels` is an array of True and False.",
            "The mean of such an array is the share of True in it, because True counts as 1.",
        ),
        """
def error_percent(answers, labels):
    return 100 * (answers != labels).mean()
""",
        _check_error,
    ),
    Exercise(
        "00.guess",
        2,
        "The best blind guess",
        """With ten equally frequent classes, guessing is wrong 90 % of the time. What if they
are *not* equally frequent? Write `best_guess_error(counts)`, which returns the lowest error, in
percent, that you can reach without looking at an image. `counts` says how many images each
class has.""",
        (
            "You may give the same answer every time. Which one?",
            "Answer with the most frequent class: all images of the other classes are wrong.",
        ),
        """
def best_guess_error(counts):
    return 100 * (1 - counts.max() / counts.sum())
""",
        _check_guess,
    ),
    Exercise(
        "00.rates",
        3,
        "Steps too small, steps too large",
        """Train the network of this notebook three times, with `lr` 0.001, 0.1 and 1.0, and keep
the last training errors in a dict:

    errors = {0.001: ..., 0.1: ..., 1.0: ...}

Before you do: which will be lowest? What goes wrong with the other two?""",
        (
            "Copy the cell that trains and put a loop around it. `history[-1]['train_error']` is "
            "the number you need.",
            "Make the net inside of the loop. Otherwise the second training goes on from where the "
            "first one stopped.",
        ),
        """
errors = {}
for lr in (0.001, 0.1, 1.0):
    net = mr.models.resnet(8, width=8, seed=0)
    config = RunConfig(
        iterations=steps, batch_size=64, lr=lr, milestones=(steps * 3 // 4,), crop_padding=0
    )
    history = Trainer(net, small_train, small_test, config, progress=False).run()
    errors[lr] = history[-1]["train_error"]

# 0.001 hardly moves in five epochs. At 1.0 each step may undo the one before (notebook 07).
""",
        _check_rates,
    ),
    Exercise(
        "00.explain",
        0,
        "degradation is not overfitting",
        """A friend says: *the network of 56 layers is worse because it is so large that it learns
its examples by heart.* Explain in three sentences, without a formula, why that cannot be the
reason.""",
        ("What would the *training* error of such a network look like?",),
        """A network that has learned its examples by heart is very good on these examples: its
training error is low, and only its test error is high. The plain network of 56 layers has a *higher
training error* than the one of 20. So it has not even learned the examples it was shown: training
did not find the weights, although they exist.""",
    ),
)
