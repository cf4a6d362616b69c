"""Checks of the size of the output and of the border of zeros."""

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import call
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .definitions import padded, size_of


@task("a2.output_size")
def output_size(function: Answer, trial: Trial) -> None:
    cases = [(5, 3, 1, 0), (5, 3, 1, 1), (7, 3, 2, 0), (8, 3, 2, 1), (6, 1, 2, 0), (4, 4, 1, 0)]
    cases += [tuple(trial.rng.integers((5, 1, 1, 0), (40, 6, 5, 4)).tolist()) for _ in range(20)]
    got = [call(function, *case, name="output_size") for case in cases]
    formulas = (
        (
            "the + 1 is missing: between 3 places there are 2 steps",
            lambda n, k, s, p: (n + 2 * p - k) // s,
        ),
        (
            "the padding is counted once: it lies on both sides",
            lambda n, k, s, p: (n + p - k) // s + 1,
        ),
        ("the padding is left out", lambda n, k, s, p: (n - k) // s + 1),
        (
            "the division is rounded up: a place counts only if all of the filter lies inside",
            lambda n, k, s, p: -((k - n - 2 * p) // s) + 1,
        ),
        ("the stride is left out", lambda n, k, s, p: n + 2 * p - k + 1),
        ("the 1 is added before the division", lambda n, k, s, p: (n + 2 * p - k + 1) // s),
        (
            "the filter's own size is left out: its last row must be inside too",
            lambda n, k, s, p: (n + 2 * p - 1) // s + 1,
        ),
        ("kernel and padding are left out", lambda n, k, s, p: n // s),
        (
            "the 1 is added to the stride: it comes after the division",
            lambda n, k, s, p: (n + 2 * p - k) // (s + 1),
        ),
        (
            "the division is rounded to the nearest: round down",
            lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        ),
    )
    for case, value in zip(cases, got):
        what = "output_size(size={}, kernel={}, stride={}, padding={})".format(*case)
        expect_that(
            value is not None, f"{what}: expected a whole number, got None; is a `return` missing?"
        )
        if isinstance(value, (float, np.floating)):
            raise WrongAnswer(
                f"{what}: expected a whole number, got the float {value:g}; the size of an array "
                "must be whole, so divide with //, which rounds down"
            )
        expect_that(
            isinstance(value, (int, np.integer)) and not isinstance(value, bool),
            f"{what}: expected a whole number, got the type {type(value).__name__}",
        )
    for case, value in zip(cases, got):
        if value != size_of(*case):
            looks = next(
                (
                    sentence
                    for sentence, formula in formulas
                    if [formula(*other) for other in cases] == got
                ),
                None,
            )
            raise WrongAnswer(
                "output_size(size={}, kernel={}, stride={}, padding={}): ".format(*case)
                + f"expected {size_of(*case)}, got {value}. "
                + (
                    f"It looks as if {looks}"
                    if looks
                    else "Draw it: the padded image, and every place where the filter can lie"
                )
            )


@task("a2.pad")
def pad(function: Answer, trial: Trial) -> None:
    for x, p in (
        (np.arange(1.0, 13).reshape(1, 3, 4, 1), 1),
        (trial.normal(2, 4, 3, 2), 2),
        (trial.normal(2, 3, 4, 2), 0),
    ):
        try:
            got = call(function, x, p, name="pad")
        except WrongAnswer as error:
            if p == 0 and "stopped with" in str(error):
                raise WrongAnswer(
                    f"{error}. This is with padding 0: a slice p:-p is empty for p = 0, so write "
                    "p:p + H"
                ) from None
            raise
        expect(
            f"pad of shape {x.shape} with padding {p}",
            got,
            padded(x, p),
            [
                (
                    "all four axes are padded: give np.pad a pair for each axis, (0, 0) for "
                    "images and channels",
                    np.pad(x, p),
                ),
                (
                    "images and rows are padded, instead of rows and columns: x is (N, H, W, C)",
                    np.pad(x, ((p, p), (p, p), (0, 0), (0, 0))),
                ),
                (
                    "the last two axes are padded: x is (N, H, W, C), with the channels last",
                    np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))),
                ),
                ("only the rows are padded", padded(x, p, p, 0, 0)),
                ("only the columns are padded", padded(x, 0, 0, p, p)),
                *one_sided(x, p),
                *other_values(x, p),
            ],
        )
    x = trial.normal(1, 3, 3, 2, dtype=np.float32)
    expect("pad of float32", call(function, x, 1, name="pad"), padded(x, 1), dtype=np.float32)


def one_sided(x: Array, p: int) -> list[tuple[str, Array]]:
    """What a border on one side only gives: pairs (sentence, array)."""
    sentence = "the zeros are on one side only: they belong on all four"
    return [
        (sentence, padded(x, *sides))
        for sides in ((p, 0, p, 0), (0, p, 0, p), (2 * p, 0, 2 * p, 0), (0, 2 * p, 0, 2 * p))
    ]


def other_values(x: Array, p: int) -> list[tuple[str, Array]]:
    """What a border of other values than zero gives: pairs (sentence, array)."""
    found = [("the border holds ones: it must hold zeros", padded(x, p, value=1))]
    found += [
        (
            "the border repeats pixels of the image: it must hold zeros",
            np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), mode=mode),
        )
        for mode in ("edge", "reflect", "wrap")
        if p < min(x.shape[1:3])
    ]
    return found
