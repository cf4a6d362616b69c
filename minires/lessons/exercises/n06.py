"""Exercises of notebook 06: the size of signals, and initial weights."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that
from .kinds import Exercise


def _check_growth(growth_of: Callable[..., Any]) -> None:
    for gain, layers in ((1.1 * math.sqrt(2), 50), (1.0, 11), (math.sqrt(2), 7)):
        factor = gain**2 / 2
        mistakes = [
            ("it counts one layer too many: layer 1 is where you start", factor**layers),
            ("ReLU, which halves the mean square, is missing", gain ** (2 * (layers - 1))),
            ("the gain is not squared", (gain / 2) ** (layers - 1)),
            ("it is the factor of one layer only", factor),
            ("the factors are added: over many layers they multiply", factor * (layers - 1)),
            ("the factors are added: over many layers they multiply", factor * layers),
            (
                "it is the factor of the root of the mean square: return that of the mean square",
                math.sqrt(factor ** (layers - 1)),
            ),
            (
                "`** layers - 1` takes 1 off the result: put `layers - 1` in brackets",
                _off(factor, layers),
            ),
            ("the gain is not squared, and ReLU is missing", gain**layers),
            ("the gain is not squared, and ReLU is missing", gain ** (layers - 1)),
        ]
        got = call(growth_of, gain, layers)
        expect(f"growth_of({gain:.4g}, {layers})", got, factor ** (layers - 1), mistakes)


def _check_leaky(leaky_gain: Callable[..., Any]) -> None:
    for a in (0.2, 0.5, 0.0, 1.0):
        mistakes = [
            ("it is the gain squared: take the root", 2 / (1 + a**2)),
            ("a is not squared, but the mean square counts squares", math.sqrt(2 / (1 + a))),
            ("it is the factor of the leaky ReLU, not the gain that cancels it", (1 + a**2) / 2),
            ("the slope is left out: what is below 0 is not lost any more", math.sqrt(2)),
            ("the gain grows with a; but the more passes, the less gain it needs", _upside(a)),
            ("the 2 is missing: half of the numbers are above 0", math.sqrt(1 / (1 + a**2))),
            ("the root is taken of 1 + a² only; the 2 is under it, too", 2 / math.sqrt(1 + a**2)),
            (
                "brackets are missing: `2 / 1 + a**2` is 2 + a²",
                math.sqrt(2 / 1 + a**2),
            ),
        ]
        expect(f"leaky_gain({a:g})", call(leaky_gain, a), math.sqrt(2 / (1 + a**2)), mistakes)


def _off(factor, layers):
    return factor**layers - 1


def _upside(a):
    return math.sqrt(2 * (1 + a**2))


def _check_calibrated(calibrated: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 12))
    weights = [size * rng.standard_normal((12, 12)) for size in (0.1, 3.0, 1.0, 0.5)]
    got = call(calibrated, x, [w.copy() for w in weights])
    expect_that(
        isinstance(got, (list, tuple)) and len(got) == len(weights),
        f"calibrated: expected a list of {len(weights)} matrices, one for each layer",
    )
    wants = _calibrate(x, weights)
    others = {
        "y is divided by its mean square; to make the mean square 1, divide by its root": (
            _calibrate(x, weights, root=False)
        ),
        "the signal goes on from layer to layer without ReLU": _calibrate(x, weights, relu=False),
        "the sizes were measured with the old weights: the next layer must be measured with the new"
        " weights before it": _calibrate(x, weights, again=False),
        "the mean square after ReLU is made 1, not the mean square of y": (
            _calibrate(x, weights, after=True)
        ),
        "the weights come back as they were: append the new ones to a list": weights,
        "the weights are multiplied by the root of the mean square: divide by it": [
            w * (w / new).mean() for w, new in zip(weights, wants)
        ],
        "each matrix is divided by its own size: the mean square of y is to be 1, not that of w": [
            w / math.sqrt((w**2).mean()) for w in weights
        ],
        "every layer gets x itself, not what the layers before it made of it": [
            _calibrate(x, [w])[0] for w in weights
        ],
        "y is divided by its standard deviation, which leaves out the mean of y": _calibrate(
            x, weights, std=True
        ),
    }
    for i, want in enumerate(wants):
        mistakes = [(sentence, matrices[i]) for sentence, matrices in others.items()]
        expect(f"calibrated: the weights of layer {i + 1}", got[i], want, mistakes)


def _calibrate(x, weights, root=True, relu=True, again=True, after=False, std=False):
    """The right answer; each setting plants one typical mistake."""
    result = []
    for w in weights:
        y = x @ w
        size = (np.maximum(y, 0) ** 2).mean() if after else (y**2).mean()
        size = y.var() if std else size
        size = math.sqrt(size) if root else size
        result.append(w / size)
        y = y / size if again else y
        x = np.maximum(y, 0) if relu else y
    return result


EXERCISES = (
    Exercise(
        "06.growth",
        1,
        "Ten percent too much",
        """How exact must the gain be? Write `growth_of(gain, layers)`. It returns the factor by
which the mean square of `y` is larger in layer number `layers` than in layer 1, by the formula.
Then try a gain that is 10 % too large, in 50 layers.""",
        (
            "The factor from one layer to the next is the gain squared, over 2.",
            "From layer 1 to layer 50 there are 49 steps, and their factors multiply.",
        ),
        """
def growth_of(gain, layers):
    return (gain**2 / 2) ** (layers - 1)  # 10 % too much: 1.21 ** 49, over ten thousand
""",
        _check_growth,
    ),
    Exercise(
        "06.leaky",
        2,
        "A ReLU that leaks",
        """The **leaky** ReLU multiplies negative numbers by a, instead of setting them to 0: y
= x where x > 0, else y = a x. Which gain keeps the signal? Write `leaky_gain(a)`. Test it in 50
layers: change `relu` to `np.where(x > 0, x, a * x)` and look at the mean squares. Do the inputs
still become alike as fast?""",
        (
            "Half of the mean square passes whole. By which factor is the other half multiplied?",
            "The leaky ReLU multiplies the mean square by (1 + a²) / 2, and the product multiplies "
            "it by the gain squared. Together they must be 1.",
            "Try a = 1 and a = 0: your formula must give the two gains that you know, 1 and √2.",
        ),
        """
def leaky_gain(a):
    return math.sqrt(2 / (1 + a**2))

# They become alike more slowly: the part that all outputs share is only (1 - a) times as large.
""",
        _check_leaky,
    ),
    Exercise(
        "06.calibrate",
        3,
        "Weights that are measured, not computed",
        """He's rule is right on average; a single draw is off. So measure instead (Mishkin and
Matas 2016, arXiv:1511.06422). Write `calibrated(x, weights)`. It sends the batch `x` through the
layers, and divides the weights of each layer by a number, so that the mean square of its `y` is
exactly 1. Return the list of new matrices. As in `forward`, each layer takes `relu(y)` of the one
before.""",
        (
            "Go from layer to layer, as `forward` does. If `y = x @ w`, what is the mean square of "
            "`x @ (w / c)`?",
            "The mean square of y, divided by c squared. So c is the root of the mean square.",
            "The next layer must see the signal of the *new* weights: `x = relu(y / c)`.",
        ),
        """
def calibrated(x, weights):
    result = []
    for w in weights:
        y = x @ w
        c = math.sqrt((y**2).mean())
        result.append(w / c)
        x = np.maximum(y / c, 0)
    return result
""",
        _check_calibrated,
    ),
    Exercise(
        "06.explain",
        0,
        "why not start at 0",
        """A friend asks: *why draw the weights at random? If nothing is known, start them all at 0,
or all at the same number.* Explain what the units of such a layer compute, and whether training can
ever make them differ.""",
        (
            "Take two units of one layer whose weights are equal. How do their outputs differ?",
            "And their gradients, if the layer after them has equal weights, too?",
        ),
        """All units of the layer compute the same number. If the weights after them are equal as
well, all get the same gradient, so they make the same step and stay equal forever: a layer of 256
units that is worth one. With 0 it is worse still, as no signal comes through, and no gradient
either. Random weights make the units different from the start, and training can use that.""",
    ),
)
