"""Checks of the growth per layer: geometric means, slopes and factors."""

import math

import numpy as np

from ...across import Answer
from ...calling import call
from ...compare import expect
from ...trial import Trial
from .. import task


@task("a6.geometric_mean")
def geometric_mean(function: Answer, trial: Trial) -> None:
    for a in (
        np.exp(2 * trial.normal(4, 3)),
        np.exp(2 * trial.normal(3, 3)),
        np.exp(trial.normal(5, 2) - 100),
    ):
        logs = np.log(a)
        expect(
            f"geometric_mean of a table of shape {a.shape}",
            call(function, a, name="geometric_mean"),
            np.exp(logs.mean(axis=0)),
            [
                (
                    "the ordinary (arithmetic) mean is taken, which one large number decides alone",
                    a.mean(axis=0),
                ),
                (
                    "exp is missing at the end: this is the mean of the logarithms",
                    logs.mean(axis=0),
                ),
                (
                    "this is the logarithm of the mean: take logarithms first, then their mean, "
                    "then exp",
                    np.log(a.mean(axis=0)),
                ),
                ("the natural logarithm is mixed with powers of 10", 10 ** logs.mean(axis=0)),
                ("the logarithm to base 10 is mixed with exp", np.exp(np.log10(a).mean(axis=0))),
                (
                    "the mean runs over the layers: seeds are the first axis",
                    np.exp(logs.mean(axis=1)),
                ),
                (
                    "the mean runs over everything: return one number for each layer",
                    np.exp(logs.mean()),
                ),
                ("the median is taken", np.median(a, axis=0)),
                (
                    "the sum of the logarithms is divided by the number of layers: divide by the "
                    "number of seeds, over which it runs",
                    np.exp(logs.sum(axis=0) / a.shape[1]),
                ),
                (
                    "the sum of the logarithms is not divided by the number of seeds",
                    np.exp(logs.sum(axis=0)),
                ),
            ],
        )
    tiny = np.exp(trial.normal(40, 2) - 30)
    expect(
        "geometric_mean over 40 seeds of numbers near 1e-13",
        call(function, tiny, name="geometric_mean"),
        np.exp(np.log(tiny).mean(axis=0)),
        [
            (
                "all numbers are multiplied first, and their product is too small for "
                "float64: take logarithms",
                np.zeros(2),
            )
        ],
    )


@task("a6.line_slope")
def line_slope(function: Answer, trial: Trial) -> None:
    for n in (6, 9):
        y = 2 + trial.normal(n) + 0.3 * np.arange(n)
        x = np.arange(n, dtype=float)
        covariance, variance = ((x - x.mean()) * (y - y.mean())).sum(), ((x - x.mean()) ** 2).sum()
        slope = covariance / variance
        expect(
            f"line_slope of {n} numbers",
            call(function, y, name="line_slope"),
            slope,
            [
                (
                    "only the first and the last number count: a least-squares line uses all of "
                    "them",
                    (y[-1] - y[0]) / (n - 1),
                ),
                (
                    "the line is forced through the origin: subtract the means of x and y first",
                    (x * y).sum() / (x * x).sum(),
                ),
                (
                    "the line is forced through the origin: subtract the means of x and y first",
                    ((x + 1) * y).sum() / ((x + 1) ** 2).sum(),
                ),
                ("only one of x and y is centred", (x * y).sum() / variance),
                (
                    "the mean of x is not subtracted in the sum of squares",
                    covariance / (x * x).sum(),
                ),
                (
                    "this is the rise over all layers together, not per layer: x goes up by 1 "
                    "from layer to layer",
                    slope * (n - 1),
                ),
                (
                    "this is the slope for x from 0 to 1 with the wrong number of steps: x "
                    "goes up by 1 from layer to layer",
                    slope * n,
                ),
                ("the sign is wrong", -slope),
                (
                    "this is the intercept of the line: return its slope",
                    y.mean() - slope * x.mean(),
                ),
                (
                    "this is the intercept of the line: return its slope",
                    y.mean() - slope * (x.mean() + 1),
                ),
                (
                    "the covariance is divided by the squares of y, not of x: that is the slope "
                    "of x against y",
                    covariance / ((y - y.mean()) ** 2).sum(),
                ),
                (
                    "this is the correlation, divided by the spreads of x and y: divide by the "
                    "squared spread of x",
                    covariance / math.sqrt(variance * ((y - y.mean()) ** 2).sum()),
                ),
                ("the sum is not divided by the sum of the squares of x", covariance),
                (
                    "the sum is divided by the number of points: this is the covariance",
                    covariance / n,
                ),
                (
                    "slope and intercept are returned: return only the slope",
                    np.array([slope, y.mean() - slope * x.mean()]),
                ),
                (
                    "slope and intercept are returned: return only the slope",
                    np.array([slope, y.mean()]),
                ),
            ],
        )


@task("a6.growth")
def growth(function: Answer, trial: Trial) -> None:
    for n in (7, 12):
        logs = 0.3 * trial.normal(n) - 0.25 * np.arange(n)
        x = np.arange(n) - (n - 1) / 2
        slope = (x * logs).sum() / (x * x).sum()
        norms = np.exp(logs)
        expect(
            f"growth of {n} norms that rise towards the images",
            call(function, norms, name="growth"),
            math.exp(-slope),
            [
                (
                    "the direction is wrong: this is the factor from a layer to the *next*. "
                    "Return the factor to the layer before it, nearer to the images",
                    math.exp(slope),
                ),
                (
                    "this is minus the slope of the logarithms: return exp of it",
                    -slope,
                ),
                ("this is the slope of the logarithms: return exp(-slope)", slope),
                (
                    "logarithms to base 10 are mixed with exp: both must have the same base",
                    math.exp(-slope / math.log(10)),
                ),
                (
                    "natural logarithms are mixed with powers of 10: both must have the same base",
                    10**-slope,
                ),
                (
                    "the line is fitted to the norms themselves, not to their logarithms",
                    math.exp(-(x * norms).sum() / (x * x).sum()),
                ),
                (
                    "the line is fitted to the norms themselves, not to their logarithms",
                    -(x * norms).sum() / (x * x).sum(),
                ),
                ("only the first and the last norm count", (norms[0] / norms[-1]) ** (1 / (n - 1))),
                (
                    "this is the ratio of the first norm to the last: return the factor for *one* "
                    "layer",
                    norms[0] / norms[-1],
                ),
                (
                    "this is the factor for all layers together: return the factor for one layer",
                    math.exp(-slope * (n - 1)),
                ),
            ],
        )
