"""A4: residual blocks."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ...types import Array, ArrayLike, Shape
from ..compare import Answer, Trial, WrongAnswer, call, expect, expect_that, probe
from . import task

#: The weights of a convolution, weight and bias of its batch norm; and where they are.
Layer: TypeAlias = tuple[Array, ...]
Place: TypeAlias = tuple[int, ...]

EPS = 1e-5  # of batch norm
CLASSES = 10
# in_channels, out_channels, stride: what changes is both, nothing, the size, the channels.
CHANGES = ((3, 5, 2), (4, 4, 1), (4, 4, 2), (3, 5, 1))


# Definitions, in plain NumPy


def convolution(x: Array, w: Array, stride: int = 1) -> Array:
    """With as much padding as keeps the size at stride 1."""
    kh, kw = w.shape[:2]
    x = np.pad(x, ((0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2), (0, 0)))
    h, width = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    return sum(
        x[:, i : i + stride * (h - 1) + 1 : stride, j : j + stride * (width - 1) + 1 : stride]
        @ w[i, j]
        for i in range(kh)
        for j in range(kw)
    )


def norm(x: Array, weight: ArrayLike, bias: ArrayLike) -> Array:
    """Batch norm in training."""
    return (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + EPS) * weight + bias


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def option_a(x: Array, stride: int, out_channels: int, where: str = "after") -> Array:
    """Every stride-th pixel, and zeros after the old channels, or where else they are to stand."""
    x = x[:, ::stride, ::stride]
    new = out_channels - x.shape[-1]
    before = {"after": 0, "before": new, "both sides": new // 2}[where]
    return np.concatenate([_zeros(x, before), x, _zeros(x, new - before)], axis=-1)


def _zeros(x, channels):
    return np.zeros((*x.shape[:-1], channels), x.dtype)


PLACES = {
    "after": "they come after them",
    "before": "they come before them",
    "both sides": "half of them come before and half after them, the odd one after",
}


def padded_otherwise(
    x: Array, stride: int, out_channels: int, where: str = "after"
) -> list[tuple[str, Array]]:
    """Mistakes in option A: a sentence, and what it gives."""
    others = [
        (
            f"the zeros stand {'on both sides of' if other == 'both sides' else other} the old "
            f"channels: {PLACES[where]}"
            + (", all of them" if (where, other) == ("after", "both sides") else ""),
            option_a(x, stride, out_channels, other),
        )
        for other in ("before", "both sides", "after")
        if other != where
    ]
    x = x[:, ::stride, ::stride]
    in_channels = x.shape[-1]
    return [
        *others,
        (
            "the channels are repeated: the new ones are zeros",
            np.concatenate([x] * (out_channels // in_channels + 1), axis=-1)[..., :out_channels],
        ),
    ]


def option_b(x: Array, projection: Layer, stride: int) -> Array:
    """A 1x1 convolution with stride, and batch norm."""
    w, weight, bias = projection
    return norm(convolution(x, w, stride), weight, bias)


def early(x: Array, layers: Sequence[Layer], strides: Sequence[int]) -> Array:
    """F(x) with each ReLU before its batch norm, not after it."""
    for i, ((w, weight, bias), stride) in enumerate(zip(layers, strides)):
        x = convolution(x, w, stride)
        x = norm(relu(x) if i < len(layers) - 1 else x, weight, bias)
    return x


def branch(
    x: Array,
    layers: Sequence[Layer],
    strides: Sequence[int],
    between: bool | int = True,
    last: bool = True,
) -> Array:
    """F(x): convolution and batch norm, with ReLU in between: True, False, or the number of the
    layer that alone has one before it.

    `last` is False to leave out the last batch norm.
    """
    for i, ((w, weight, bias), stride) in enumerate(zip(layers, strides)):
        x = convolution(
            relu(x) if i and (between is True or between is not False and between == i) else x,
            w,
            stride,
        )
        x = norm(x, weight, bias) if i < len(layers) - 1 or last else x
    return x


# Inputs, and what is found in a student's modules


def name_of(kind: str, settings: Sequence[Any]) -> str:
    """The call as it stands in a notebook: "BasicBlock(3, 5, 2, 'A', rng)"."""
    return f"{kind}({', '.join(map(repr, settings))}, rng)"


def found(
    what: str, parts: dict[str, Any], kernels: Sequence[Shape], projections: Sequence[Shape] = ()
) -> list[Place]:
    """The parts of a module that has these convolutions and a batch norm for each.

    Parameters
    ----------
    parts : dict
        What the probe reports.
    kernels, projections : list of tuple
        The shapes of the weights, of the main path and of shortcuts.

    Returns
    -------
    places : list of (int, int, int)
        Of the convolutions' weights, and of the weights and biases of their batch norms, among the
        parameters; those of projections last.
    """
    expect_that(
        parts["kind"] == "Module",
        f"{what}: expected an nn.Module, got a {parts['kind']}: write class ...(nn.Module)",
    )
    if parts["lists"]:
        raise WrongAnswer(
            f"{what}: the modules in the list {parts['lists'][0]!r} are not found: "
            "parameters() looks at attributes that are modules, "
            "so an optimiser would never move these. Make each an attribute, or put them "
            "into nn.Sequential(*modules)"
        )
    shapes = [value.shape for value in parts["values"]]
    fours = [i for i, shape in enumerate(shapes) if len(shape) == 4]
    ones = [i for i, shape in enumerate(shapes) if len(shape) == 1 and shape != (CLASSES,)]
    wanted, got = [*kernels, *projections], [shapes[i] for i in fours]
    extra = [shape for shape in got if shape[:2] == (1, 1) and shape not in wanted]
    if extra:
        raise WrongAnswer(
            f"{what}: there is a 1x1 convolution with weights {extra[0]}. A projection is "
            'there only with shortcut "B", and only where '
            "the shape changes: stride != 1 or in_channels != out_channels"
        )
    if any(got.count(shape) < projections.count(shape) for shape in projections):
        raise WrongAnswer(
            f"{what}: a 1x1 convolution with weights {projections[0]} is missing: option B, "
            "where the shape changes "
            "(stride != 1 or in_channels != out_channels)"
        )
    if sorted(got) != sorted(wanted):
        raise WrongAnswer(
            f"{what}: expected {_listed('convolution', wanted)}, got {_listed('convolution', got)}"
        )
    if fours and len(ones) == 3 * len(fours):
        raise WrongAnswer(
            f"{what}: the convolutions have a bias. Batch norm subtracts the mean, and with "
            "it any bias: pass bias=False"
        )
    if len(ones) > 2 * len(fours):
        raise WrongAnswer(
            f"{what}: expected {2 * len(fours)} parameters with one number for each "
            f"channel, the weight and bias of each batch norm, got {len(ones)}. "
            "Has a convolution a bias (pass bias=False), or is a batch norm left over?"
        )
    if len(ones) < 2 * len(fours):
        raise WrongAnswer(
            f"{what}: expected {len(fours)} batch norms, one after each convolution, got "
            f"{len(ones) // 2}. "
            "Does one serve two convolutions? Each needs its own weights and running averages"
        )
    if any(shapes[ones[2 * i]] != shapes[four][-1:] for i, four in enumerate(fours)):
        raise WrongAnswer(
            f"{what}: make the layers in the order in which they are used, each batch norm "
            "with the channels of the convolution before it"
        )
    values = [parts["values"][i] for i in fours]
    if any(
        a.shape == b.shape and np.array_equal(a, b)
        for i, a in enumerate(values)
        for b in values[:i]
    ):
        raise WrongAnswer(
            f"{what}: two convolutions have the same weights. Hand the same rng on to all "
            "of them; a new generator from the same seed starts again"
        )
    left = dict.fromkeys(range(len(fours)))
    places: list[Place] = []
    for shape in wanted:
        i = next(i for i in left if got[i] == shape)
        del left[i]
        places.append((fours[i], ones[2 * i], ones[2 * i + 1]))
    return places


def _listed(thing, shapes):
    if len(shapes) > 4:
        return f"{len(shapes)} {thing}s"
    return (
        "no " + thing
        if not shapes
        else f"{thing}s with weights " + ", ".join(map(str, shapes))
        if len(shapes) > 1
        else f"a {thing} with weights {shapes[0]}"
    )


def build(
    kind: str,
    target: Answer,
    settings: Sequence[Any],
    seed: int,
    kernels: Sequence[Shape],
    projections: Sequence[Shape] = (),
) -> tuple[list[Array], list[Place]]:
    """Have a module built; its parameters and their places. The same seed must give the same
    weights.
    """
    what = name_of(kind, settings)
    parts, again = (probe("a4.parts", target, settings, seed) for _ in range(2))
    places = found(what, parts, kernels, projections)
    if not all(np.array_equal(a, b) for a, b in zip(parts["values"], again["values"])):
        raise WrongAnswer(
            f"{what}: two of them from the same seed have different weights. Pass rng=rng "
            "to every nn.Conv2d and nn.Linear"
        )
    return parts["values"], places


def varied(values: Sequence[Array], places: Sequence[Place], trial: Trial) -> list[Array]:
    """The parameters with batch norms that are not at their start, and those of linear layers
    larger than there.
    """
    values = [value.copy() for value in values]
    for _, weight, bias in places:
        values[weight][...] = trial.rng.uniform(0.5, 1.5, values[weight].shape)
        values[bias][...] = 0.5 * trial.normal(*values[bias].shape)
    for value in values:
        if value.ndim == 2 or value.shape == (CLASSES,):
            value[...] = trial.normal(*value.shape) / math.sqrt(value.shape[0])
    return values


def layers(values: Sequence[Array], places: Sequence[Place]) -> list[Layer]:
    """(weights, weight and bias of the batch norm) of each convolution, as float64."""
    return [tuple(values[i].astype(float) for i in place) for place in places]


def numerical(f: Callable[[Array], Array], x: Array, dy: Array) -> Array:
    """The gradient of sum dy f(x), by central differences."""
    gradient, eps = np.empty(x.shape), 1e-5
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        gradient[i] = ((f(up) - f(down)) * dy).sum() / (2 * eps)
    return gradient


def checked(what: str, report: dict[str, Any], x: Array) -> Any:
    """What `forward` returned: a Tensor, with x as it was."""
    if report["kind"] != "Tensor":
        raise WrongAnswer(
            f"{what}: expected a Tensor to be returned, got "
            + (
                "None; is a `return` missing?"
                if report["kind"] == "NoneType"
                else f"something of type {report['kind']}"
            )
        )
    expect_that(
        np.array_equal(report["x"], x),
        f"{what} changes its input in place: others still need it. Write y = y + x, not "
        "x.data += ...",
    )
    return report["y"]


# The tasks


@task("a4.he_normal")
def he_normal(function: Answer, trial: Trial) -> None:
    for shape in ((3, 5, 16, 48), (7, 7, 24, 8), (300, 80), (3, 40, 100)):
        w = call(function, shape, trial.generator(), name="he_normal")
        what = f"he_normal({shape})"
        expect_that(
            isinstance(w, np.ndarray) and w.dtype.kind == "f",
            f"{what}: expected an array of floats"
            + ("; is a `return` missing?" if w is None else ""),
        )
        expect_that(w.shape == shape, f"{what}: expected shape {shape}, got {w.shape}")
        fan_in, fan_out = math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]
        std = math.sqrt(2 / fan_in)
        expect(
            f"{what}: the standard deviation",
            float(np.std(w)),
            std,
            [
                (
                    "the factor 2 is missing: ReLU takes away half of the mean square",
                    math.sqrt(1 / fan_in),
                ),
                (
                    "fan_out is taken instead of fan_in: count the numbers that one output adds up",
                    math.sqrt(2 / fan_out),
                ),
                ("2 / fan_in is taken as the standard deviation; it is the variance", 2 / fan_in),
                (
                    "the root is taken twice: np.sqrt(2 / fan_in) is the standard deviation itself",
                    fan_in**-0.25 * 2**0.25,
                ),
                (
                    "only the channels are counted: in a convolution an output adds up KH "
                    "KW C_in products",
                    math.sqrt(2 / shape[-2]),
                ),
                ("all axes are counted, the outputs too", math.sqrt(2 / math.prod(shape))),
                (
                    "the mean of fan_in and fan_out is taken: that is Glorot's rule",
                    math.sqrt(2 / (fan_in + fan_out)),
                ),
                ("only the first axis is counted", math.sqrt(2 / shape[0])),
                (
                    "the outputs are counted instead of what goes in: fan-in is all axes "
                    "but the last",
                    math.sqrt(2 / shape[-1]),
                ),
                (
                    "the outputs are counted instead of what goes in: fan-in is all axes "
                    "but the last",
                    math.sqrt(2 / math.prod(shape[1:])),
                ),
                ("the numbers have standard deviation 1", 1.0),
            ],
            tolerance=0.04,
        )
        expect_that(
            abs(np.mean(w)) < 0.1 * std, f"{what}: expected a mean of about 0, got {np.mean(w):.3g}"
        )
        far = float(np.mean(np.abs(w) > 2 * std))
        expect_that(
            0.03 < far < 0.065,
            f"{what}: expected a normal distribution, with 4.6 % of the numbers beyond two "
            f"standard deviations; got {100 * far:.1f} %",
        )
        expect_that(
            w.dtype == np.float32,
            f"{what}: expected float32, got {w.dtype}; a float64 factor promotes the array: "
            "draw with dtype=np.float32 and a float from math.sqrt, or convert at the end",
        )
    one, two, again = probe("a4.two_draws", function, (4, 6), trial.seed)
    expect_that(
        not np.array_equal(one, two),
        "he_normal: called twice with one generator it returns the same numbers: use the "
        "rng that is passed in, no new one",
    )
    expect_that(
        np.array_equal(one, again),
        "he_normal: two generators with the same seed give different numbers: use the rng "
        "that is passed in, and no other",
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
                f"{what}: expected a Tensor, got an array: no gradient finds its way "
                "through it. Slice the Tensor itself, and use F.pad"
            )
        y, new, small = checked(what, report, x), out_channels - shape[-1], x[:, ::stride, ::stride]
        h, w = small.shape[1:3]
        wrong = [
            *padded_otherwise(x, stride, out_channels, where),
            (
                "the new channels are missing: out_channels - in_channels of zeros on the "
                "last axis",
                small,
            ),
            (
                "out_channels channels are added, instead of as many as are missing",
                np.concatenate([small, _zeros(small, out_channels)], axis=-1),
            ),
            (
                "it is padded, but every pixel is kept: keep every stride-th, in height and "
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
                "it begins at pixel 1: begin at pixel 0",
                option_a(x[:, stride - 1 :: stride, stride - 1 :: stride], 1, out_channels, where),
            ),
            (
                "the zeros stand on the axis of the width: channels are the last axis",
                np.concatenate([small, np.zeros((shape[0], h, new, shape[-1]))], axis=2),
            ),
            (
                "the zeros stand on the axis of the height: channels are the last axis",
                np.concatenate([small, np.zeros((shape[0], new, w, shape[-1]))], axis=1),
            ),
        ]
        if x.shape[1] % stride == x.shape[2] % stride == 0:
            tiles = x.reshape(shape[0], h, stride, w, stride, shape[-1])
            wrong += [
                (
                    "pixels are averaged: option A takes every stride-th, and leaves the "
                    "others out",
                    option_a(tiles.mean(axis=(2, 4)), 1, out_channels, where),
                ),
                (
                    "the largest of the pixels is taken: option A takes every stride-th",
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
                    f"{what}: it has parameters. "
                    + (
                        "Option A has none"
                        if kind == "A"
                        else "Where the shape does not change, option B adds x itself: "
                        "a projection is there only if stride != 1 or "
                        "in_channels != out_channels"
                    )
                )
            if (
                parts["kind"] == "Module"
                and projected
                and not parts["values"]
                and not parts["lists"]
            ):
                raise WrongAnswer(
                    f"{what}: it has no parameters. Where the size *or* the number of "
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
                        "all pixels are projected, and every stride-th is taken after batch "
                        "norm: give the stride to the convolution",
                        late[:, ::stride, ::stride],
                    ),
                    (
                        "batch norm comes before the convolution",
                        convolution(norm(x.astype(float), 1, 0), w, stride),
                    ),
                    (
                        "the 1x1 convolution is padded: padding=0",
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


def basic_kernels(in_channels: int, out_channels: int) -> list[Shape]:
    """The shapes of the weights."""
    return [(3, 3, in_channels, out_channels), (3, 3, out_channels, out_channels)]


def bottleneck_kernels(in_channels: int, mid_channels: int, out_channels: int) -> list[Shape]:
    return [
        (1, 1, in_channels, mid_channels),
        (3, 3, mid_channels, mid_channels),
        (1, 1, mid_channels, out_channels),
    ]


def projections(kind: str | None, in_channels: int, out_channels: int, stride: int) -> list[Shape]:
    """The shapes of the weights on the shortcut."""
    there = kind == "B" and (stride != 1 or in_channels != out_channels)
    return [(1, 1, in_channels, out_channels)] if there else []


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
    """Run a block there and back, and compare with the definition."""
    stride, depth = max(strides), len(strides)
    where = trial.option("zeros of option A")
    path, rest = layers(values, places)[:depth], layers(values, places)[depth:]
    in_channels, out_channels = path[0][0].shape[2], path[-1][0].shape[3]

    def added(x):
        if kind is None:
            return 0
        return option_b(x, rest[0], stride) if rest else option_a(x, stride, out_channels, where)

    for _ in range(
        50
    ):  # until no number is close to the kink of a ReLU, where a gradient would be left to rounding
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
                f"{error}. For x of shape {x.shape}, F(x) and the shortcut should both have "
                f"shape {want.shape}: print theirs. "
                "The stride belongs once into F, and once into the shortcut"
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
                "there is a ReLU before the addition and one after it: only the one after",
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
                "x was overwritten on the way: F(x) is added to itself. Give what F "
                "computes another name",
                relu(2 * f),
            ),
        ]
        if inner.shape == x.shape:
            wrong.append(
                ("not x is added, but what came out of the first layer", relu(f + relu(inner)))
            )
        wrong.append(("the shortcut passes a ReLU before the addition", relu(f + relu(s))))
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
            ("a plain block, shortcut None, adds x all the same", relu(f + a)),
            *[
                (
                    "the stride is in another convolution: expected strides "
                    f"{_words(strides)} from first to last",
                    relu(branch(wide, path, other)),
                )
                for other in shifts
            ],
            (
                "all convolutions have the stride: the map shrinks each time. Only one has it",
                relu(branch(wide, path, [stride] * depth)),
            ),
            ("the stride is missing", relu(branch(wide, path, [1] * depth))),
        ]
    expect(f"{what}: y", y, want, wrong, tolerance=1e-4, dtype=np.float32)
    expect_that(
        report["dx"] is not None and all(gradient is not None for gradient in report["gradients"]),
        f"{what}: the values are right, but no gradient gets back to x or to some weights. "
        "Call the modules with the Tensor itself, not with its .data",
    )
    through = numerical(lambda x: relu(branch(x, path, strides) + s), wide, dy)
    by_shortcut = numerical(lambda x: relu(f + added(x)), wide, dy)
    expect(
        f"{what}: the gradient of x",
        report["dx"],
        through + by_shortcut,
        [
            (
                "nothing comes back by the shortcut: x was taken off the tape there (.data, "
                ".detach(), Tensor(...))",
                through,
            ),
            ("nothing comes back through F: x was taken off the tape there", by_shortcut),
        ],
        tolerance=2e-3,
        dtype=np.float32,
    )


def _words(strides):
    return ", ".join(map(str, strides))


def compare_basic(target: Answer, kind: str | None, trial: Trial) -> None:
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
    before, after, y = probe("a4.silenced", function, block, (3, 3, 1, "A"), trial.seed, x)
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
        "do_nothing: it is checked on BasicBlock(3, 3, 1, 'A', rng): first get that right",
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
            "do_nothing: this has changed: "
            + ", ".join(names[i] for i in changed)
            + ". "
            + (
                "With nothing but zeros behind it, no weight of the block gets a gradient: "
                "it could never learn to do something"
                if 1 in changed
                else "Where a convolution has zeros, batch norm divides by sqrt(0 + eps), and "
                "the first gradient is some hundred times too large"
                if 0 in changed or 3 in changed
                else "Batch norm's bias starts at 0 and stays there; one other array is enough"
            )
        )
    expect(
        "do_nothing: what the block makes of an x that is not negative",
        y,
        x,
        [
            ("F(x) is doubled or kept: the weight is not 0", 2 * x),
            ("the block puts out 0: the shortcut is missing", 0 * x),
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


# The network


def stages(n: int, width: int) -> list[tuple[int, int, int]]:
    """(in_channels, out_channels, stride) of every block."""
    found, in_channels = [], width
    for stage in range(3):
        for i in range(n):
            out_channels = width * 2**stage
            found.append((in_channels, out_channels, 2 if stage and i == 0 else 1))
            in_channels = out_channels
    return found


def network_kernels(n: int, width: int) -> list[Shape]:
    blocks = [basic_kernels(*channels) for *channels, _ in stages(n, width)]
    return [(3, 3, 3, width), *(shape for block in blocks for shape in block)]


def network_projections(n: int, width: int, kind: str | None) -> list[Shape]:
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
    """How many parameters the network has; the flags make a mistake."""
    per = 2 + bias  # of a channel: what batch norm has, and a bias
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
                f"there are {n + 1} blocks in a stage, instead of {n}: the one that "
                "changes the shape counts too",
                numbers(n + 1, width, kind),
            ),
            (
                "a stage repeats one block ([block] * n): its layers have the same weights, "
                "and count once",
                numbers(n, width, kind, shared=True),
            ),
            ("a projection is there though the shortcut is not B", numbers(n, width, "B")),
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
            ("only one stage doubles the channels", numbers(n, width, kind, widths=(1, 2, 2))),
            ("there are but two stages", numbers(n, width, kind, widths=(1, 2))),
            (
                "there are four stages, as for ImageNet; this one has three",
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
    """What the network makes of images; the settings make a mistake."""
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
    features = pools[pool](axis=(1, 2))
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
                "the map stays as large as it is: the first block of stages 2 and 3 has stride 2",
                variant(strides=[1] * 6),
            ),
            (
                "stage 1 has a stride too: only stages 2 and 3 begin with stride 2",
                variant(strides=[2, 1, 2, 1, 2, 1]),
            ),
            (
                "all blocks of stages 2 and 3 have stride 2: only the first of each has",
                variant(strides=[1, 1, 2, 2, 2, 2]),
            ),
            ("only one of the stages has a stride", variant(strides=[1, 1, 2, 1, 1, 1])),
            ("only one of the stages has a stride", variant(strides=[1, 1, 1, 1, 2, 1])),
            ("the ReLU after the first convolution and batch norm is missing", variant(stem=False)),
            ("the features are added up over the map: take their mean", variant(pool="sum")),
            (
                "the largest of each feature is taken: take the mean over the map",
                variant(pool="max"),
            ),
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
                    "shortcut None gives a residual net"
                    if kind is None
                    else "the shortcut is not handed on to the blocks: the net is plain",
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
    for kind in (None, "A"):  # 56 layers, there and back
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
            f"ResNet(9, 2, {kind!r}, rng): after the walk back through 56 layers some "
            "gradients are missing or not finite",
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
            "twins: the two nets start from different weights. One generator hands out new "
            "numbers with every call, so the second net "
            "must get a new one from the same seed; then whatever differs later comes from "
            "the shortcut alone"
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
            [("the net is the other of the two: plain first, then residual with A", wrong)],
            tolerance=2e-3,
        )


# Training


def descent(
    start: Array,
    images: Array,
    labels: Array,
    lr: float,
    momentum: float = 0.9,
    gather: bool = False,
    sign: int = 1,
) -> tuple[Array, Array]:
    """The losses of training one linear layer, and its weights; `gather` keeps gradients of earlier
    steps.
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
                "Tensors: each holds on to the whole tape of its step; take loss.item()"
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
                "the weights do not move: after loss.backward() comes optimizer.step(), and "
                "zero_grad() not in between",
                descent(start, images, labels, 0)[0],
            ),
            (
                "gradients of earlier batches are still there: optimizer.zero_grad() before "
                "each loss.backward()",
                gathered,
            ),
            (
                "the momentum is missing: SGD(..., momentum=0.9), made *once*, before the "
                "loop; a new one for every batch forgets it",
                no_momentum,
            ),
            ("the losses are those from after the steps: take each before its step", after_steps),
            ("the steps go up", up),
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
        "losses and start: expected one entry each for plain and residual",
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
        raise WrongAnswer("losses: expected lists of numbers: what does train return?") from None
    for family in families:
        expect_that(
            table[family].ndim == 2 and len(table[family]) == seeds,
            f"losses of {family}: expected 3 runs, got shape {table[family].shape}",
        )
        expect_that(np.isfinite(table[family]).all(), f"losses of {family}: they are not finite")
        first = table[family][:, 0]
        expect_that(
            np.abs(first - math.log(CLASSES)).max() < 0.2,
            f"losses of {family}: the first should be near ln 10 = 2.30, for the net knows "
            f"nothing yet; got {first.max():.2f}. "
            "Does the last linear layer start with std=0.01?",
        )
    for family in families:
        expect_that(
            table[family].shape == (seeds, 80),
            f"losses of {family}: expected 3 runs of 80 steps, got shape {table[family].shape}",
        )
    ends = {family: table[family][:, -20:].mean() for family in families}
    expect_that(
        ends["plain"] < 2.15,
        "losses of plain: expected less than 2.15 in the last 20 steps, got "
        f"{ends['plain']:.2f}: hardly anything was learned",
    )
    expect_that(
        ends["resnet"] < ends["plain"] - 0.2,
        "losses: in the last 20 steps expected those of residual well below those of "
        f"plain, got {ends['resnet']:.2f} and "
        f"{ends['plain']:.2f}. Do plain and residual stand in the right places, and is the "
        "shortcut in every block?",
    )
    seed, steps = trial.seed % seeds, 6
    rng = np.random.default_rng(0)
    batches = [stripes(32, 16, rng) for _ in range(steps)]
    found = probe("a4.again", make, function, (3, 8, seed), batches, 0.05)
    for family, (weights, again) in zip(families, found):
        expect_that(
            np.array_equal(weights, start[family][seed]),
            f"start: twins(3, 8, {seed}) gives other weights of {family} than those in `start`: "
            "run the cells again from the top",
        )
        before = table[family][seed, :steps]
        expect_that(
            again is not None
            and again.shape == before.shape
            and bool((np.abs(again - before) <= 1e-2 * np.abs(before)).all()),
            f"losses of {family}: with seed {seed} the first {steps} are other ones when train is "
            "called again: run the cells again from the top",
        )


def stripes(n: int, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The images and labels that the assignment draws."""
    labels = rng.integers(0, 10, n)
    angle = (np.pi * labels / 10 + rng.uniform(-0.05, 0.05, n))[:, None, None]
    row, column = np.mgrid[:size, :size]
    along = np.cos(angle) * row + np.sin(angle) * column
    wave = np.sin(rng.uniform(0.8, 1.3, (n, 1, 1)) * along + rng.uniform(0, 2 * np.pi, (n, 1, 1)))
    colours, noise = rng.standard_normal((n, 1, 1, 3)), rng.standard_normal((n, size, size, 3))
    return (0.7 * wave[..., None] * colours + 0.3 * noise).astype(np.float32), labels
