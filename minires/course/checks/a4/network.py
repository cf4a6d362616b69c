"""Checks of the whole network, its parameters, and its plain twin."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ....types import Array, Shape
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .answers import build, checked, found, layers, name_of, varied
from .definitions import (
    CLASSES,
    Place,
    basic_kernels,
    branch,
    convolution,
    norm,
    option_a,
    option_b,
    padded_otherwise,
    projections,
    relu,
)


def stages(n: int, width: int) -> list[tuple[int, int, int]]:
    """The (in_channels, out_channels, stride) of every block, from the first to the last."""
    found, in_channels = [], width
    for stage in range(3):
        for i in range(n):
            out_channels = width * 2**stage
            found.append((in_channels, out_channels, 2 if stage and i == 0 else 1))
            in_channels = out_channels
    return found


def network_kernels(n: int, width: int) -> list[Shape]:
    """The shapes of all filters, without those on shortcuts."""
    blocks = [basic_kernels(*channels) for *channels, _ in stages(n, width)]
    return [(3, 3, 3, width), *(shape for block in blocks for shape in block)]


def network_projections(n: int, width: int, kind: str | None) -> list[Shape]:
    """The shapes of the filters on shortcuts."""
    return [shape for block in stages(n, width) for shape in projections(kind, *block)]


def numbers(
    n: int,
    width: int,
    kind: str | None,
    bias: bool = False,
    shared: bool = False,
    everywhere: bool = False,
    widths: Sequence[int] = (1, 2, 4),
    linear_bias: bool = True,
) -> int:
    """The number of parameters of the network; each argument from `bias` on plants a mistake."""
    per = 2 + bias  # parameters of a channel: two in batch norm, and perhaps a bias
    total, in_channels = 27 * width + per * width, width
    for stage, factor in enumerate(widths):
        out_channels = factor * width
        for i in range(min(n, 2) if shared else n):
            total += 9 * (in_channels + out_channels) * out_channels + 2 * per * out_channels
            if kind == "B" and (everywhere or in_channels != out_channels):
                total += in_channels * out_channels + per * out_channels
            in_channels = out_channels
    return total + CLASSES * (in_channels + linear_bias)


@task("a4.count")
def count(target: Answer, trial: Trial) -> None:
    for n, width, kind in (
        (1, 4, None),
        (4, 8, "A"),
        (3, 16, "A"),
        (3, 16, None),
        (9, 16, "A"),
        (3, 16, "B"),
    ):
        settings = (n, width, kind)
        what = name_of("ResNet", settings)
        parts = probe("a4.parts", target, settings, trial.seed)
        expect_that(
            parts["kind"] == "Module", f"{what}: expected an nn.Module, got a {parts['kind']}"
        )
        got = sum(value.size for value in parts["values"])
        stem = 27 * width + 2 * width
        wrong = [
            (
                "the convolutions have a bias: batch norm subtracts it again; pass bias=False",
                numbers(n, width, kind, bias=True),
            ),
            (f"there are {n - 1} blocks in a stage, instead of {n}", numbers(n - 1, width, kind)),
            (
                f"there are {n + 1} blocks in a stage, instead of {n}: the block that changes the "
                "shape counts too",
                numbers(n + 1, width, kind),
            ),
            (
                "a stage repeats one block ([block] * n): its layers share their weights, which "
                "count once",
                numbers(n, width, kind, shared=True),
            ),
            ("there is a projection although the shortcut is not B", numbers(n, width, "B")),
            (
                "all blocks have a projection: B has one only where the shape changes",
                numbers(n, width, kind, everywhere=True),
            ),
            ("the projections of B are missing", numbers(n, width, None)),
            (
                "all stages have the same width: the channels double from stage to stage",
                numbers(n, width, kind, widths=(1, 1, 1)),
            ),
            (
                "the first stage has doubled the channels already",
                numbers(n, width, kind, widths=(2, 4, 8)),
            ),
            (
                "the third stage has 3 width channels: they double from stage to stage, so 4 width",
                numbers(n, width, kind, widths=(1, 2, 3)),
            ),
            ("only one stage doubles the channels", numbers(n, width, kind, widths=(1, 2, 2))),
            ("there are only two stages", numbers(n, width, kind, widths=(1, 2))),
            (
                "there are four stages, as in nets for ImageNet; this net has three",
                numbers(n, width, kind, widths=(1, 2, 4, 8)),
            ),
            (
                "the first convolution, before the blocks, and its batch norm are missing",
                numbers(n, width, kind) - stem,
            ),
            (
                "the batch norm after the first convolution is missing",
                numbers(n, width, kind) - 2 * width,
            ),
            ("the first convolution has a bias: pass bias=False", numbers(n, width, kind) + width),
            ("the last linear layer has no bias", numbers(n, width, kind, linear_bias=False)),
            (
                "the last linear layer is missing",
                numbers(n, width, kind) - CLASSES * (4 * width + 1),
            ),
        ]
        if parts["lists"]:
            found(what, parts, [])
        expect(
            f"{what}: the number of parameters", got, numbers(n, width, kind), wrong, tolerance=1e-9
        )
        found(what, parts, network_kernels(n, width), network_projections(n, width, kind))
        if n == 9:
            matrix = next(value for value in parts["values"] if value.ndim == 2)
            expect(
                f"{what}: the standard deviation of the last linear layer",
                float(matrix.std()),
                0.01,
                [
                    (
                        "the last layer has He's weights: pass std=0.01, so that the loss "
                        "starts near ln 10",
                        math.sqrt(2 / (4 * width)),
                    )
                ],
                tolerance=0.15,
            )


def logits(
    x: Array,
    values: Sequence[Array],
    places: Sequence[Place],
    n: int,
    kind: str | None,
    strides: Sequence[int] | None = None,
    stem: bool = True,
    pool: str = "mean",
    a: Callable[[Array, int, int], Array] = option_a,
) -> Array:
    """The logits (N, 10) of the network for images x; `strides`, `stem`, `pool` and `a` plant
    mistakes.
    """
    every = layers(values, places)
    path, rest = every[: 6 * n + 1], every[6 * n + 1 :]
    w, weight, bias = path[0]
    x = norm(convolution(x.astype(float), w), weight, bias)
    x = relu(x) if stem else x
    for i, given in enumerate(strides or [2 if i in (n, 2 * n) else 1 for i in range(3 * n)]):
        pair = path[1 + 2 * i : 3 + 2 * i]
        in_channels, out_channels = pair[0][0].shape[2:]
        s: Array | int
        if kind == "B" and in_channels != out_channels:
            s = option_b(x, rest[i // n - 1], given)
        else:
            s = 0 if kind is None else a(x, given, out_channels)
        x = relu(branch(x, pair, [given, 1]) + s)
    pools: dict[str, Any] = {"mean": x.mean, "sum": x.sum, "max": x.max}
    features = x[:, 0, 0] if pool == "corner" else pools[pool](axis=(1, 2))
    matrix, last = (
        next(value for value in values if fits(value))
        for fits in (lambda v: v.ndim == 2, lambda v: v.shape == (CLASSES,))
    )
    return features @ matrix + last


@task("a4.network")
def network(target: Answer, trial: Trial) -> None:
    n, width = 2, 3
    where = trial.option("zeros of option A")
    own_a = partial(option_a, where=where)
    for kind in (None, "A", "B"):
        settings = (n, width, kind)
        what = name_of("ResNet", settings)
        values, places = build(
            "ResNet",
            target,
            settings,
            trial.seed,
            network_kernels(n, width),
            network_projections(n, width, kind),
        )
        values = varied(values, places, trial)
        x = trial.normal(6, 11, 9, 3, dtype=np.float32)
        want = logits(x, values, places, n, kind, a=own_a)
        report = probe(
            "a4.block",
            target,
            settings,
            trial.seed,
            values,
            x,
            trial.normal(*want.shape, dtype=np.float32),
        )

        def variant(**settings):
            return logits(
                x, values, places, n, settings.pop("kind", kind), **{"a": own_a, **settings}
            )

        other = {None: "A", "A": None, "B": None}[kind]
        wrong = [
            (
                "the map never shrinks: the first block of stages 2 and 3 has stride 2",
                variant(strides=[1] * 6),
            ),
            (
                "stage 1 begins with stride 2 too: only stages 2 and 3 must",
                variant(strides=[2, 1, 2, 1, 2, 1]),
            ),
            (
                "all blocks of stages 2 and 3 have stride 2: only the first of each has",
                variant(strides=[1, 1, 2, 2, 2, 2]),
            ),
            (
                "only one of the stages begins with stride 2: stages 2 and 3 both must",
                variant(strides=[1, 1, 2, 1, 1, 1]),
            ),
            (
                "only one of the stages begins with stride 2: stages 2 and 3 both must",
                variant(strides=[1, 1, 1, 1, 2, 1]),
            ),
            ("the ReLU after the first convolution and batch norm is missing", variant(stem=False)),
            ("the features are added up over the map: take their mean", variant(pool="sum")),
            (
                "the maximum over the map is taken: take the mean",
                variant(pool="max"),
            ),
            ("only the pixel in a corner is read: take the mean", variant(pool="corner")),
            ("there is a ReLU on the logits: they may be below 0", relu(want)),
        ]
        if kind == "A":
            wrong += [
                (
                    "shortcut_a is not right yet",
                    variant(a=lambda x, s, out, i=i: padded_otherwise(x, s, out, where)[i][1]),
                )
                for i in range(3)
            ]
        if kind != "B":
            wrong.append(
                (
                    "shortcut None gives a residual net: it must be plain"
                    if kind is None
                    else "the shortcut is not passed on to the blocks: the net is plain",
                    variant(kind=other),
                )
            )
        expect(
            f"{what}: the logits",
            checked(what, report, x),
            want,
            wrong,
            tolerance=2e-3,
            dtype=np.float32,
        )
        missing = sum(gradient is None for gradient in report["gradients"])
        expect_that(
            report["dx"] is not None and not missing,
            f"{what}: {missing} of {len(values)} parameters get no gradient. Was a Tensor "
            "taken off the tape (.data)?",
        )
    x = trial.normal(4, 8, 8, 3, dtype=np.float32)
    for kind in (None, "A"):  # 56 layers, forward and backward
        parts = probe("a4.parts", target, (9, 2, kind), trial.seed)
        report = probe(
            "a4.block",
            target,
            (9, 2, kind),
            trial.seed,
            parts["values"],
            x,
            np.ones((4, CLASSES), np.float32),
        )
        expect_that(
            all(
                gradient is not None and np.isfinite(gradient).all()
                for gradient in report["gradients"]
            ),
            f"ResNet(9, 2, {kind!r}, rng): after backward through 56 layers some gradients are "
            "missing or not finite",
        )


@task("a4.twins")
def twins(function: Answer, trial: Trial) -> None:
    n, width, seed = 1, 3, trial.seed + 5
    x = trial.normal(5, 8, 8, 3, dtype=np.float32)
    reports = [probe("a4.twins", function, n, width, s, x) for s in (seed, seed, seed + 1)]
    expect_that(reports[0] is not None, "twins: expected two nets, plain and residual")
    (both, shared), (again, _), (other, _) = reports
    values, places = [], []
    for family, parts in zip(("plain", "resnet"), both):
        places.append(found(f"twins: the {family} net", parts, network_kernels(n, width)))
        values.append(parts["values"])
    if not all(np.array_equal(a, b) for a, b in zip(*values)):
        raise WrongAnswer(
            "twins: the two nets start from different weights. A generator gives new numbers with "
            "every call, so the second net needs a new generator from the same seed; then every "
            "later difference comes from the shortcut alone"
        )
    expect_that(
        not shared,
        "twins: the two nets share arrays: training one changes the other. Build two nets, "
        "each from a new generator",
    )
    expect_that(
        all(np.array_equal(a, b) for a, b in zip(both[0]["values"], again[0]["values"])),
        "twins: the same seed gives other weights the second time: use the seed",
    )
    expect_that(
        not np.array_equal(both[0]["values"][0], other[0]["values"][0]),
        "twins: another seed gives the same weights: use the seed",
    )
    own_a = partial(option_a, where=trial.option("zeros of option A"))
    plain, residual = (logits(x, values[0], places[0], n, kind, a=own_a) for kind in (None, "A"))
    for what, got, want, wrong in (
        ("the first net, plain", both[0], plain, residual),
        ("the second net, residual", both[1], residual, plain),
    ):
        expect(
            f"twins: the logits of {what}",
            got["logits"],
            want,
            [("the two nets are exchanged: return plain first, then residual with A", wrong)],
            tolerance=2e-3,
        )
