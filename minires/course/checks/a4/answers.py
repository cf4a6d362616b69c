"""What is found in a student's modules, and numbers to fill them with."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....types import Array, Shape
from ...compare import Answer, Trial, WrongAnswer, expect_that, probe
from .definitions import CLASSES, Layer, Place


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
