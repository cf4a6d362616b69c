"""Checks of gradient norms at initialisation, layer by layer and block by block."""

from typing import Any

import numpy as np

from .... import data, nn
from .... import functional as F
from ....autograd import Tensor
from ....types import Array
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...probes import a6
from ...trial import Trial
from .. import task
from .definitions import RESIDUAL, WITHOUT, length


def batch_of(trial: Trial, n: int = 12) -> tuple[Array, Array]:
    """Other images (n, 8, 8, 3) and labels (n,) of the same kind as the assignment's."""
    drawn, _ = data.synthetic(n, 10, size=8, seed=trial.seed + 5)
    return (drawn.images / 255 - drawn.pixel_mean()).astype(np.float32), drawn.labels


def backward(net: nn.Module, images: Array, labels: Array) -> nn.Module:
    """Run a batch forward and backward, and return the net with its gradients."""
    F.cross_entropy(net(Tensor(images)), labels).backward()
    return net


def row(net: nn.Module, what: str = "grad", last: bool = False) -> list[float]:
    """The norms of all convolutions, in order of depth; with `last` that of the last linear layer
    too.

    `what` is "grad" for the norms of gradients, "data" for those of weights.
    """
    arrays = [
        parameter.grad if what == "grad" else parameter.data
        for parameter in net.parameters()
        if parameter.ndim > 1
    ]
    return [length(array) for array in (arrays if last else arrays[:-1])]


def _from_logits(kind, seed, images):
    """A net with a mistake: backward ran from the sum of its logits."""
    net = a6.net_of(kind, seed)
    net(Tensor(images)).sum().backward()
    return net


@task("a6.norms_at_start")
def norms_at_start(function: Answer, trial: Trial) -> None:
    images, labels = batch_of(trial)
    for kind, what in ((("plain", 8, 3, True), "plain-8"), (WITHOUT, "plain-8 without batch norm")):
        seeds = (7, 3, 4)
        got, built = probe("a6.at_start", function, kind, images, labels, seeds)
        expect_that(
            got is not None, "norms_at_start: expected a table, got None; is a `return` missing?"
        )
        expect_that(
            isinstance(got, np.ndarray),
            "norms_at_start: expected an array (seeds, convolutions), got a "
            f"{type(got).__name__}: np.array(...)",
        )
        nets = [backward(a6.net_of(kind, seed), images, labels) for seed in seeds]
        want = np.array([row(net) for net in nets])
        one = a6.net_of(kind, seeds[0])
        kept, gathered = [], np.cumsum([want[0]] * 3, axis=0)
        for net in [a6.net_of(kind, seed) for seed in seeds]:
            kept.append(row(backward(net.eval(), images, labels)))
        again = np.array([row(backward(one, images, labels)) for _ in seeds])
        expect(
            f"norms_at_start, {what}, seeds {seeds}",
            got,
            want,
            [
                (
                    "one net is used for all seeds, so that the gradients of all seeds add up: "
                    "build a new net for each seed",
                    again,
                ),
                (
                    "one net is used for all seeds, so that the gradients of all seeds add up: "
                    "build a new net for each seed",
                    gathered,
                ),
                (
                    "all rows belong to one seed: call build(seed) inside the loop, for each seed",
                    np.array([want[0]] * 3),
                ),
                (
                    "the argument `seeds` is not used: the seeds 0, 1, 2 are used instead",
                    np.array(
                        [row(backward(a6.net_of(kind, seed), images, labels)) for seed in range(3)]
                    ),
                ),
                (
                    "the nets are in evaluation mode (net.eval()): batch norm then uses running "
                    "averages, which mean nothing in a fresh net",
                    np.array(kept),
                ),
                (
                    "the last linear layer is included: keep only the convolutions",
                    np.array([row(net, last=True) for net in nets]),
                ),
                (
                    "the first layer is left out: leave out the last one",
                    np.array([row(net, last=True)[1:] for net in nets]),
                ),
                (
                    "these are the norms of w, not of dw",
                    np.array([row(net, "data") for net in nets]),
                ),
                (
                    "these are |dw| / |w|: return |dw|",
                    want / np.array([row(net, "data") for net in nets]),
                ),
                (
                    "the mean over the seeds is already taken: return a row for each seed",
                    np.exp(np.log(want).mean(axis=0)),
                ),
                (
                    "the mean over the seeds is already taken: return a row for each seed",
                    want.mean(axis=0),
                ),
                ("seeds and layers are exchanged: each row must be a seed", want.T),
                (
                    "backward starts at the logits: start at their cross-entropy with the labels",
                    np.array([row(_from_logits(kind, seed, images)) for seed in seeds]),
                ),
                (
                    "a single image is used: send the whole batch through the net",
                    np.array(
                        [
                            row(backward(a6.net_of(kind, seed), images[:1], labels[:1]))
                            for seed in seeds
                        ]
                    ),
                ),
            ],
            tolerance=2e-3,
        )
        expect_that(
            sorted(built) == sorted(seeds),
            f"norms_at_start: expected one net for each of the seeds {seeds}; your function built "
            f"nets for the seeds {built[:8]}",
        )


@task("a6.draw")
def draw(function: Answer, trial: Trial) -> None:
    norms = {"plain-44": np.exp(trial.normal(3, 9)), "resnet-8": np.exp(trial.normal(2, 5))}
    (across, scale), lines, labels, legend = probe("a6.drawing", function, norms)
    found = {label: (x, y) for label, x, y in lines}
    expect_that(lines, "draw: expected lines on the Axes `ax`, found none: use ax.plot(...)")
    for label, table in norms.items():
        expect_that(
            label in found,
            f"draw: no line is named {label!r}: name each line, ax.plot(..., label=...)",
        )
        expect_that(
            [one for one, _, _ in lines].count(label) == 1,
            f"draw: there are several lines for {label!r}: draw one, the geometric mean over the "
            "seeds",
        )
        x, y = found[label]
        middle = np.exp(np.log(table).mean(axis=0))
        expect(
            f"draw: the heights of the line {label!r}",
            y,
            middle,
            [
                (
                    "logarithms are drawn: draw the norms themselves, and call "
                    "ax.set_yscale('log'), so that the axis shows norms",
                    np.log(middle),
                ),
                (
                    "logarithms are drawn: draw the norms themselves, and call "
                    "ax.set_yscale('log'), so that the axis shows norms",
                    np.log10(middle),
                ),
                ("the arithmetic mean is drawn: use geometric_mean", table.mean(axis=0)),
                ("a single seed is drawn: take the geometric mean over all", table[0]),
            ],
        )
        expect(
            f"draw: the layers of the line {label!r}",
            x,
            np.arange(1, len(middle) + 1),
            [
                (
                    "layers are counted from 0: the layer next to the images is number 1",
                    np.arange(len(middle)),
                )
            ],
        )
    expect_that(
        scale == "log",
        "draw: the y axis is not logarithmic: ax.set_yscale('log'). Then equal factors are equal "
        "distances, and a constant factor per layer is a straight line",
    )
    expect_that(
        across == "linear",
        "draw: the x axis is logarithmic too: only the y axis must be, ax.set_yscale('log'). With "
        "layers on a linear axis a constant factor per layer is a straight line",
    )
    expect_that(
        all(label.strip() for label in labels),
        "draw: an axis has no name: ax.set_xlabel(...), ax.set_ylabel(...)",
    )
    expect_that(set(norms) <= set(legend), "draw: the legend is missing: ax.legend()")


def stages(net: Any, images: Array) -> list[Array]:
    """The input of the first block, and the output of each block."""
    y = nn.norm_relu(net.bn1, net.conv1(Tensor(images)))
    found = [y.data]
    for block in net.blocks():
        y = block(y)
        found.append(y.data)
    return found


def gradients_at(net: Any, images: Array, labels: Array) -> Array:
    """|dL/dy| for each y of `stages`, and how many numbers y has: an array (blocks + 1, 2).

    The rest of the net runs again from each y, which is a leaf of the tape then.
    """
    norms = []
    for place, output in enumerate(stages(net, images)):
        y = start = Tensor(output, requires_grad=True)
        for block in net.blocks()[place:]:
            y = block(y)
        F.cross_entropy(net.fc(F.global_avg_pool2d(y)), labels).backward()
        norms.append((length(start.grad), start.size))
    return np.array(norms)


@task("a6.block_gradients")
def block_gradients(function: Answer, trial: Trial) -> None:
    images, labels = batch_of(trial)
    for kind, what in ((RESIDUAL, "resnet-8"), (("plain", 14, 3, True), "plain-14")):
        got, again, left = probe("a6.blocks", function, kind, images, labels)
        expect_that(
            got is not None,
            "block_gradients: expected a number for each block, got None; is a `return` missing?",
        )
        expect_that(
            isinstance(got, np.ndarray),
            "block_gradients: expected an array, one number for each block, got a "
            f"{type(got).__name__}: np.array(...)",
        )
        norms, sizes = gradients_at(a6.net_of(kind), images, labels).T
        want = norms[1:]
        outputs = [length(y) for y in stages(a6.net_of(kind), images)[1:]]
        evaluation = gradients_at(a6.net_of(kind).eval(), images, labels)[1:, 0]
        late = np.zeros(len(want))
        late[-1] = want[0]
        expect(
            f"block_gradients of {what}",
            got,
            want,
            [
                (
                    "the norms are in the wrong order: backward reaches the last block first, but "
                    "the first block's norm must come first",
                    want[::-1],
                ),
                (
                    "these are the norms of y, not of dy: in the forward hook there is no "
                    "gradient yet: register a hook on y for the gradient",
                    outputs,
                ),
                (
                    "all hooks write to the same place: the variable of the loop has its last "
                    "value when a hook is called. Make each hook in a function that takes the "
                    "number as an argument",
                    want[:1],
                ),
                (
                    "all hooks write to the same place: the variable of the loop has its last "
                    "value when a hook is called. Make each hook in a function that takes the "
                    "number as an argument",
                    late,
                ),
                (
                    "all hooks write to the same place: the variable of the loop has its last "
                    "value when a hook is called. Make each hook in a function that takes the "
                    "number as an argument",
                    np.where(late == 0, np.nan, late),
                ),
                (
                    "no gradient was recorded: call backward on the loss, and remove the hooks "
                    "only after that",
                    np.full(len(want), np.nan),
                ),
                (
                    "no gradient was recorded: call backward on the loss, and remove the hooks "
                    "only after that",
                    np.zeros(len(want)),
                ),
                (
                    "this is the gradient of each block's input: return that of its output",
                    norms[:-1],
                ),
                ("the root mean square is taken: return the norm", want / np.sqrt(sizes[1:])),
                ("the root is missing", want**2),
                ("the net is in evaluation mode: leave it as it is", evaluation),
            ],
            tolerance=2e-3,
        )
        if left:
            raise WrongAnswer(
                f"block_gradients: {left} hooks are still in the net afterwards: every later "
                "forward pass would call them. register_forward_hook returns a handle: keep it, "
                "and call handle.remove() at the end"
            )
        expect(
            f"block_gradients of {what}, called a second time",
            again,
            want,
            [
                (
                    "the numbers of the first call are still there: make the list or array inside "
                    "the function",
                    np.concatenate([want, want]),
                )
            ],
            tolerance=5e-2,
        )
