"""Exercises of notebook 07: the loss, the schedule and the step."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_tuple
from .kinds import Exercise


def _check_cosine(cosine_lr: Callable[..., Any]) -> None:
    steps, lr = 200, 0.4
    for step in (50, 0, 100, 150, 200):
        part = step / steps
        mistakes = [
            ("it goes through a whole wave: the cosine needs pi, not 2 pi", _wave(part, lr, 2)),
            ("it stops halfway down: the cosine needs pi, not pi / 2", _wave(part, lr, 0.5)),
            ("it is not halved: 1 + cos goes from 2 to 0", 2 * _wave(part, lr, 1)),
            ("it falls below 0: add 1 to the cosine, and halve", lr * math.cos(math.pi * part)),
            ("it rises", lr - _wave(part, lr, 1)),
            ("it is a straight line", lr * (1 - part)),
            ("pi is missing in the cosine", lr * (1 + math.cos(part)) / 2),
            (
                "the cosine is given degrees; it takes radians: pi, not 180",
                lr * (1 + math.cos(180 * part)) / 2,
            ),
            ("lr is missing", _wave(part, 1, 1)),
            (
                "it is a quarter of a wave: it falls ever faster, to the end",
                lr * math.cos(math.pi * part / 2),
            ),
        ]
        got = call(cosine_lr, step, steps, lr)
        expect(f"cosine_lr({step}, {steps}, {lr})", got, _wave(part, lr, 1), mistakes)


def _wave(part, lr, waves):
    return lr * (1 + math.cos(math.pi * waves * part)) / 2


def _check_smoothing(smoothed: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    z, labels, s = 2 * rng.standard_normal((6, 5)), rng.integers(0, 5, 6), 0.1
    one = np.eye(5)[labels]
    right = (1 - s) * one + s / 5
    others = {
        "the true class gets 1 - s only; it has a share of s / K as well": np.where(
            one == 1, 1 - s, s / 5
        ),
        "s is shared among the other classes; here all K get s / K": np.where(
            one == 1, 1 - s, s / 4
        ),
        "nothing is smoothed": one,
        "s and 1 - s are exchanged": s * one + (1 - s) / 5,
    }
    got = expect_tuple("smoothed_cross_entropy", call(smoothed, z, labels, s), 2, "loss and dz")
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def loss(target):
        return -(target * np.log(p)).sum(axis=1).mean()

    mistakes = [(sentence, loss(target)) for sentence, target in others.items()]
    mistakes += [
        ("it is the sum over the images, not their mean", 6 * loss(right)),
        ("it is the mean over classes, too: sum over them, mean over images", loss(right) / 5),
        ("the minus is missing", -loss(right)),
        (
            "1 - s is added to whole rows or columns: pick one class for each image, with "
            "[np.arange(N), labels]",
            loss(_whole_rows(labels, s)),
        ),
        (
            "1 - s is added to whole rows or columns: pick one class for each image, with "
            "[np.arange(N), labels]",
            loss(_whole_columns(labels, s)),
        ),
    ]
    expect("smoothed_cross_entropy: the loss", got[0], loss(right), mistakes)
    mistakes = [(sentence, (p - target) / 6) for sentence, target in others.items()]
    mistakes += [
        ("it is not divided by N, although the loss is a mean", p - right),
        (
            "the sign is wrong: it is what the net said, minus what it should have said",
            (right - p) / 6,
        ),
        ("log p stands where p belongs", (np.log(p) - right) / 6),
    ]
    expect("smoothed_cross_entropy: dz", got[1], (p - right) / 6, mistakes)


def _whole_rows(labels, s):
    target = np.full((6, 5), s / 5)
    target[labels] += 1 - s
    return target


def _whole_columns(labels, s):
    target = np.full((6, 5), s / 5)
    target[:, labels] += 1 - s
    return target


def _check_nesterov(step: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    w, v, g = rng.standard_normal((3, 4))
    lr, m = 0.1, 0.8
    new = m * v + g
    got = expect_tuple("nesterov_step", call(step, w, v, g, lr, m), 2, "the new w and v")
    expect(
        "nesterov_step: v",
        got[1],
        new,
        [
            ("v comes back unchanged", v),
            ("w and v are exchanged: return w first", w - lr * (g + m * new)),
            ("lr is in v already; it belongs into the step of w only", m * v + lr * g),
            ("the gradient is missing", m * v),
            ("the new v is g + m v; here the gradient is scaled, too", m * v + (1 - m) * g),
        ],
    )
    expect(
        "nesterov_step: w",
        got[0],
        w - lr * (g + m * new),
        [
            ("that is the usual momentum: it steps along v, not ahead of it", w - lr * new),
            ("the old v is used for the look ahead, not the new one", w - lr * (g + m * v)),
            ("the look ahead leaves out the current gradient", w - lr * m * new),
            ("v is not multiplied by m for the look ahead", w - lr * (g + new)),
            ("lr is missing", w - (g + m * new)),
            ("lr multiplies g only: brackets are missing", w - lr * g + m * new),
            ("the sign is wrong: a step goes against the gradient", w + lr * (g + m * new)),
        ],
    )


EXERCISES = (
    Exercise(
        "07.cosine",
        1,
        "A schedule without drops",
        """Many recipes lower the learning rate along half a wave of the cosine: `lr` at step 0,
half of it in the middle, 0 at the last step. Write `cosine_lr(step, steps, lr)`. Then put it in the
place of `lr_at(...)` inside `train`, and compare the ends.""",
        (
            "cos goes from 1 to -1 while its argument goes from 0 to pi.",
            "So 1 + cos goes from 2 to 0. The argument is pi times the share of the steps that are "
            "done.",
        ),
        """
def cosine_lr(step, steps, lr):
    return lr * (1 + math.cos(math.pi * step / steps)) / 2
""",
        _check_cosine,
    ),
    Exercise(
        "07.smoothing",
        2,
        "Asking for less certainty",
        """**Label smoothing** changes the target: it is not 1 at the true class and 0 elsewhere,
but `1 - s + s/K` at the true class and `s/K` at the others (K classes). Write
`smoothed_cross_entropy(z, labels, s)`, which returns the mean loss and `dz`.""",
        (
            "The loss of an image is minus the sum over k of target k times log p k.",
            "The targets add up to 1, so the gradient is again what the network said minus what it "
            "should have said, divided by N.",
            "`target = np.full(z.shape, s / K)`, then add `1 - s` at `[np.arange(N), labels]`.",
        ),
        """
def smoothed_cross_entropy(z, labels, s):
    N, K = z.shape
    target = np.full((N, K), s / K)
    target[np.arange(N), labels] += 1 - s
    log_p = log_softmax(z)
    return -(target * log_p).sum(axis=1).mean(), (np.exp(log_p) - target) / N
""",
        _check_smoothing,
    ),
    Exercise(
        "07.nesterov",
        3,
        "Looking ahead",
        """With **Nesterov's** momentum a step does not go along the velocity, but along the
velocity that would come next if the gradient stayed as it is: first `v = momentum * v + g`, then
`w = w - lr * (g + momentum * v)`, with the new `v`. Write `nesterov_step(w, v, g, lr, momentum)`,
which returns the new `w` and `v` and leaves its arguments as they are. Then use it in `descend`, in
the valley with lr 0.05 and momentum 0.9: which of the two swings less?""",
        (
            "`v *= momentum` would change the argument. Make a new array.",
            "Two lines, in this order: v first, because w needs the new one.",
            "In the valley: with Nesterov's momentum `b` is at rest after two steps, and with the "
            "usual one it still swings after twelve.",
        ),
        """
def nesterov_step(w, v, g, lr, momentum):
    v = momentum * v + g
    return w - lr * (g + momentum * v), v
""",
        _check_nesterov,
    ),
    Exercise(
        "07.explain",
        0,
        "why learn one batch by heart",
        """A friend says: *learning 64 images by heart is overfitting, which we want to avoid. Why
do you do it on purpose, before every long run?*""",
        ("What would it mean if the net could not do it?",),
        """It is not a training, it is a test of the code. A net with hundreds of parameters for
each image must be able to learn 64 of them, whatever they show. If the loss does not go to 0,
then something is broken: a gradient, the loss, a learning rate that is far off. The test takes
seconds, and a run of hours would find the same much later. Then you throw the net away, and train a
new one on all images. (Labels that do not belong to their images pass the test: the net learns
those by heart too. Look at some images with their labels to find that mistake.)""",
    ),
)
