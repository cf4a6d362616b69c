"""Find the layers in a student's modules, and draw parameters to fill them with."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....types import Array, Shape
from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect_that
from ...trial import Trial
from .definitions import CLASSES, Layer, Place


def name_of(kind: str, settings: Sequence[Any]) -> str:
    """The call as a notebook writes it, such as "BasicBlock(3, 5, 2, 'A', rng)"."""
    return f"{kind}({', '.join(map(repr, settings))}, rng)"


def found(
    what: str, parts: dict[str, Any], kernels: Sequence[Shape], projections: Sequence[Shape] = ()
) -> list[Place]:
    """Find the convolutions of a module, and the batch norm of each.

    Parameters
    ----------
    parts : dict
        The report of the probe "a4.parts".
    kernels, projections : list of tuple
        The shapes of the convolutions' weights, on the main path and on shortcuts.

    Returns
    -------
    places : list of (int, int, int)
        For each convolution, projections last: which parameter is its weight, and which are the
        weight and bias of its batch norm.

    Raises
    ------
    WrongAnswer
        If the module has other layers; the message begins with `what`.
    """
    expect_that(
        parts["kind"] == "Module",
        f"{what}: expected an nn.Module, got a {parts['kind']}: write class ...(nn.Module)",
    )
    if parts["lists"]:
        raise WrongAnswer(
            f"{what}: the modules in the list {parts['lists'][0]!r} are not found: parameters() "
            "looks only at attributes that are modules, so an optimiser would never move these. "
            "Make each module an attribute, or put them into nn.Sequential(*modules)"
        )
    shapes = [value.shape for value in parts["values"]]
    fours = [i for i, shape in enumerate(shapes) if len(shape) == 4]
    ones = [i for i, shape in enumerate(shapes) if len(shape) == 1 and shape != (CLASSES,)]
    wanted, got = [*kernels, *projections], [shapes[i] for i in fours]
    extra = [shape for shape in got if shape[:2] == (1, 1) and shape not in wanted]
    if extra:
        raise WrongAnswer(
            f"{what}: there is a 1x1 convolution with weights {extra[0]}. A projection "
            'belongs only to shortcut "B", and only where '
            "the shape changes: stride != 1 or in_channels != out_channels"
        )
    if any(got.count(shape) < projections.count(shape) for shape in projections):
        raise WrongAnswer(
            f"{what}: a 1x1 convolution with weights {projections[0]} is missing: option B, "
            "where the shape changes "
            "(stride != 1 or in_channels != out_channels)"
        )
    if sorted(got) != sorted(wanted):
        message = (
            f"{what}: expected {_listed('convolution', wanted)}, got {_listed('convolution', got)}"
        )
        strange = next((shape for shape in got if got.count(shape) > wanted.count(shape)), None)
        lacking = next((shape for shape in wanted if got.count(shape) < wanted.count(shape)), None)
        if len(got) == len(wanted):
            message += f". One with weights {strange} should have {lacking}: (KH, KW, C_in, C_out)"
        raise WrongAnswer(message)
    if fours and len(ones) == 3 * len(fours):
        raise WrongAnswer(
            f"{what}: the convolutions have a bias. Batch norm subtracts the mean, and with "
            "it any bias: pass bias=False"
        )
    if len(ones) > 2 * len(fours):
        raise WrongAnswer(
            f"{what}: expected {2 * len(fours)} parameters with one number for each channel, the "
            f"weight and bias of each batch norm, got {len(ones)}. Does a convolution have a bias "
            "(pass bias=False), or is there a batch norm too many?"
        )
    if len(ones) < 2 * len(fours):
        raise WrongAnswer(
            f"{what}: expected {len(fours)} batch norms, one after each convolution, got "
            f"{len(ones) // 2}. Do two convolutions share one? Each needs its own weights and "
            "running averages"
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
            f"{what}: two convolutions have the same weights. Pass the same rng to all of them; a "
            "new generator from the same seed starts again"
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
    """Have a student's module built twice, and return its parameters and their places (see
    `found`).

    Raises
    ------
    WrongAnswer
        If its layers are wrong, or the same seed gives other weights the second time.
    """
    what = name_of(kind, settings)
    parts, again = (probe("a4.parts", target, settings, seed) for _ in range(2))
    places = found(what, parts, kernels, projections)
    if not all(np.array_equal(a, b) for a, b in zip(parts["values"], again["values"])):
        raise WrongAnswer(
            f"{what}: built twice from the same seed, it has different weights. Pass rng=rng to "
            "every nn.Conv2d and nn.Linear"
        )
    return parts["values"], places


def varied(values: Sequence[Array], places: Sequence[Place], trial: Trial) -> list[Array]:
    """The parameters with new numbers for batch norms and linear layers.

    At the start batch norms do nothing and the last layer is close to 0, which would hide mistakes.
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
    """The filters of each convolution with the weight and bias of its batch norm, as float64."""
    return [tuple(values[i].astype(float) for i in place) for place in places]


def numerical(f: Callable[[Array], Array], x: Array, dy: Array) -> Array:
    """The gradient of the sum of dy f(x) with respect to x, by central differences."""
    gradient, eps = np.empty(x.shape), 1e-5
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        gradient[i] = ((f(up) - f(down)) * dy).sum() / (2 * eps)
    return gradient


def checked(what: str, report: dict[str, Any], x: Array) -> Any:
    """The output of a student's `forward`, which must be a Tensor and leave x unchanged."""
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
        f"{what} changes its input in place: other layers still need it. Write y = y + x, not "
        "x.data += ...",
    )
    return report["y"]
