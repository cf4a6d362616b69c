"""Exercises of notebook 13: norms of gradients, weights that grow, channels that become alike."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect
from ...types import Array
from .kinds import Exercise


def _check_norm(total_norm: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape) for shape in ((3, 3, 2, 4), (4,), (4, 10))]
    squares = [float((one**2).sum()) for one in gradients]
    mistakes = [
        (
            "the norms of the arrays are added up: add up their squares",
            sum(map(math.sqrt, squares)),
        ),
        ("the root is missing", sum(squares)),
        ("it is a mean, not a sum", math.sqrt(sum(squares) / sum(g.size for g in gradients))),
        ("it is a mean over the arrays, not a sum", math.sqrt(sum(squares) / len(squares))),
        ("the numbers are added up without their squares", sum(float(g.sum()) for g in gradients)),
        ("only the largest array counts", math.sqrt(max(squares))),
        ("only the last array counts", math.sqrt(squares[-1])),
    ]
    expect("total_norm", call(total_norm, gradients), math.sqrt(sum(squares)), mistakes)


def _back(times: float, lr: float, weight_decay: float) -> int:
    return math.ceil(math.log(times) / -math.log(1 - lr * weight_decay))


def _check_back(steps_back: Callable[..., Any]) -> None:
    for case in ((4.0, 0.1, 1e-4), (2.0, 0.1, 5e-4), (1.5, 0.01, 1e-4), (1.2, 0.1, 1e-4)):
        times, lr, weight_decay = case
        exact = math.log(times) / -math.log(1 - lr * weight_decay)
        mistakes = [
            ("it is not a whole number of steps yet: round up", exact),
            ("it is rounded to the nearest; round up", round(exact)),
            ("the sign is wrong: log(1 - lr * weight_decay) is below 0", math.ceil(-exact)),
            ("the sign is wrong: log(1 - lr * weight_decay) is below 0", -exact),
            (
                "the steps are taken to be equally long; each takes away a share of what is left",
                times / (lr * weight_decay),
            ),
            (
                "lr is left out: a step takes away lr * weight_decay of w",
                _back(times, 1, weight_decay),
            ),
            ("weight decay is left out", _back(times, lr, 1)),
            ("it is rounded down: after that step w is still too long", _back(*case) - 1),
            (
                "w gets shorter by a share of what it is now, not of what it was at first",
                math.ceil((1 - 1 / times) / (lr * weight_decay)),
            ),
            ("the squares of the lengths are compared", _back(times**2, lr, weight_decay)),
        ]
        expect(f"steps_back{case}", call(steps_back, *case), _back(*case), mistakes, 1e-9)


def _likeness(y: Array, absolute: bool = True, diagonal: bool = False) -> float:
    table = np.corrcoef(y.reshape(-1, y.shape[-1]).T)
    if absolute:
        table = abs(table)
    C = len(table)
    return float(table.mean()) if diagonal else float((table.sum() - C) / (C * C - C))


def _check_alike(likeness: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((2, 5, 4, 1))
    y = rng.standard_normal((2, 5, 4, 6)) + shared * np.array([1, -1, 2, 0, 1, 0.5])
    mistakes = [
        ("the diagonal is included: every channel is like itself", _likeness(y, diagonal=True)),
        (
            "pixels and channels are mixed: `reshape` moves no axes; use `reshape(-1, C).T`",
            _likeness(y.reshape(y.shape[-1], -1).T),
        ),
        (
            "pixels are compared, not channels: `np.corrcoef` wants a row for each channel",
            _likeness(y.reshape(-1, y.shape[-1]).T),
        ),
        (
            "it is divided by C * C, but the diagonal is left out: C * C - C are left",
            _likeness(y) * (1 - 1 / y.shape[-1]),
        ),
        ("the absolute values are missing: -1 is as much alike as 1", _likeness(y, False)),
        ("both are missing", _likeness(y, False, True)),
    ]
    expect("likeness", call(likeness, y), _likeness(y), mistakes)


EXERCISES = (
    Exercise(
        "13.norm",
        1,
        "The norm of everything",
        """Clipping looks at *one* number for the whole network: the norm of all gradients, as if
they were one long array. Write `total_norm(gradients)`, where `gradients` is a list of arrays of
different shapes.""",
        (
            "What is the square of the norm of two arrays that are put end to end?",
            "Add up the squares of all elements of all arrays, then take the root, once.",
        ),
        """
def total_norm(gradients):
    return np.sqrt(sum((one**2).sum() for one in gradients))
""",
        _check_norm,
    ),
    Exercise(
        "13.back",
        2,
        "The way back",
        """Some weights have become `times` as long as they were. Only weight decay makes them
shorter: every step multiplies w by `1 - lr * weight_decay`. Write `steps_back(times, lr,
weight_decay)`, which returns the number of steps until they are back at their old length or below.
Then call it with 4, 0.1 and 0.0001, and compare with the 64,000 steps of the paper's training.""",
        (
            "After n steps the length has been multiplied by (1 - lr * weight_decay) ** n.",
            "Solve for n with logarithms, and round up: `math.ceil`.",
        ),
        """
def steps_back(times, lr, weight_decay):
    return math.ceil(math.log(times) / -math.log(1 - lr * weight_decay))
    # 138,629 steps for 4, 0.1, 0.0001: more than twice the whole training
""",
        _check_back,
    ),
    Exercise(
        "13.alike",
        3,
        "How much alike are the channels?",
        """Let `y` be the output of a convolution, of shape (N, H, W, C). Write `likeness(y)`,
which returns the mean absolute correlation of two different channels, taken over all pixels. It
is 1 if all channels are multiples of each other, and near 0 if they have nothing in common.
Then compare a fresh plain-56 with `deep["plain"]`, layer by layer: a forward hook on each
`mr.nn.Conv2d`, `conv.register_forward_hook(f)`, calls `f(conv, inputs, y)`.""",
        (
            "`y.reshape(-1, C)` has a row for each pixel; `np.corrcoef` wants a row for each "
            "channel.",
            "The table of correlations is C x C, with ones on its diagonal. Leave those out.",
            "Take C away from the sum of the absolute values, and divide by C * C - C.",
        ),
        """
def likeness(y):
    C = y.shape[-1]
    table = abs(np.corrcoef(y.reshape(-1, C).T))
    return (table.sum() - C) / (C * C - C)
""",
        _check_alike,
    ),
    Exercise(
        "13.explain",
        0,
        "three plots of one network",
        """Three friends measured the gradients of the *same* plain-56. One says they explode, one
says they are healthy, one says they vanish, and each has a plot. Nobody made a mistake. How can
that be, and what should a plot of gradients always say?""",
        ("When did each of them look?",),
        """They looked at different steps. Before training, gradients grow towards the images. These
large gradients make large steps, which leave the early weights long and turned; on the way their
gradients fall, so at some step the first and the last layer are about level, and later the first
ones have the smallest. A plot of gradients should say at which step it was taken, of which layers,
of what (the weights' gradient or the activations'), and for how many seeds. And even then it shows
what happens, not why the network trains badly.""",
    ),
)
