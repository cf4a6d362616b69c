"""Checks of the student's own claim: its prediction and its measurement."""

import math
from typing import Any

import numpy as np

from ....names import shown
from ...across import Answer
from ...calling import call, probe
from ...compare import WrongAnswer, expect_that
from ...trial import Trial
from .. import task
from .definitions import OUTCOMES


@task("a6.prediction")
def prediction(claim: Answer, trial: Trial) -> None:
    expect_that(isinstance(claim, dict), "claim: expected a dict")
    for key in ("statement", "A", "B", "if it holds", "if it does not", "I expect", "margin"):
        expect_that(key in claim, f"claim: expected the key {key!r}, which is missing")
    for key in ("statement", "A", "B", "if it holds", "if it does not"):
        expect_that(
            isinstance(claim[key], str) and len(claim[key].split()) >= 3,
            f"claim[{key!r}]: expected a few words, got {shown(claim[key])}",
        )
    expect_that(
        claim["if it holds"].strip() != claim["if it does not"].strip(),
        "claim: both sides predict the same, so no measurement can tell them apart",
    )
    expect_that(claim["A"].strip() != claim["B"].strip(), "claim: A and B are the same")
    expect_that(
        claim["I expect"] in OUTCOMES,
        f"claim['I expect']: expected one of {', '.join(OUTCOMES)}, got {shown(claim['I expect'])}",
    )
    margin = claim["margin"]
    expect_that(
        isinstance(margin, (int, float)) and not isinstance(margin, bool) and 0 < margin < math.inf,
        "claim['margin']: expected a number above 0, the largest difference that counts as none; "
        f"got {shown(margin)}",
    )


@task("a6.measure")
def measure(function: Answer, pairs: Answer, trial: Trial) -> None:
    expect_that(
        isinstance(pairs, (list, tuple, np.ndarray)) and len(pairs) >= 3,
        "pairs: expected at least three, one for each seed",
    )
    table = [numbers_of(f"pairs[{i}]", pair) for i, pair in enumerate(pairs)]
    expect_that(
        len({tuple(pair) for pair in table}) > 1,
        "measure: every seed gives exactly the same numbers; do you use `seed` for the weights "
        "(fresh(..., seed)) and the training?",
    )
    expect_that(
        any(a != b for a, b in table),
        "measure: A and B are the same number with every seed; do you measure both on the same "
        "net?",
    )
    # The visible check repeats a seed of `pairs`; the hidden one takes a new seed.
    seed = 3 + trial.seed % 1000 if trial.hidden else 0
    again = np.array(numbers_of("measure", call(function, seed, name="measure")))
    if trial.hidden:
        expect_that(
            tuple(again) not in {tuple(pair) for pair in table},
            f"measure({seed}): gives exactly the same numbers as another seed",
        )
        before = np.array(numbers_of("measure", call(function, seed, name="measure")))
    else:
        before = np.array(table[seed])
    if np.abs(again - before).max() > 1e-4 * np.abs(before).max():
        raise WrongAnswer(
            f"measure({seed}): gives {again[0]:.4g} and {again[1]:.4g}, but gave {before[0]:.4g} "
            f"and {before[1]:.4g} "
            f"{'the first time' if trial.hidden else 'when `pairs` was made'}. The same seed must "
            "give the same numbers: build new nets inside measure, pass the seed to everything "
            "that draws random numbers, and run all cells again from the top"
        )
    if not trial.hidden:
        _depends_on_nets(function, seed, again)


def _depends_on_nets(function, seed, usual):
    """Check that `measure` gives other numbers when the library's nets have another ReLU."""
    try:
        other = numbers_of("measure", probe("a6.elsewhere", function, seed))
    except WrongAnswer:  # no numbers: the training of a changed net may well diverge
        return
    expect_that(
        not np.array_equal(other, usual),
        f"measure({seed}): gives exactly the same numbers when every net has another ReLU. Do you "
        "measure them on a net?",
    )


def numbers_of(what: str, pair: Any) -> list[float]:
    """Two finite numbers as a list of floats.

    Raises
    ------
    WrongAnswer
        If `pair` is anything else; the message begins with `what`.
    """
    if isinstance(pair, np.ndarray):
        pair = pair.tolist()
    expect_that(
        pair is not None, f"{what}: expected two numbers (A, B), got None; is a `return` missing?"
    )
    expect_that(
        isinstance(pair, (tuple, list)) and len(pair) == 2, f"{what}: expected two numbers (A, B)"
    )
    numbers = []
    for name, value in zip("AB", pair):
        single = (
            isinstance(value, (int, float, np.generic))
            or isinstance(value, np.ndarray)
            and value.size == 1
        )
        expect_that(single, f"{what}: expected a number for {name}, got a {type(value).__name__}")
        value = float(np.asarray(value).reshape(()))
        expect_that(
            math.isfinite(value),
            f"{what}: {name} is {value}: did the training diverge, or is something divided by 0?",
        )
        numbers.append(value)
    return numbers
