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
from .answers import build, checked, found, layers, name_of, numerical, varied
from .definitions import (
    CHANGES,
    Place,
    basic_kernels,
    bottleneck_kernels,
    branch,
    early,
    norm,
    option_a,
    option_b,
    padded_otherwise,
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
    seed: int,
    values: Sequence[Array],
    places: Sequence[Place],
    strides: Sequence[int],
    kind: str | None,
    trial: Trial,
) -> None:
    """Run a block forward and backward, and compare y and dx with the definition."""
    stride, depth = max(strides), len(strides)
    where = trial.option("zeros of option A")
    path, rest = layers(values, places)[:depth], layers(values, places)[depth:]
    in_channels, out_channels = path[0][0].shape[2], path[-1][0].shape[3]

    def added(x):
        if kind is None:
            return 0
        return option_b(x, rest[0], stride) if rest else option_a(x, stride, out_channels, where)

    # Draw until no number is close to the kink of a ReLU, where rounding would decide the gradient.
    for _ in range(50):
        x = trial.normal(2, 5, 4, in_channels, dtype=np.float32)
        wide = x.astype(float)
        inner, f = branch(wide, path[:1], strides), branch(wide, path, strides)
        before_relu = [*(branch(wide, path[:i], strides) for i in range(1, depth)), f + added(wide)]
        if min(np.abs(y).min() for y in before_relu) > 1e-3:
            break
    s, want = added(wide), relu(f + added(wide))
    dy = trial.normal(*want.shape, dtype=np.float32)
    try:
        report = probe("a4.block", target, settings, seed, values, x, dy)
    except WrongAnswer as error:
        if kind is not None and ("ShapeError" in str(error) or "broadcast" in str(error)):
            raise WrongAnswer(
                f"{error}. For x of shape {x.shape}, F(x) and the shortcut should both have shape "
                f"{want.shape}: print both. The stride belongs once in F and once in the shortcut"
            ) from None
        raise
    y, together = checked(what, report, x), branch(wide, path, strides, last=False)
    between = (
        "the ReLU between the convolutions is missing"
        if depth == 2
        else "the ReLUs between the convolutions are missing"
    )
    wrong = [
        (
            "the last ReLU, after the addition, is missing" if kind else "the last ReLU is missing",
            f + s,
        ),
        (between, relu(branch(wide, path, strides, between=False) + s)),
        ("all ReLUs are missing", branch(wide, path, strides, between=False) + s),
    ]
    wrong.append(
        (
            "ReLU comes before the batch norm: the order is convolution, batch norm, ReLU",
            relu(early(wide, path, strides) + s),
        )
    )
    if depth == 2:
        wrong.append(
            (
                "the first batch norm is used twice, and the second not at all",
                relu(branch(wide, [path[0], (path[1][0], *path[0][1:])], strides) + s),
            )
        )
    if depth == 3:
        wrong += [
            (
                f"the ReLU after the {name} convolution is missing",
                relu(branch(wide, path, strides, between=kept) + s),
            )
            for name, kept in (("first", 2), ("second", 1))
        ]
    if kind is not None:
        wrong = [
            ("the shortcut is not added", relu(f)),
            ("the last ReLU comes before the addition: y = relu(F(x) + shortcut(x))", relu(f) + s),
            (
                "there is a ReLU before the addition and one after it: keep only the one after",
                relu(relu(f) + s),
            ),
            *wrong,
            (
                "the last batch norm comes after the addition: it belongs to F",
                relu(norm(together + s, *path[-1][1:])),
            ),
            ("the shortcut is added twice", relu(f + 2 * s)),
            ("the shortcut is subtracted", relu(f - s)),
            (
                "x was overwritten on the way, so F(x) is added to itself. Give the result of F "
                "another name",
                relu(2 * f),
            ),
        ]
        if inner.shape == x.shape:
            wrong.append(
                ("the output of the first layer is added instead of x", relu(f + relu(inner)))
            )
        wrong.append(("there is a ReLU on the shortcut before the addition", relu(f + relu(s))))
        if not rest:
            wrong += [
                (f"shortcut_a is not right yet: {sentence}", relu(f + other))
                for sentence, other in padded_otherwise(wide, stride, out_channels, where)
            ]
    else:
        a = option_a(wide, stride, out_channels, where) if out_channels >= in_channels else 0
        shifts = [
            strides[::-1],
            [stride if i == 0 else 1 for i in range(depth)],
            [stride if i == depth - 1 else 1 for i in range(depth)],
        ]
        wrong = [
            *wrong,
            ("a plain block, with shortcut None, adds x", relu(f + a)),
            *[
                (
                    "the stride is in another convolution: expected strides "
                    f"{_words(strides)} from first to last",
                    relu(branch(wide, path, other)),
                )
                for other in shifts
            ],
            (
                "all convolutions have the stride, so the map shrinks each time: only one must "
                "have it",
                relu(branch(wide, path, [stride] * depth)),
            ),
            ("the stride is missing", relu(branch(wide, path, [1] * depth))),
        ]
    if depth == 3 and kind is None:
        wrong.append(
            (
                "the 3x3 convolution has no border of zeros: it needs padding=1",
                relu(branch(wide, path, strides, padded=False)),
            )
        )
    expect(f"{what}: y", y, want, wrong, tolerance=1e-4, dtype=np.float32)
    expect_that(
        report["dx"] is not None and all(gradient is not None for gradient in report["gradients"]),
        f"{what}: the values are right, but no gradient gets back to x or to some weights. Call "
        "the modules with the Tensor itself, not with its .data",
    )
    through = numerical(lambda x: relu(branch(x, path, strides) + s), wide, dy)
    by_shortcut = numerical(lambda x: relu(f + added(x)), wide, dy)
    expect(
        f"{what}: the gradient of x",
        report["dx"],
        through + by_shortcut,
        [
            (
                "no gradient comes back through the shortcut: x was taken off the tape there "
                "(.data, .detach(), Tensor(...))",
                through,
            ),
            ("no gradient comes back through F: x was taken off the tape there", by_shortcut),
        ],
        tolerance=2e-3,
        dtype=np.float32,
    )


def _words(strides):
    """Strides as a message lists them: "2, 1"."""
    return ", ".join(map(str, strides))


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
            trial.seed,
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
                trial.seed,
                varied(values, places, trial),
                places,
                [1, stride, 1],
                kind,
                trial,
            )
