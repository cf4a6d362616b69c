"""Checks of the blocks, plain and residual."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from . import block_mistakes
from .answers import build, checked, found, layers, name_of, numerical, varied
from .definitions import (
    CHANGES,
    Block,
    Place,
    basic_kernels,
    bottleneck_kernels,
    projections,
    relu,
)


@task("a4.basic_layers")
def basic_layers(target: Answer, trial: Trial) -> None:
    for kind in (None, "A", "B"):
        for in_channels, out_channels, stride in CHANGES:
            build(
                "BasicBlock",
                target,
                (in_channels, out_channels, stride, kind),
                trial.seed,
                basic_kernels(in_channels, out_channels),
                projections(kind, in_channels, out_channels, stride),
            )


def compare_block(
    what: str,
    target: Answer,
    settings: Sequence[Any],
    values: Sequence[Array],
    places: Sequence[Place],
    strides: Sequence[int],
    kind: str | None,
    trial: Trial,
) -> None:
    """Run a block forward and backward, and compare y and dx with the definition."""
    found, depth = layers(values, places), len(strides)
    zeros = trial.option("zeros of option A")
    block = Block(found[:depth], found[depth:], strides, kind, zeros)
    x = _away_from_kinks(block, trial)
    wide = x.astype(float)
    want = block.y(wide)
    dy = trial.normal(*want.shape, dtype=np.float32)
    report = _run(target, settings, values, x, dy, want.shape, kind, trial)
    y = checked(what, report, x)
    expect(
        f"{what}: y",
        y,
        want,
        block_mistakes.in_block(block, wide),
        tolerance=1e-4,
        dtype=np.float32,
    )
    expect_that(
        report["dx"] is not None and all(gradient is not None for gradient in report["gradients"]),
        f"{what}: the values are right, but no gradient gets back to x or to some weights. Call "
        "the modules with the Tensor itself, not with its .data",
    )
    _compare_gradient(what, block, report["dx"], wide, dy)


def _away_from_kinks(block: Block, trial: Trial) -> Array:
    """Draw an x until no number is close to the kink of a ReLU, where rounding would decide the
    gradient.
    """
    for _ in range(50):
        x = trial.normal(2, 5, 4, block.in_channels, dtype=np.float32)
        if min(np.abs(y).min() for y in block.before_relus(x.astype(float))) > 1e-3:
            break
    return x


def _run(target, settings, values, x, dy, shape, kind, trial):
    """The report of a student's block, whose y should have this shape."""
    try:
        return probe("a4.block", target, settings, trial.seed, values, x, dy)
    except WrongAnswer as error:
        if kind is not None and ("ShapeError" in str(error) or "broadcast" in str(error)):
            raise WrongAnswer(
                f"{error}. For x of shape {x.shape}, F(x) and the shortcut should both have shape "
                f"{shape}: print both. The stride belongs once in F and once in the shortcut"
            ) from None
        raise


def _compare_gradient(what, block, dx, x, dy):
    """Compare dx with the sum of the gradients through F and through the shortcut."""
    f, s = block.f(x), block.shortcut(x)
    through_f = numerical(lambda x: relu(block.f(x) + s), x, dy)
    through_shortcut = numerical(lambda x: relu(f + block.shortcut(x)), x, dy)
    expect(
        f"{what}: the gradient of x",
        dx,
        through_f + through_shortcut,
        [
            (
                "no gradient comes back through the shortcut: x was taken off the tape there "
                "(.data, .detach(), Tensor(...))",
                through_f,
            ),
            ("no gradient comes back through F: x was taken off the tape there", through_shortcut),
        ],
        tolerance=2e-3,
        dtype=np.float32,
    )


def compare_basic(target: Answer, kind: str | None, trial: Trial) -> None:
    """Compare BasicBlocks with this shortcut, in all `CHANGES` of shape, with the definition."""
    for in_channels, out_channels, stride in CHANGES:
        settings = (in_channels, out_channels, stride, kind)
        values, places = build(
            "BasicBlock",
            target,
            settings,
            trial.seed,
            basic_kernels(in_channels, out_channels),
            projections(kind, in_channels, out_channels, stride),
        )
        compare_block(
            name_of("BasicBlock", settings),
            target,
            settings,
            varied(values, places, trial),
            places,
            [stride, 1],
            kind,
            trial,
        )


@task("a4.basic_plain")
def basic_plain(target: Answer, trial: Trial) -> None:
    compare_basic(target, None, trial)


@task("a4.basic_residual")
def basic_residual(target: Answer, trial: Trial) -> None:
    for kind in "AB":
        compare_basic(target, kind, trial)


@task("a4.do_nothing")
def do_nothing(function: Answer, block: Answer, trial: Trial) -> None:
    x = np.abs(trial.normal(2, 5, 4, 3, dtype=np.float32))
    try:
        before, after, y = probe("a4.silenced", function, block, (3, 3, 1, "A"), trial.seed, x)
    except WrongAnswer as error:
        if "DtypeError" in str(error):
            raise WrongAnswer(
                f"{error}. Write into the array that is there, .data[...] = ..., which keeps its "
                "dtype"
            ) from None
        raise
    changed = [i for i, (a, b) in enumerate(zip(before, after)) if not np.array_equal(a, b)]
    names = [
        "the first convolution",
        "the weight of the first batch norm",
        "the bias of the first batch norm",
        "the second convolution",
        "the weight of the second batch norm",
        "the bias of the second batch norm",
    ]
    expect_that(
        len(before) == 6,
        "do_nothing: the check uses your BasicBlock(3, 3, 1, 'A', rng), which is not right yet: "
        "see its check first",
    )
    places = found(
        "BasicBlock(3, 3, 1, 'A', rng)",
        {"kind": "Module", "values": before, "lists": []},
        basic_kernels(3, 3),
    )
    order = [place for layer in places for place in layer]  # as in `names`
    changed = [order.index(i) for i in changed]
    expect_that(
        changed,
        "do_nothing: no parameter has changed. Write into one of them: parameter.data[...] = ...",
    )
    if changed != [4]:
        raise WrongAnswer(
            "do_nothing: expected a change in one array, got changes in "
            + ", ".join(names[i] for i in changed)
            + ". "
            + (
                "Only zeros follow it, so no weight of the block gets a gradient, and the block "
                "could never learn"
                if 1 in changed
                else "Where a convolution has zeros, batch norm divides by sqrt(0 + eps), and "
                "the first gradient is some hundred times too large"
                if 0 in changed or 3 in changed
                else "Batch norm's bias starts at 0 and stays there; one other array is enough"
            )
        )
    expect(
        "do_nothing: the output of the block for an x without negative numbers",
        y,
        x,
        [
            ("F(x) is doubled or kept: the weight is not 0", 2 * x),
            ("the output is 0: the shortcut is missing", 0 * x),
        ],
        tolerance=1e-5,
    )


@task("a4.bottleneck")
def bottleneck(target: Answer, trial: Trial) -> None:
    for kind in (None, "A", "B"):
        for sizes in ((5, 2, 8, 2), (6, 3, 6, 1), (6, 4, 6, 2)):
            in_channels, mid_channels, out_channels, stride = sizes
            settings = (*sizes, kind)
            values, places = build(
                "Bottleneck",
                target,
                settings,
                trial.seed,
                bottleneck_kernels(in_channels, mid_channels, out_channels),
                projections(kind, in_channels, out_channels, stride),
            )
            compare_block(
                name_of("Bottleneck", settings),
                target,
                settings,
                varied(values, places, trial),
                places,
                [1, stride, 1],
                kind,
                trial,
            )
