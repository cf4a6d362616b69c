"""Checks of gradient norms, absolute and relative to the weights."""

import math
from collections.abc import Mapping

import numpy as np

from ....names import shown
from ....types import Array
from ...across import Answer
from ...calling import call, probe
from ...compare import WrongAnswer, expect, expect_that
from ...probes import a6
from ...trial import Trial
from .. import task
from .definitions import RESIDUAL, WITHOUT, length


@task("a6.norm")
def norm(function: Answer, trial: Trial) -> None:
    for a in (trial.normal(5), 3 * trial.normal(4, 3), trial.normal(3, 3, 2, 5)):
        spectral = np.sqrt(np.linalg.eigvalsh(a.T @ a).max()) if a.ndim == 2 else np.nan
        expect(
            f"norm of an array of shape {a.shape}",
            call(function, a, name="norm"),
            length(a),
            [
                ("the root is missing: take the root of the sum of squares", length(a) ** 2),
                (
                    "the mean of the squares is taken instead of their sum",
                    length(a) / math.sqrt(a.size),
                ),
                ("the mean of the squares is taken, and no root", length(a) ** 2 / a.size),
                ("absolute values are added up, not squares", np.abs(a).sum()),
                ("the numbers are added up before they are squared", abs(a.sum())),
                ("the largest number is taken", np.abs(a).max()),
                (
                    "np.linalg.norm takes a matrix norm here (a 2 as second argument): all "
                    "numbers must count alike, whatever the shape",
                    spectral,
                ),
                (
                    "the sum runs over one axis only: sum over all numbers of the array",
                    np.sqrt((a**2).sum(axis=0)),
                ),
                (
                    "the sum runs over one axis only: sum over all numbers of the array",
                    np.sqrt((a**2).sum(axis=-1)),
                ),
            ],
            tolerance=1e-5,
        )


@task("a6.norm_range")
def norm_range(function: Answer, trial: Trial) -> None:
    for factor, became in ((1e25, "infinite"), (1e-25, "0")):
        a = (factor * trial.normal(4, 3)).astype(np.float32)
        with np.errstate(all="ignore"):
            got = call(function, a, name="norm")
        why = (
            f"squares are taken in float32, in which {factor**2:g} is {became}: convert the "
            "numbers to float64 first (a.astype(np.float64))"
        )
        infinite = (
            isinstance(got, (float, np.generic, np.ndarray))
            and np.isinf(np.asarray(got, float)).any()
        )
        expect_that(
            not infinite,
            f"norm of an array of float32 with numbers of about {factor:g}: infinite. It "
            f"looks as if {why}",
        )
        expect(
            f"norm of an array of float32 with numbers of about {factor:g}",
            got,
            length(a),
            [(why, 0.0)],
            tolerance=1e-5,
        )
    zero = call(function, np.zeros((2, 3), np.float32), name="norm")
    expect_that(
        zero == 0,
        "norm of an array of zeros, such as the gradient of a weight without influence on the "
        f"loss: expected 0, got {zero}",
    )


def filled(kind: a6.Kind, trial: Trial) -> tuple[dict[str, Array], dict[str, Array]]:
    """Random weights and gradients for a net, by name, that differ much in size between layers."""
    shapes = {name: parameter.shape for name, parameter in a6.net_of(kind).named_parameters()}
    weights = {
        name: trial.normal(*shape, dtype=np.float32) * np.float32(trial.rng.uniform(0.2, 5))
        for name, shape in shapes.items()
    }
    gradients = {
        name: trial.normal(*shape, dtype=np.float32) * np.float32(10 ** trial.rng.uniform(-1, 1))
        for name, shape in shapes.items()
    }
    return weights, gradients


KINDS = (
    (RESIDUAL, "resnet-8"),
    (WITHOUT, "plain-8 without batch norm"),
    ("linear", "a net of 12 linear layers"),
)


@task("a6.gradient_norms")
def gradient_norms(function: Answer, trial: Trial) -> None:
    for kind, what in KINDS:
        weights, gradients = filled(kind, trial)
        names = [name for name in weights if weights[name].ndim > 1]
        w, dw = (
            [length(weights[name]) for name in names],
            [length(gradients[name]) for name in names],
        )
        got = layers_of("gradient_norms", function, kind, weights, gradients, what)
        expect(
            f"gradient_norms of {what}",
            got,
            dw,
            [
                ("these are the norms of w, not of dw: the gradient is in parameter.grad", w),
                ("the root of the sum of squares is missing", np.square(dw)),
                ("the norms are divided by |w|: that is the next function", np.divide(dw, w)),
                (
                    "the mean is taken instead of the sum: use norm",
                    [length(gradients[name]) / math.sqrt(gradients[name].size) for name in names],
                ),
            ],
            tolerance=1e-5,
        )


@task("a6.relative_norms")
def relative_norms(function: Answer, trial: Trial) -> None:
    for kind, what in KINDS:
        weights, gradients = filled(kind, trial)
        names = [name for name in weights if weights[name].ndim > 1]
        w, dw = (
            np.array([length(weights[name]) for name in names]),
            np.array([length(gradients[name]) for name in names]),
        )
        got = layers_of("relative_norms", function, kind, weights, gradients, what)
        expect(
            f"relative_norms of {what}",
            got,
            dw / w,
            [
                ("the ratio is the wrong way round: |dw| over |w|", w / dw),
                ("the norms are not divided by |w|", dw),
                ("these are the norms of w", w),
                ("the norms are divided by |w| squared", dw / w**2),
                (
                    "exp is missing: the difference of two logarithms is that of the ratio",
                    np.log(dw / w),
                ),
                (
                    "the norms are divided by the largest weight instead of |w|",
                    dw / [np.abs(weights[name]).max() for name in names],
                ),
                ("dw is multiplied by |w|", dw * w),
                (
                    "dw is divided by w number by number, before the norm: a single tiny "
                    "weight then counts for more than all others",
                    [length(gradients[name].astype(float) / weights[name]) for name in names],
                ),
            ],
            tolerance=1e-5,
        )


def layers_of(
    what: str,
    function: Answer,
    kind: a6.Kind,
    weights: Mapping[str, Array],
    gradients: Mapping[str, Array],
    net: str,
) -> Array:
    """Call a student's function, check the names in its dict, and return the numbers in order.

    Raises
    ------
    WrongAnswer
        If it returns no dict, the names are not those of convolutions and linear layers in order of
        depth, or a value is no number.
    """
    items, kept = probe("a6.layers", function, kind, weights, gradients)
    expect_that(
        kept,
        f"{what} changes the gradients of the net, or removes them (zero_grad). A measurement only "
        "looks: an optimiser may still need them",
    )
    wanted = [name for name in weights if weights[name].ndim > 1]
    expect_that(items is not None, f"{what}: expected a dict, got None; is a `return` missing?")
    expect_that(
        isinstance(items, list)
        and all(
            isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
            for item in items
        ),
        f"{what}: expected a dict: the name of the parameter, such as {wanted[0]!r} -> "
        f"number, got {str(items)[:60]}",
    )
    names = [name for name, _ in items]
    missing, more = (
        [name for name in wanted if name not in names],
        [name for name in names if name not in wanted],
    )
    if missing and [f"{name}.weight" for name in names] == wanted:
        raise WrongAnswer(
            f"{what}: expected the names of the parameters, such as {wanted[0]!r}; got "
            f"{shown(names[0])}"
        )
    if more:
        known = weights.get(more[0])
        why = (
            "not a parameter of this net"
            if known is None
            else "a bias"
            if more[0].endswith("bias")
            else "a weight of batch norm: one number for each channel"
        )
        raise WrongAnswer(
            f"{what} of {net}: {more[0]!r} is included, {why}. Only the weights of convolutions "
            "and linear layers count; they are the parameters with more than one axis"
        )
    if missing:
        raise WrongAnswer(
            f"{what} of {net}: {missing[0]!r} is missing"
            + (
                ". It is the weight of a linear layer, which belongs in the dict too"
                if weights[missing[0]].ndim == 2
                else ""
            )
            + f" (expected {len(wanted)} layers, got {len(names)})"
        )
    if names != wanted:
        first = next(i for i, name in enumerate(wanted) if names[i] != name)
        order = (
            " They are in alphabetical order, in which 10 comes before 2."
            if names == sorted(names)
            else " They are in reverse order: the layer next to the images must come first."
            if names == wanted[::-1]
            else ""
        )
        raise WrongAnswer(
            f"{what} of {net}: the layers are not in order of depth: {wanted[first]!r} should be "
            f"number {first + 1}, where you have {names[first]!r}.{order} net.named_parameters() "
            "has them in order"
        )
    values = [value for _, value in items]
    expect_that(
        all(
            isinstance(value, (int, float, np.generic))
            or isinstance(value, np.ndarray)
            and value.ndim == 0
            for value in values
        ),
        f"{what} of {net}: expected one number for each layer",
    )
    return np.array(values, float)
