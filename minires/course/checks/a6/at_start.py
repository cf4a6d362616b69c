"""Gradients of nets at initialisation, layer by layer and block by block."""

from typing import Any

import numpy as np

from .... import data, nn
from .... import functional as F
from ....autograd import Tensor
from ....types import Array
from ...compare import Answer, Trial, WrongAnswer, expect, expect_that, probe
from ...probes import a6
from .. import task
from .definitions import RESIDUAL, WITHOUT, length


def batch_of(trial: Trial, n: int = 12) -> tuple[Array, Array]:
    """Images and labels like those of the assignment, but others."""
    drawn, _ = data.synthetic(n, 10, size=8, seed=trial.seed + 5)
    return (drawn.images / 255 - drawn.pixel_mean()).astype(np.float32), drawn.labels


def backward(net: nn.Module, images: Array, labels: Array) -> nn.Module:
    F.cross_entropy(net(Tensor(images)), labels).backward()
    return net


def row(net: nn.Module, what: str = "grad", last: bool = False) -> list[float]:
    """The norms of all convolutions, in order of depth; with `last` that of the logits' layer
    too.
    """
    arrays = [
        parameter.grad if what == "grad" else parameter.data
        for parameter in net.parameters()
        if parameter.ndim > 1
    ]
    return [length(array) for array in (arrays if last else arrays[:-1])]


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
                    "one net is used for all seeds, and gradients of one seed are still "
                    "there at the next, where they add up: build a new net for each",
                    again,
                ),
                (
                    "one net is used for all seeds, and gradients of one seed are still "
                    "there at the next, where they add up: build a new net for each",
                    gathered,
                ),
                (
                    "all rows are of one seed: call build(seed) within the loop, for each seed",
                    np.array([want[0]] * 3),
                ),
                (
                    "the seeds that are handed in are not used, but 0, 1, 2",
                    np.array(
                        [row(backward(a6.net_of(kind, seed), images, labels)) for seed in range(3)]
                    ),
                ),
                (
                    "the nets are in evaluation mode (net.eval()): batch norm then uses "
                    "running statistics, which a fresh net does not have yet",
                    np.array(kept),
                ),
                (
                    "the layer of the logits is in it: the convolutions alone are wanted",
                    np.array([row(net, last=True) for net in nets]),
                ),
                (
                    "the first layer is left out; the last is the one that is not wanted",
                    np.array([row(net, last=True)[1:] for net in nets]),
                ),
                (
                    "these are the norms of w, not of dw",
                    np.array([row(net, "data") for net in nets]),
                ),
                (
                    "these are |dw| / |w|; |dw| is wanted",
                    want / np.array([row(net, "data") for net in nets]),
                ),
                (
                    "the mean over the seeds is already taken: give a row for each",
                    np.exp(np.log(want).mean(axis=0)),
                ),
                (
                    "the mean over the seeds is already taken: give a row for each",
                    want.mean(axis=0),
                ),
                ("seeds and layers are exchanged: a row is a seed", want.T),
            ],
            tolerance=2e-3,
        )
        expect_that(
            sorted(built) == sorted(seeds),
            f"norms_at_start: expected one net for each of the seeds {seeds}; built were "
            f"{built[:8]}",
        )


@task("a6.draw")
def draw(function: Answer, trial: Trial) -> None:
    norms = {"plain-44": np.exp(trial.normal(3, 9)), "resnet-8": np.exp(trial.normal(2, 5))}
    (across, scale), lines, labels, legend = probe("a6.drawing", function, norms)
    found = {label: (x, y) for label, x, y in lines}
    expect_that(lines, "draw: no line was drawn on the axes that were handed in: use ax.plot(...)")
    for label, table in norms.items():
        expect_that(
            label in found,
            f"draw: no line is named {label!r}: give each its name, ax.plot(..., label=...)",
        )
        x, y = found[label]
        middle = np.exp(np.log(table).mean(axis=0))
        expect(
            f"draw: the heights of the line {label!r}",
            y,
            middle,
            [
                (
                    "logarithms are drawn: draw the norms themselves, and let "
                    "ax.set_yscale('log') do that, so that the axis shows norms",
                    np.log(middle),
                ),
                (
                    "logarithms are drawn: draw the norms themselves, and let "
                    "ax.set_yscale('log') do that, so that the axis shows norms",
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
                    "layers are counted from 0: the one next to the images is number 1",
                    np.arange(len(middle)),
                )
            ],
        )
    expect_that(
        scale == "log",
        "draw: the y axis is not logarithmic: ax.set_yscale('log'). Factors then are "
        "distances, and a constant factor a straight line",
    )
    expect_that(
        across == "linear",
        "draw: the x axis is logarithmic too: only the norms are, ax.set_yscale('log'). "
        "With layers on a linear axis a constant factor is a straight line",
    )
    expect_that(
        all(label.strip() for label in labels),
        "draw: an axis has no name: ax.set_xlabel(...), ax.set_ylabel(...)",
    )
    expect_that(set(norms) <= set(legend), "draw: the legend is missing: ax.legend()")


def stages(net: Any, images: Array) -> list[Array]:
    """What comes before the first block, and the output of each block."""
    y = nn.norm_relu(net.bn1, net.conv1(Tensor(images)))
    found = [y.data]
    for block in net.blocks():
        y = block(y)
        found.append(y.data)
    return found


def gradients_at(net: Any, images: Array, labels: Array) -> Array:
    """|dL/dy| at each place of `stages`: the rest of the net is run from there, and the gradient
    taken with respect to its input.
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
                    "they are in the wrong order: backward comes to the last block first, "
                    "and the first block's norm is wanted first",
                    want[::-1],
                ),
                (
                    "these are the norms of y, not of dy: within the forward hook there is "
                    "no gradient yet; register a hook on y for that",
                    outputs,
                ),
                (
                    "every hook writes to the same place: the number in a loop has moved on "
                    "when the hook is called. Make the hook in a function of its own, "
                    "which is given the number",
                    want[:1],
                ),
                (
                    "every hook writes to the same place: the number in a loop has moved on "
                    "when the hook is called. Make the hook in a function of its own, "
                    "which is given the number",
                    late,
                ),
                (
                    "every hook writes to the same place: the number in a loop has moved on "
                    "when the hook is called. Make the hook in a function of its own, "
                    "which is given the number",
                    np.where(late == 0, np.nan, late),
                ),
                (
                    "no gradient has come past: call backward on the loss, and take the "
                    "hooks off only after that",
                    np.full(len(want), np.nan),
                ),
                (
                    "no gradient has come past: call backward on the loss, and take the "
                    "hooks off only after that",
                    np.zeros(len(want)),
                ),
                (
                    "this is the gradient of what goes into each block; that of what comes "
                    "out is wanted",
                    norms[:-1],
                ),
                ("the root mean square is taken: wanted is the norm", want / np.sqrt(sizes[1:])),
                ("the root is missing", want**2),
                ("the net is in evaluation mode: leave it as it is", evaluation),
            ],
            tolerance=2e-3,
        )
        if left:
            raise WrongAnswer(
                f"block_gradients: {left} hooks are left in the net afterwards: they would "
                "be called in every later forward pass. "
                "register_forward_hook returns a handle: keep it, and call handle.remove() "
                "at the end"
            )
        expect(
            f"block_gradients of {what}, called a second time",
            again,
            want,
            [
                (
                    "what the first call has noted is still there: make the list or array "
                    "within the function",
                    np.concatenate([want, want]),
                )
            ],
            tolerance=5e-2,
        )
