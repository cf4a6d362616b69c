"""Check of He's initial weights."""

import math

import numpy as np

from ...across import Answer
from ...calling import call, probe
from ...compare import expect, expect_that
from ...trial import Trial
from .. import task


@task("a4.he_normal")
def he_normal(function: Answer, trial: Trial) -> None:
    for shape in ((3, 5, 16, 48), (7, 7, 24, 8), (300, 80), (3, 40, 100)):
        w = call(function, shape, trial.generator(), name="he_normal")
        what = f"he_normal({shape})"
        expect_that(
            isinstance(w, np.ndarray) and w.dtype.kind == "f",
            f"{what}: expected an array of floats"
            + ("; is a `return` missing?" if w is None else ""),
        )
        expect_that(w.shape == shape, f"{what}: expected shape {shape}, got {w.shape}")
        fan_in, fan_out = math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]
        std = math.sqrt(2 / fan_in)
        expect(
            f"{what}: the standard deviation",
            float(np.std(w)),
            std,
            [
                (
                    "the factor 2 is missing: ReLU halves the mean square",
                    math.sqrt(1 / fan_in),
                ),
                (
                    "fan_out is taken instead of fan_in: count the products that one output adds "
                    "up",
                    math.sqrt(2 / fan_out),
                ),
                ("2 / fan_in is taken as the standard deviation; it is the variance", 2 / fan_in),
                (
                    "the root is taken twice: np.sqrt(2 / fan_in) is the standard deviation itself",
                    fan_in**-0.25 * 2**0.25,
                ),
                (
                    "only the channels are counted: an output of a convolution adds up KH KW C_in "
                    "products",
                    math.sqrt(2 / shape[-2]),
                ),
                ("all axes are counted, the outputs too", math.sqrt(2 / math.prod(shape))),
                (
                    "the mean of fan_in and fan_out is taken: that is Glorot's rule",
                    math.sqrt(2 / (fan_in + fan_out)),
                ),
                (
                    "inputs and outputs are counted, as in Glorot's rule: He's rule counts the "
                    "inputs",
                    math.sqrt(2 / (fan_in + shape[-1])),
                ),
                (
                    "the root is taken of the 2 alone: divide first, then take the root",
                    math.sqrt(2) / fan_in,
                ),
                ("only the first axis is counted", math.sqrt(2 / shape[0])),
                (
                    "the outputs are counted instead of the inputs: fan-in is the product of all "
                    "axes but the last",
                    math.sqrt(2 / shape[-1]),
                ),
                (
                    "the outputs are counted instead of the inputs: fan-in is the product of all "
                    "axes but the last",
                    math.sqrt(2 / math.prod(shape[1:])),
                ),
                ("the numbers have standard deviation 1", 1.0),
            ],
            tolerance=0.04,
        )
        expect_that(
            abs(np.mean(w)) < 0.1 * std, f"{what}: expected a mean of about 0, got {np.mean(w):.3g}"
        )
        far = float(np.mean(np.abs(w) > 2 * std))
        expect_that(
            0.03 < far < 0.065,
            f"{what}: expected a normal distribution, with 4.6 % of the numbers beyond two "
            f"standard deviations; got {100 * far:.1f} %",
        )
        expect_that(
            w.dtype == np.float32,
            f"{what}: expected float32, got {w.dtype}; a float64 factor promotes the array: "
            "draw with dtype=np.float32 and a float from math.sqrt, or convert at the end",
        )
    one, two, again = probe("a4.two_draws", function, (4, 6), trial.seed)
    expect_that(
        not np.array_equal(one, two),
        "he_normal: two calls with one generator return the same numbers: use the rng that is "
        "passed in instead of a new one",
    )
    expect_that(
        np.array_equal(one, again),
        "he_normal: two generators with the same seed give different numbers: use only the rng "
        "that is passed in",
    )
