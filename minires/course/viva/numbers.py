"""Questions about the numbers of the student's own run."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .facts import Facts, Question


def questions(facts: Facts) -> Iterator[Question]:
    """The questions of the assignment, with the numbers of this student's run in them."""
    yield from OF[facts.assignment](**facts.values)


def _start_and_end(losses: Any, classes: int) -> Iterator[Question]:
    """Questions about the first loss and the course of a training curve."""
    values = np.asarray(losses, dtype=float).ravel()
    if values.size < 2 or not np.isfinite(values).all():
        return
    chance = math.log(classes)
    yield Question(
        f"Your loss begins at {values[0]:.3f}. Which number did you expect, and why?",
        f"ln {classes} = {chance:.3f}: at first the net gives every class about the same "
        "probability.",
    )
    half = int(np.argmax(values < values[0] / 2)) if (values < values[0] / 2).any() else 0
    if half:
        yield Question(
            f"Your loss ends at {values[-1]:.3f} after {values.size} steps. At about which step "
            "was it half of the first, and why does it fall more slowly later?",
            f"At step {half}. The gradients get smaller as fewer points are still wrong.",
        )


def _a1(losses: Any) -> Iterator[Question]:
    yield from _start_and_end(losses, 2)


def _a2(losses: Any) -> Iterator[Question]:
    yield from _start_and_end(losses, 10)


def _a3(losses: Any = None, errors: Any = None) -> Iterator[Question]:
    if isinstance(errors, dict):
        alone = next(
            (
                error
                for name, error in errors.items()
                if name.startswith("train mode, batches of 50, by class")
            ),
            None,
        )
        fixed = next(
            (
                error
                for name, error in errors.items()
                if name.startswith("eval mode, batches of 50, by class")
            ),
            None,
        )
        if alone is not None and fixed is not None:
            yield Question(
                f"Batches of one class: {float(fixed):.1f} % wrong in evaluation mode and "
                f"{float(alone):.1f} % in training mode. The images and weights are the same: "
                "what differs?",
                "The statistics: in training mode the batch's own mean is subtracted, and with it "
                "whatever all images of the class have in common.",
            )
    if isinstance(losses, dict):
        ends = {
            name: float(np.mean(np.asarray(values, dtype=float)[-20:]))
            for name, values in losses.items()
        }
        best, worst = min(ends, key=ends.__getitem__), max(ends, key=ends.__getitem__)
        yield Question(
            f"Of your four nets, {best!r} ends at a loss of {ends[best]:.2f} and {worst!r} at "
            f"{ends[worst]:.2f}. How do these two nets differ, and which comparisons change one "
            "thing only?",
            "Compare with and without batch norm in one family, or plain and residual with batch "
            "norm; a comparison that changes both says nothing about either.",
        )


def _a4(losses: Any) -> Iterator[Question]:
    ends = {
        family: np.asarray(runs, dtype=float)[:, -20:].mean(axis=1)
        for family, runs in losses.items()
    }
    gaps = ends["plain"] - ends["resnet"]
    seed = int(np.argmin(gaps))
    yield Question(
        f"With seed {seed} plain ends at {ends['plain'][seed]:.2f} and residual at "
        f"{ends['resnet'][seed]:.2f} (means of the last 20 steps), the smallest of your gaps. Do "
        "three such gaps show that residual nets learn faster?",
        f"In this setting, yes: the gaps are {', '.join(f'{gap:.2f}' for gap in gaps)}, all of "
        "one sign. They show nothing about other depths, learning rates or images.",
    )
    first = {family: np.asarray(runs, dtype=float)[:, 0] for family, runs in losses.items()}
    yield Question(
        f"The first losses are {first['plain'].mean():.2f} (plain) and "
        f"{first['resnet'].mean():.2f} (residual). The weights are the same: why do the losses "
        "differ?",
        "The functions differ: residual blocks add x, so their logits are larger.",
    )


def _a5(
    errors: Any = None,
    depths: Any = None,
    seeds: Any = None,
    train_size: Any = None,
    epochs: Any = None,
) -> Iterator[Question]:
    shallow, deep = (int(depth) for depth in depths)
    if isinstance(errors, dict):
        one, other = errors[f"plain-{deep}"], errors[f"plain-{shallow}"]
        gaps = [float(one[seed]) - float(other[seed]) for seed in sorted(set(one) & set(other))]
        least, most = min(gaps), max(gaps)
        yield Question(
            f"Your differences plain-{deep} minus plain-{shallow} are "
            f"{', '.join(f'{gap:+.1f}' for gap in gaps)} points. From which margin on would your "
            "verdict change?",
            f"From {min(map(abs, gaps)):.1f} on: then the smallest difference is within the "
            "margin, and the verdict is undecided."
            if least * most > 0
            else "The seeds disagree in sign: undecided for small margins, and small from "
            f"{max(abs(least), abs(most)):.1f} on.",
        )
    steps = int(epochs) * (int(train_size) // 64)
    yield Question(
        f"You trained depths {shallow} and {deep} with {seeds} seeds for {epochs} epochs of "
        f"{train_size} images. How many steps did each net make, and what would you change if you "
        "had twice the time?",
        f"{steps} steps. Longer training shows whether the deep net catches up; more seeds make "
        "the mean more certain. Change one of them, not both at once.",
    )


def _a6(pairs: Any = None, claim: Any = None, start: Any = None) -> Iterator[Question]:
    table = np.asarray(pairs, dtype=float)
    gaps = table[:, 0] - table[:, 1]
    margin = float(claim["margin"])
    yield Question(
        f"A - B was {', '.join(f'{gap:.3g}' for gap in gaps)} by seed; your margin is {margin:g}. "
        "From which margin on would the verdict change?",
        f"From {np.abs(gaps).min():.3g} on: then the smallest difference is within the margin."
        if (np.abs(gaps) > margin).all() and abs(np.sign(gaps).sum()) == len(gaps)
        else "It is undecided now. A smaller margin would decide it only if all differences have "
        "the same sign.",
    )
    if isinstance(start, dict) and "plain-44" in start:
        norms = np.asarray(start["plain-44"], dtype=float)
        ratio = norms[:, 0] / norms[:, -1]
        yield Question(
            f"In plain-44 the first |dw| over the last goes from {ratio.min():.3g} to "
            f"{ratio.max():.3g} over your seeds. Which mean did you take, and what would the "
            "other kind of mean be?",
            f"The geometric mean, {np.exp(np.log(ratio).mean()):.3g}; the arithmetic mean is "
            f"{ratio.mean():.3g}, which the largest ratio decides.",
        )


OF: dict[str, Callable[..., Iterator[Question]]] = {
    "a1": _a1,
    "a2": _a2,
    "a3": _a3,
    "a4": _a4,
    "a5": _a5,
    "a6": _a6,
}
