"""Exercises of notebook 08: what a trained net answers, and how sure it may be."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect
from ...types import Array
from .kinds import Exercise


def _check_confusion(confusion: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 30)
    answers = np.where(rng.random(30) < 0.6, labels, rng.integers(0, 4, 30))
    counts, marks = np.zeros((4, 4)), np.zeros((4, 4))
    np.add.at(counts, (labels, answers), 1)
    marks[labels, answers] += 1
    mistakes = [
        ("rows and columns are exchanged: a row for each true class", counts.T),
        (
            "each pair counts once, however often it occurs: `counts[labels, answers] += 1` adds "
            "once per place; use `np.add.at` or a loop",
            marks,
        ),
        ("they are shares, not numbers of images", counts / 30),
        (
            "they are shares of each true class, not numbers of images",
            counts / counts.sum(axis=1, keepdims=True),
        ),
        ("the right answers are left out", counts - np.diag(np.diag(counts))),
    ]
    got = call(confusion, labels, answers, 4, name="confusion_table")
    expect("confusion_table", got, counts, mistakes)


def _top_error(logits: Array, labels: Array, k: int) -> float:
    best = np.argsort(-logits, axis=1)[:, :k]
    return float(100 * (best != labels[:, None]).all(axis=1).mean())


def _check_top(top_error: Callable[..., Any]) -> None:
    rng = np.random.default_rng(1)
    logits, labels = rng.standard_normal((60, 7)), rng.integers(0, 7, 60)
    logits[np.arange(60), labels] += 1
    for k in (3, 1, 7):
        want = _top_error(logits, labels, k)
        mistakes = [
            ("it is the share of right answers", 100 - want),
            ("it is a share from 0 to 1: multiply by 100", want / 100),
            (
                "the k smallest are taken: `np.argsort` sorts upwards",
                _top_error(-logits, labels, k),
            ),
            (
                "it is the same for every k: only the largest is looked at",
                _top_error(logits, labels, 1),
            ),
            (
                "the k-th alone is looked at, not the first k",
                100 * (np.argsort(-logits, axis=1)[:, k - 1] != labels).mean(),
            ),
            (
                "each of the k places counts: an image is wrong only if none of them is right",
                100 * (np.argsort(-logits, axis=1)[:, :k] != labels[:, None]).mean(),
            ),
        ]
        got = call(top_error, logits, labels, k, name="top_error")
        expect(f"top_error with k = {k}", got, want, mistakes)


def _gaps(p: Array, labels: Array, bins: int) -> tuple[Array, Array]:
    """For each bin that is not empty, how many images, and accuracy minus certainty."""
    certainty, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((certainty * bins).astype(int), bins - 1)
    found = [k for k in range(bins) if (place == k).any()]
    sizes = np.array([(place == k).sum() for k in found])
    gaps = np.array([right[place == k].mean() - certainty[place == k].mean() for k in found])
    return sizes, gaps


def _check_calibration(calibration_error: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    z = 2 * rng.standard_normal((200, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = np.where(rng.random(200) < 0.6, p.argmax(axis=1), rng.integers(0, 4, 200))
    sizes, gaps = _gaps(p, labels, 5)
    certainty, right = p.max(axis=1), p.argmax(axis=1) == labels
    true = p[np.arange(200), labels]
    place = np.minimum((true * 5).astype(int), 4)
    of_true = [
        (place == k).sum() * abs(right[place == k].mean() - true[place == k].mean())
        for k in range(5)
        if (place == k).any()
    ]
    mistakes = [
        ("every bin counts alike: weight it by its number of images", abs(gaps).mean()),
        ("the signs cancel: take the absolute value in each bin", (sizes * gaps).sum() / 200),
        ("the signs cancel: take the absolute value in each bin", -(sizes * gaps).sum() / 200),
        ("it is the sum over the images: divide by their number", (sizes * abs(gaps)).sum()),
        ("it is taken over all images at once, not in bins", abs(right.mean() - certainty.mean())),
        ("the squares are added up, not the absolute values", (sizes * gaps**2).sum() / 200),
        ("it is the largest gap, not the mean", abs(gaps).max()),
        (
            "the probability of the true class is taken, which the net does not know: take the "
            "largest",
            sum(of_true) / 200,
        ),
        (
            "the error is compared with the certainty: compare the share of right answers",
            float((sizes * abs(1 - 2 * _certainty(p, 5) - gaps)).sum() / 200),
        ),
    ]
    got = call(calibration_error, p, labels, 5, name="calibration_error")
    expect("calibration_error", got, (sizes * abs(gaps)).sum() / 200, mistakes)


def _certainty(p: Array, bins: int) -> Array:
    certainty = p.max(axis=1)
    place = np.minimum((certainty * bins).astype(int), bins - 1)
    return np.array([certainty[place == k].mean() for k in range(bins) if (place == k).any()])


EXERCISES = (
    Exercise(
        "08.confusion",
        1,
        "Who is taken for whom",
        """Write `confusion_table(labels, answers, classes)`. It returns an array of shape (classes,
classes). Row i and column j say how many images of class i got the answer j.""",
        (
            "A loop over pairs of a label and an answer adds 1 to one place of the table.",
            "Start with `np.zeros((classes, classes), int)`, and `zip(labels, answers)`.",
        ),
        """
def confusion_table(labels, answers, classes):
    table = np.zeros((classes, classes), int)
    for true, said in zip(labels, answers):
        table[true, said] += 1
    return table
""",
        _check_confusion,
    ),
    Exercise(
        "08.top",
        2,
        "Right among the first five",
        """For ImageNet with its 1,000 classes people report the **top-5 error**: an answer counts
as wrong only if the true class is not among the five largest logits. Write `top_error(logits,
labels, k)`, which returns it in percent, for any k.""",
        (
            "`np.argsort(-logits, axis=1)` lists the classes of each image, the likeliest first.",
            "Compare the first k columns with `labels[:, None]`. `any(axis=1)` says where one of "
            "them is right.",
        ),
        """
def top_error(logits, labels, k):
    first = np.argsort(-logits, axis=1)[:, :k]
    found = (first == labels[:, None]).any(axis=1)
    return 100 * (1 - found.mean())
""",
        _check_top,
    ),
    Exercise(
        "08.calibration",
        3,
        "May it be so sure?",
        """A net is **calibrated** if it is right in 80 % of the cases in which it is 80 % sure.
Write `calibration_error(p, labels, bins)` for probabilities `p` of shape (N, K). Sort the images by
their largest probability into bins of equal width from 0 to 1. In each bin, take the absolute
difference of the share of right answers and the mean of the largest probabilities. Return the mean
of these differences over all *images*. (Guo et al. 2017, arXiv:1706.04599, call it the expected
calibration error.) Call it for the net of this notebook, with 10 bins.""",
        (
            "`p.max(axis=1)` is how sure the net is of each image; `p.argmax(axis=1) == labels` "
            "says whether it is right.",
            "The bin of an image is `int(certainty * bins)`, and for a certainty of exactly 1 the "
            "last one. Leave empty bins out.",
            "Weight the difference of each bin by its number of images, and divide the sum by N.",
        ),
        """
def calibration_error(p, labels, bins):
    certainty, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((certainty * bins).astype(int), bins - 1)
    total = 0.0
    for k in range(bins):
        here = place == k
        if here.any():
            total += here.sum() * abs(right[here].mean() - certainty[here].mean())
    return total / len(p)
""",
        _check_calibration,
    ),
    Exercise(
        "08.explain",
        0,
        "97 % sure that it is a disk",
        """A friend shows your net of ten shapes a photograph of a cat. It answers: disk, 97 %. The
friend asks what is wrong with the net. What does the 97 % mean, and what does it not mean?""",
        ("Between which answers did the net have to share out its 100 %?",),
        """Nothing is broken. The net can only share 100 % out among its ten shapes; "none of them"
is not among its answers. 97 % means: of these ten, disk fits by far the best, by the features that
told the training images apart. It does not mean that a disk is there, nor that 97 of 100 such
answers are right. That holds at best for images like those it was trained on, and has to be
measured.""",
    ),
)
