"""Checks of the training loop and of the nets' training curves."""

import math

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .definitions import CLASSES
from .network import numbers


def descent(
    start: Array,
    images: Array,
    labels: Array,
    lr: float,
    momentum: float = 0.9,
    gather: bool = False,
    sign: int = 1,
) -> tuple[Array, Array]:
    """Train one linear layer with SGD: its losses (one per batch) and its weights afterwards.

    Three arguments plant mistakes: `momentum` 0, `gather` (gradients of earlier steps are added),
    and `sign` -1 (steps go up).
    """
    w, v, total, losses = start.astype(float), 0, 0, []
    for x, y in zip(images, labels):
        x = x.reshape(len(x), -1).astype(float)
        z = x @ w
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        losses.append(float(-np.log(p[np.arange(len(y)), y]).mean()))
        p[np.arange(len(y)), y] -= 1
        total = x.T @ p / len(y) + (total if gather else 0)
        v = momentum * v + total
        w = w - sign * lr * v
    return np.array(losses), w


@task("a4.train")
def train(function: Answer, trial: Trial) -> None:
    start, lr = 0.1 * trial.normal(12, CLASSES, dtype=np.float32), 0.2
    images, labels = (
        trial.normal(6, 8, 2, 2, 3, dtype=np.float32),
        trial.rng.integers(0, CLASSES, (6, 8)),
    )
    kind, got, weights = probe("a4.trained", function, start, images, labels, lr)
    if kind in ("Tensor", "ndarray", "generator"):
        raise WrongAnswer(
            "train: expected a list of numbers, got "
            + (
                "Tensors: each keeps the whole tape of its step; use loss.item()"
                if kind == "Tensor"
                else f"a {kind}"
            )
        )
    expect_that(
        got is not None,
        f"train: expected a list of losses, one for each batch, got {kind}"
        + ("; is a `return` missing?" if kind == "NoneType" else ""),
    )
    (losses, after), (gathered, _), (no_momentum, _), (up, _) = (
        descent(start, images, labels, lr),
        descent(start, images, labels, lr, gather=True),
        descent(start, images, labels, lr, momentum=0),
        descent(start, images, labels, lr, sign=-1),
    )
    after_steps = [
        descent(start, images[[*range(i), i, i]], labels[[*range(i), i, i]], lr)[0][-1]
        for i in range(len(images))
    ]
    expect(
        "train: the losses of six batches",
        got,
        losses,
        [
            (
                "the weights do not move: call optimizer.step() after loss.backward(), without "
                "zero_grad() in between",
                descent(start, images, labels, 0)[0],
            ),
            (
                "gradients of earlier batches are still there: optimizer.zero_grad() before "
                "each loss.backward()",
                gathered,
            ),
            (
                "the momentum is missing: SGD(..., momentum=0.9), made *once*, before the loop; a "
                "new optimizer for every batch has no momentum yet",
                no_momentum,
            ),
            ("the losses are taken after the steps: take each before its step", after_steps),
            ("the steps go up", up),
            *(
                (
                    f"the argument lr is not used: {other} is used instead",
                    descent(start, images, labels, other)[0],
                )
                for other in (0.1, 0.05, 0.01)
            ),
            (
                "each is the mean of all losses so far: return every loss as it is",
                np.cumsum(losses) / np.arange(1, len(losses) + 1),
            ),
            ("the first batch is left out", losses[1:]),
            ("only the first batch is used", losses[:1]),
            ("only the last loss is returned", losses[-1:]),
        ],
        tolerance=1e-4,
    )
    expect(
        "train: the weights of a net of one linear layer, afterwards",
        weights,
        after,
        [
            (
                "there is no step after the last batch",
                descent(start, images[:-1], labels[:-1], lr)[1],
            )
        ],
        tolerance=1e-4,
    )


@task("a4.curves")
def curves(losses: Answer, start: Answer, function: Answer, make: Answer, trial: Trial) -> None:
    seeds, families = 3, ("plain", "resnet")
    expect_that(
        isinstance(losses, dict)
        and isinstance(start, dict)
        and set(losses) == set(start) == set(families),
        'losses and start: expected the keys "plain" and "resnet" in both',
    )
    expect_that(
        all(isinstance(start[family], (list, tuple)) for family in families)
        and len(start["plain"]) == len(start["resnet"]) == seeds,
        f"start: expected the weights of {seeds} nets of each kind",
    )
    for seed, (one, other) in enumerate(zip(start["plain"], start["resnet"])):
        expect_that(
            np.shape(one) == np.shape(other) == (numbers(3, 8, "A"),),
            f"start: expected {numbers(3, 8, 'A'):,} parameters in each net, got "
            f"{np.size(one):,} and {np.size(other):,}",
        )
        expect_that(
            np.array_equal(one, other),
            f"start: with seed {seed} the two nets did not start from the same weights: see twins",
        )
    try:
        table = {family: np.array(losses[family], dtype=float) for family in families}
    except (TypeError, ValueError):
        raise WrongAnswer(
            "losses: expected lists of numbers: does train return a list of numbers?"
        ) from None
    for family in families:
        expect_that(
            table[family].ndim == 2 and len(table[family]) == seeds,
            f"losses of {family}: expected 3 runs, got shape {table[family].shape}",
        )
        expect_that(
            np.isfinite(table[family]).all(),
            f"losses of {family}: some are not finite; is the learning rate too large?",
        )
        first = table[family][:, 0]
        expect_that(
            np.abs(first - math.log(CLASSES)).max() < 0.2,
            f"losses of {family}: the first should be near ln 10 = 2.30, because the net has "
            f"learned nothing yet; got {first.max():.2f}. Does the last linear layer start with "
            "std=0.01?",
        )
    for family in families:
        expect_that(
            table[family].shape == (seeds, 80),
            f"losses of {family}: expected 3 runs of 80 steps, got shape {table[family].shape}",
        )
    ends = {family: table[family][:, -20:].mean() for family in families}
    expect_that(
        ends["plain"] < 2.15,
        f"losses of plain: expected less than 2.15 in the last 20 steps, got {ends['plain']:.2f}: "
        "the net has learned hardly anything",
    )
    expect_that(
        ends["resnet"] < ends["plain"] - 0.2,
        "losses: expected the residual nets well below the plain nets in the last 20 steps, got "
        f"{ends['resnet']:.2f} and {ends['plain']:.2f}. Are plain and residual exchanged, or is "
        "the shortcut missing in some blocks?",
    )
    seed, steps = trial.seed % seeds, 6
    rng = np.random.default_rng(0)
    batches = [stripes(32, 16, rng) for _ in range(steps)]
    found = probe("a4.again", make, function, (3, 8, seed), batches, 0.05)
    for family, (weights, again) in zip(families, found):
        expect_that(
            np.array_equal(weights, start[family][seed]),
            f"start: twins(3, 8, {seed}) gives other weights of {family} than `start` holds: run "
            "the cells again from the top",
        )
        before = table[family][seed, :steps]
        expect_that(
            again is not None
            and again.shape == before.shape
            and bool((np.abs(again - before) <= 1e-2 * np.abs(before)).all()),
            f"losses of {family}: with seed {seed} the first {steps} losses differ when train is "
            "called again: run the cells again from the top",
        )


def stripes(n: int, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw images (n, size, size, 3) and labels (n,), as the assignment does."""
    labels = rng.integers(0, 10, n)
    angle = (np.pi * labels / 10 + rng.uniform(-0.05, 0.05, n))[:, None, None]
    row, column = np.mgrid[:size, :size]
    along = np.cos(angle) * row + np.sin(angle) * column
    wave = np.sin(rng.uniform(0.8, 1.3, (n, 1, 1)) * along + rng.uniform(0, 2 * np.pi, (n, 1, 1)))
    colours, noise = rng.standard_normal((n, 1, 1, 3)), rng.standard_normal((n, size, size, 3))
    return (0.7 * wave[..., None] * colours + 0.3 * noise).astype(np.float32), labels
