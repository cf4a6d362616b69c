"""Checks of the shortcuts: zeros (option A) and a projection (option B)."""

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .answers import build, checked, layers, name_of, varied
from .definitions import (
    CHANGES,
    convolution,
    norm,
    option_a,
    option_b,
    padded_otherwise,
    relu,
    zeros_for,
)


@task("a4.shortcut_a")
def shortcut_a(function: Answer, trial: Trial) -> None:
    where = trial.option("zeros of option A")
    for shape, stride, out_channels in (
        ((2, 5, 7, 3), 2, 8),
        ((3, 4, 6, 4), 2, 8),
        ((2, 7, 5, 3), 3, 6),
        ((2, 3, 4, 5), 1, 5),
        ((2, 3, 4, 3), 1, 5),
    ):
        x = trial.normal(*shape)
        want = option_a(x, stride, out_channels, where)
        dy = trial.normal(*want.shape)
        what = f"shortcut_a of {shape}, stride {stride}, out_channels {out_channels}"
        report = probe("a4.on_tensor", function, x, (stride, out_channels), dy)
        if report["kind"] == "ndarray":
            raise WrongAnswer(
                f"{what}: expected a Tensor, got an array: no gradient can pass through it. Slice "
                "the Tensor itself, and use F.pad"
            )
        y, new, small = checked(what, report, x), out_channels - shape[-1], x[:, ::stride, ::stride]
        h, w = small.shape[1:3]
        wrong = [
            *padded_otherwise(x, stride, out_channels, where),
            (
                "the new channels are missing: add out_channels - in_channels channels of zeros "
                "on the last axis",
                small,
            ),
            (
                "out_channels channels are added, instead of out_channels - in_channels",
                np.concatenate([small, zeros_for(small, out_channels)], axis=-1),
            ),
            (
                "channels are added, but every pixel is kept: keep every stride-th, in height and "
                "in width",
                option_a(x, 1, out_channels, where),
            ),
            ("only the height has the stride", option_a(x[:, ::stride], 1, out_channels, where)),
            ("only the width has the stride", option_a(x[:, :, ::stride], 1, out_channels, where)),
            (
                "the stride is taken on axes 0 and 1: images are (N, H, W, C), pixels are "
                "on axes 1 and 2",
                option_a(x[::stride, ::stride], 1, out_channels, where),
            ),
            (
                "the stride is taken on the channels too",
                option_a(x[:, ::stride, ::stride, ::stride], 1, out_channels, where),
            ),
            (
                "the first rows and columns are taken, instead of every stride-th",
                option_a(x[:, :h, :w], 1, out_channels, where),
            ),
            (
                "every second pixel is taken, whatever the stride is",
                option_a(x, 2, out_channels, where),
            ),
            (
                "the first pixel is left out: begin at pixel 0",
                option_a(x[:, stride - 1 :: stride, stride - 1 :: stride], 1, out_channels, where),
            ),
            (
                "the zeros are on the axis of the width: channels are the last axis",
                np.concatenate([small, np.zeros((shape[0], h, new, shape[-1]))], axis=2),
            ),
            (
                "the zeros are on the axis of the height: channels are the last axis",
                np.concatenate([small, np.zeros((shape[0], new, w, shape[-1]))], axis=1),
            ),
        ]
        if x.shape[1] % stride == x.shape[2] % stride == 0:
            tiles = x.reshape(shape[0], h, stride, w, stride, shape[-1])
            wrong += [
                (
                    "pixels are averaged: option A takes every stride-th pixel and leaves out the "
                    "others",
                    option_a(tiles.mean(axis=(2, 4)), 1, out_channels, where),
                ),
                (
                    "the largest of several pixels is taken: option A takes every stride-th pixel",
                    option_a(tiles.max(axis=(2, 4)), 1, out_channels, where),
                ),
            ]
        expect(what, y, want, wrong, dtype=np.float64)
        if report["dx"] is None:
            raise WrongAnswer(
                f"{what}: the values are right, but no gradient gets back to x. Work on the "
                "Tensor, not on x.data: x[...] and F.pad are on the tape"
            )
        dx = np.zeros(shape)
        first = {"after": 0, "before": new, "both sides": new // 2}[where]
        dx[:, ::stride, ::stride] = dy[..., first : first + shape[-1]]
        expect(f"{what}: the gradient of x", report["dx"], dx)
    x = trial.normal(2, 4, 4, 3, dtype=np.float32)
    report = probe("a4.on_tensor", function, x, (2, 6), trial.normal(2, 2, 2, 6, dtype=np.float32))
    expect(
        "shortcut_a of float32",
        checked("shortcut_a", report, x),
        option_a(x, 2, 6, where),
        dtype=np.float32,
    )


@task("a4.shortcut")
def shortcut(target: Answer, trial: Trial) -> None:
    where = trial.option("zeros of option A")
    for kind in "AB":
        for in_channels, out_channels, stride in CHANGES:
            settings = (kind, in_channels, out_channels, stride)
            what = name_of("Shortcut", settings)
            projected = kind == "B" and (stride != 1 or in_channels != out_channels)
            parts = probe("a4.parts", target, settings, trial.seed)
            if parts["kind"] == "Module" and not projected and parts["values"]:
                raise WrongAnswer(
                    f"{what}: expected no parameters, got some. "
                    + (
                        "Option A has none"
                        if kind == "A"
                        else "Where the shape does not change, option B adds x itself: it needs a "
                        "projection only if stride != 1 or in_channels != out_channels"
                    )
                )
            if (
                parts["kind"] == "Module"
                and projected
                and not parts["values"]
                and not parts["lists"]
            ):
                raise WrongAnswer(
                    f"{what}: expected parameters, got none. Where the size *or* the number of "
                    "channels changes, option B is a 1x1 convolution and batch norm"
                )
            values, places = build(
                "Shortcut",
                target,
                settings,
                trial.seed,
                [(1, 1, in_channels, out_channels)] if projected else [],
            )
            x = trial.normal(3, 5, 6, in_channels, dtype=np.float32)
            values = varied(values, places, trial)
            wrong = []
            if projected:
                w, weight, bias = layers(values, places)[0]
                z, late = convolution(x.astype(float), w, stride), option_b(x, (w, weight, bias), 1)
                want = norm(z, weight, bias)
                wrong = [
                    ("batch norm is missing", z),
                    (
                        "there is a ReLU on the shortcut: the only one comes after the addition",
                        relu(want),
                    ),
                    ("the stride is missing in the 1x1 convolution", late),
                    (
                        "all pixels are projected, and every stride-th is taken after batch norm: "
                        "pass the stride to the convolution",
                        late[:, ::stride, ::stride],
                    ),
                    (
                        "batch norm comes before the convolution",
                        convolution(norm(x.astype(float), 1, 0), w, stride),
                    ),
                    (
                        "the 1x1 convolution is padded: use padding=0",
                        norm(
                            convolution(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), w, stride),
                            weight,
                            bias,
                        ),
                    ),
                ]
            else:
                want = option_a(x, stride, out_channels, where)
                wrong = [
                    (
                        "there is a ReLU on the shortcut: the only one comes after the addition",
                        relu(want),
                    ),
                    *[
                        (f"shortcut_a is not right yet: {sentence}", y)
                        for sentence, y in padded_otherwise(x, stride, out_channels, where)
                    ],
                ]
            dy = trial.normal(*want.shape, dtype=np.float32)
            report = probe("a4.block", target, settings, trial.seed, values, x, dy)
            expect(what, checked(what, report, x), want, wrong, tolerance=1e-4, dtype=np.float32)
            expect_that(
                report["dx"] is not None
                and all(gradient is not None for gradient in report["gradients"]),
                f"{what}: the values are right, but no gradient gets back to x or to the "
                "weights. Call the modules with the Tensor itself, not with x.data",
            )
