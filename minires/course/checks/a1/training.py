"""Check of the training loop: a net that learns on the student's tape."""

import math
from collections.abc import Sequence

import numpy as np

from ....types import Array
from ...across import Answer, as_numbers
from ...calling import call
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task


@task("a1.train")
def train(losses: Answer, function: Answer, nodes: Answer, trial: Trial) -> None:
    try:
        got = as_numbers(losses)
    except (TypeError, ValueError):
        raise WrongAnswer(
            "losses: expected a list of numbers: append the value of the loss, "
            "float(loss.value), and not its Node"
        ) from None
    expect_that(
        got.size >= 50,
        f"losses: expected the losses of at least 50 steps, got {got.size}"
        + (
            ". Is there a `return` inside the loop? It ends the training after the first step"
            if got.size == 1
            else ""
        ),
    )
    expect_that(
        np.isfinite(got).all(), "losses: some are not finite; is the learning rate too large?"
    )
    expect_that(
        abs(got[0] - math.log(2)) < 0.1,
        "losses: the first should be near ln 2 = 0.69, because the net has learned nothing yet; "
        f"got {got[0]:.3f}. Append the loss of a step before the parameters move. If you ran the "
        "training twice, the second run went on from trained parameters: run the cell that makes "
        "w1, b1, w2 and b2 again first",
    )
    # The first losses of the run with seed 0, lr 0.5 and all points in every step.
    expect(
        "losses: the first three steps",
        got[:3],
        (0.68728, 0.48929, 0.42857),
        [
            (
                "gradients of earlier steps are still there: set every grad to None before "
                "each step",
                (0.68728, 0.48929, 0.39142),
            ),
            (
                "the steps go up: move every parameter *against* its gradient",
                (0.68728, 1.08446, 2.11682),
            ),
            ("the parameters do not move", (0.68728, 0.68728, 0.68728)),
            ("the biases b1 and b2 do not move", (0.68728, 0.48929, 0.43202)),
            (
                "the walk does not begin with dL/dL = 1: the loss is a mean already, so do not "
                "divide once more",
                (0.68728, 0.68630, 0.68532),
            ),
        ],
        tolerance=1e-3,
    )
    expect_that(got[-1] < 0.1, f"losses: expected less than 0.1 at the end, got {got[-1]:.3f}")
    _a_few_steps(function, nodes, trial)


def _a_few_steps(function, nodes, trial):
    """Check that the loop gives the right losses from parameters drawn here."""
    steps, lr = 4 + int(trial.rng.integers(0, 3)), float(trial.rng.uniform(0.2, 0.4))
    start = [
        trial.normal(2, 16),
        0.1 * trial.normal(16),
        0.3 * trial.normal(16, 1),
        trial.normal(1),
    ]
    before = [node.value for node in nodes]
    try:
        for node, value in zip(nodes, start):
            node.value = value.copy()
        got = call(function, steps, lr, name="train")
        after = [np.asarray(node.value) for node in nodes]
    finally:
        for node, value in zip(nodes, before):
            node.value = value
    expect_that(
        isinstance(got, (list, tuple, np.ndarray)) and len(got) == steps,
        f"train({steps}, lr): expected a list of {steps} losses",
    )
    try:
        got = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise WrongAnswer(
            "train: expected a list of numbers, float(loss.value) of each step"
        ) from None
    expect(
        f"train: the losses of {steps} steps from other values",
        got,
        descent(start, steps, lr),
        [
            (
                "gradients of earlier steps are still there: set every grad to None before "
                "each step",
                descent(start, steps, lr, forget=False),
            ),
            ("the argument lr is not used", descent(start, steps, 0.5)),
            (
                "the steps go up: move every parameter *against* its gradient",
                descent(start, steps, -lr),
            ),
            ("the parameters do not move", descent(start, steps, 0)),
            ("the biases b1 and b2 do not move", descent(start, steps, lr, biases=False)),
            (
                "the walk does not begin with dL/dL = 1: the loss is a mean already, so do not "
                "divide once more",
                descent(start, steps, lr / 300),
            ),
        ],
    )
    expect_that(
        not any(np.array_equal(old, now) for old, now in zip(start, after)),
        "train: w1, b1, w2 and b2 have not changed. Change the `value` of these nodes instead of "
        "making new nodes",
    )


def descent(
    start: Sequence[Array], steps: int, lr: float, forget: bool = True, biases: bool = True
) -> Array:
    """The losses of the assignment's net of two layers on its half moons.

    Parameters
    ----------
    start : sequence of ndarray
        Values of w1 (2, 16), b1 (16,), w2 (16, 1) and b2 (1,) before the first step.
    steps : int
    lr : float
    forget : bool
        False plants a mistake: gradients of earlier steps are added to the new ones.
    biases : bool
        False plants another: b1 and b2 stay as they are.

    Returns
    -------
    ndarray (steps,)
    """
    rng = np.random.default_rng(0)
    angle, upper = rng.uniform(0, np.pi, 300), rng.random(300) < 0.5
    points = np.where(
        upper[:, None],
        np.c_[np.cos(angle), np.sin(angle)],
        np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)],
    )
    x = points + 0.1 * rng.standard_normal((300, 2))
    t = np.where(upper, 1.0, -1.0)[:, None]
    losses = []
    values = [value.copy() for value in start]
    total = [np.zeros_like(value) for value in start]
    for _ in range(steps):
        w1, b1, w2, b2 = values
        hidden = np.maximum(x @ w1 + b1, 0)
        z = hidden @ w2 + b2
        losses.append(np.logaddexp(0, -z * t).mean())
        dz = -t / (1 + np.exp(z * t)) / t.size
        dhidden = (dz @ w2.T) * (hidden > 0)
        found = (x.T @ dhidden, dhidden.sum(axis=0), hidden.T @ dz, dz.sum(axis=0))
        total = [new if forget else old + new for old, new in zip(total, found)]
        values = [
            value - lr * gradient if biases or value.ndim > 1 else value
            for value, gradient in zip(values, total)
        ]
    return np.array(losses)
