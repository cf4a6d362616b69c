"""A6: gradient norms, and one claim."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import data, nn
from ... import functional as F
from ...autograd import Tensor
from ...names import shown
from ...training import Callback
from ...types import Array
from ..compare import Answer, Trial, WrongAnswer, call, expect, expect_that, probe
from ..probes import a6
from . import task

OUTCOMES = ("supported", "contradicted", "undecided")
RESIDUAL, WITHOUT = (
    ("resnet", 8, 3, True),
    ("plain", 8, 2, False),
)  # family, depth, width, batch norm


def length(array: Any) -> float:
    """The root of the sum of squares, number by number."""
    total = 0.0
    for number in np.asarray(array).ravel().tolist():
        total += number * number
    return math.sqrt(total)


@task("a6.norm")
def norm(function: Answer, trial: Trial) -> None:
    for a in (trial.normal(5), 3 * trial.normal(4, 3), trial.normal(3, 3, 2, 5)):
        spectral = np.sqrt(np.linalg.eigvalsh(a.T @ a).max()) if a.ndim == 2 else np.nan
        expect(
            f"norm of an array of shape {a.shape}",
            call(function, a, name="norm"),
            length(a),
            [
                ("the root is missing: it is the root of the sum of squares", length(a) ** 2),
                (
                    "the mean of the squares is taken instead of their sum",
                    length(a) / math.sqrt(a.size),
                ),
                ("the mean of the squares is taken, and no root", length(a) ** 2 / a.size),
                ("absolute values are added up, not squares", np.abs(a).sum()),
                ("the numbers are added up before they are squared", abs(a.sum())),
                ("the largest number is taken", np.abs(a).max()),
                (
                    "np.linalg.norm was told to take a matrix norm (a 2 as second "
                    "argument): all numbers count alike here, whatever the shape",
                    spectral,
                ),
                (
                    "one axis alone is summed: all numbers of the array count",
                    np.sqrt((a**2).sum(axis=0)),
                ),
                (
                    "one axis alone is summed: all numbers of the array count",
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
            f"squares are taken in float32, in which {factor**2:g} is {became}: turn the "
            "numbers into float64 first (a.astype(np.float64))"
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
        "norm of an array of zeros, such as the gradient of a weight that nothing depends "
        f"on: expected 0, got {zero}",
    )


def filled(kind: a6.Kind, trial: Trial) -> tuple[dict[str, Array], dict[str, Array]]:
    """The parameters of a net by name, with random weights and gradients, of very different size
    from layer to layer.
    """
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
                ("they are divided by |w|: that is the next function", np.divide(dw, w)),
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
                ("it is the wrong way round: |dw| over |w|", w / dw),
                ("nothing is divided by |w|", dw),
                ("these are the norms of w", w),
                ("|w| comes in squared", dw / w**2),
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
    """The numbers of a dict name -> number, after a look at its names."""
    items = probe("a6.layers", function, kind, weights, gradients)
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
            f"{what} of {net}: {more[0]!r} is in it, {why}. Only the weights of "
            "convolutions and linear layers count; "
            "they are the parameters with more than one axis"
        )
    if missing:
        raise WrongAnswer(
            f"{what} of {net}: {missing[0]!r} is missing"
            + (
                ". It is the weight of a linear layer, which counts too"
                if weights[missing[0]].ndim == 2
                else ""
            )
            + f" ({len(wanted)} layers are expected, {len(names)} are there)"
        )
    if names != wanted:
        first = next(i for i, name in enumerate(wanted) if names[i] != name)
        order = (
            " They are in the order of the alphabet, in which 10 comes before 2."
            if names == sorted(names)
            else " They are in the wrong direction: the layer next to the images comes first."
            if names == wanted[::-1]
            else ""
        )
        raise WrongAnswer(
            f"{what} of {net}: the layers are not in order of depth: {wanted[first]!r} "
            f"should be number {first + 1}, and it is "
            f"{names[first]!r}.{order} net.named_parameters() has them in order"
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


@task("a6.geometric_mean")
def geometric_mean(function: Answer, trial: Trial) -> None:
    for a in (
        np.exp(2 * trial.normal(4, 3)),
        np.exp(2 * trial.normal(3, 3)),
        np.exp(trial.normal(5, 2) - 100),
    ):
        logs = np.log(a)
        expect(
            f"geometric_mean of a table of shape {a.shape}",
            call(function, a, name="geometric_mean"),
            np.exp(logs.mean(axis=0)),
            [
                (
                    "the ordinary (arithmetic) mean is taken: one large number then decides alone",
                    a.mean(axis=0),
                ),
                (
                    "the way back is missing: this is the mean of the logarithms, and exp "
                    "of it is wanted",
                    logs.mean(axis=0),
                ),
                (
                    "this is the logarithm of the mean: logarithms come first, then their "
                    "mean, then exp",
                    np.log(a.mean(axis=0)),
                ),
                ("the natural logarithm is mixed with powers of 10", 10 ** logs.mean(axis=0)),
                ("the logarithm to base 10 is mixed with exp", np.exp(np.log10(a).mean(axis=0))),
                (
                    "the mean runs over the layers; seeds are the first axis",
                    np.exp(logs.mean(axis=1)),
                ),
                (
                    "the mean runs over everything; there is one number for each layer",
                    np.exp(logs.mean()),
                ),
                ("the median is taken", np.median(a, axis=0)),
                (
                    "the sum of the logarithms is not divided by the number of seeds",
                    np.exp(logs.sum(axis=0)),
                ),
            ],
        )
    tiny = np.exp(trial.normal(40, 2) - 30)
    expect(
        "geometric_mean over 40 seeds of numbers near 1e-13",
        call(function, tiny, name="geometric_mean"),
        np.exp(np.log(tiny).mean(axis=0)),
        [
            (
                "all numbers are multiplied first, and their product is too small for "
                "float64: take logarithms",
                np.zeros(2),
            )
        ],
    )


@task("a6.line_slope")
def line_slope(function: Answer, trial: Trial) -> None:
    for n in (6, 9):
        y = 2 + trial.normal(n) + 0.3 * np.arange(n)
        x = np.arange(n, dtype=float)
        covariance, variance = ((x - x.mean()) * (y - y.mean())).sum(), ((x - x.mean()) ** 2).sum()
        slope = covariance / variance
        expect(
            f"line_slope of {n} numbers",
            call(function, y, name="line_slope"),
            slope,
            [
                (
                    "only the first and the last number count: a line by least squares goes "
                    "by all of them",
                    (y[-1] - y[0]) / (n - 1),
                ),
                (
                    "the line is made to pass through the origin: subtract the means of x "
                    "and y first",
                    (x * y).sum() / (x * x).sum(),
                ),
                (
                    "the line is made to pass through the origin: subtract the means of x "
                    "and y first",
                    ((x + 1) * y).sum() / ((x + 1) ** 2).sum(),
                ),
                ("only one of two is centred", (x * y).sum() / variance),
                (
                    "this is the slope from the first layer to the last together, not per "
                    "layer: x goes up by 1 from one to the next",
                    slope * (n - 1),
                ),
                (
                    "this is the slope for x from 0 to 1 with the wrong number of steps: x "
                    "goes up by 1 from layer to layer",
                    slope * n,
                ),
                ("the sign is turned round", -slope),
                (
                    "this is the other number of the line, its height at 0",
                    y.mean() - slope * x.mean(),
                ),
                (
                    "this is the other number of the line, its height at 0",
                    y.mean() - slope * (x.mean() + 1),
                ),
                (
                    "it is divided by the squares of y, not of x: that is the slope of x against y",
                    covariance / ((y - y.mean()) ** 2).sum(),
                ),
                (
                    "this is the correlation: it is divided by the spread of x and that of "
                    "y, where the square of that of x is wanted",
                    covariance / math.sqrt(variance * ((y - y.mean()) ** 2).sum()),
                ),
                ("the sums are not divided by that of the squares of x", covariance),
                ("it is divided by the number of points: this is the covariance", covariance / n),
                (
                    "both numbers of the line are returned: only its slope is wanted",
                    np.array([slope, y.mean() - slope * x.mean()]),
                ),
                (
                    "both numbers of the line are returned: only its slope is wanted",
                    np.array([slope, y.mean()]),
                ),
            ],
        )


@task("a6.growth")
def growth(function: Answer, trial: Trial) -> None:
    for n in (7, 12):
        logs = 0.3 * trial.normal(n) - 0.25 * np.arange(n)
        x = np.arange(n) - (n - 1) / 2
        slope = (x * logs).sum() / (x * x).sum()
        norms = np.exp(logs)
        expect(
            f"growth of {n} norms that rise towards the images",
            call(function, norms, name="growth"),
            math.exp(-slope),
            [
                (
                    "the direction is wrong: this is the factor from a layer to the *next*. "
                    "Wanted is that to the one before it, nearer to the images",
                    math.exp(slope),
                ),
                (
                    "this is the slope of the logarithms with its sign turned; exp of it is "
                    "the factor",
                    -slope,
                ),
                ("this is the slope of the logarithms; exp of its opposite is the factor", slope),
                (
                    "logarithms to base 10 are mixed with exp: both must have the same base",
                    math.exp(-slope / math.log(10)),
                ),
                (
                    "natural logarithms are mixed with powers of 10: both must have the same base",
                    10**-slope,
                ),
                (
                    "the line is laid through the norms themselves, not through their logarithms",
                    math.exp(-(x * norms).sum() / (x * x).sum()),
                ),
                (
                    "the line is laid through the norms themselves, not through their logarithms",
                    -(x * norms).sum() / (x * x).sum(),
                ),
                ("only the first and the last norm count", (norms[0] / norms[-1]) ** (1 / (n - 1))),
                (
                    "this is the ratio of the first norm to the last; wanted is the factor "
                    "for *one* layer",
                    norms[0] / norms[-1],
                ),
                (
                    "this is the factor for all layers together; wanted is that for one",
                    math.exp(-slope * (n - 1)),
                ),
            ],
        )


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


@task("a6.recorder")
def recorder(recorder_class: Answer, trial: Trial) -> None:
    kind, steps = (("plain", "resnet")[trial.seed % 2], 8, 3, True), 5
    gradients, moved = probe("a6.record", recorder_class, kind, steps)
    expect_that(
        gradients is not None and moved is not None,
        f"Recorder: it has no attribute {'gradients' if gradients is None else 'moved'}: "
        "make the lists in __init__",
    )
    for name, table in (("gradients", gradients), ("moved", moved)):
        expect_that(
            not isinstance(table, str),
            f"Recorder: {name} is no list of rows with one number for each convolution; it "
            f"is a {table}",
        )
    dw, w = [], []

    class Notes(Callback):
        def after_backward(self, trainer):
            weights = [parameter for parameter in trainer.model.parameters() if parameter.ndim > 1]
            dw.append([parameter.grad.copy() for parameter in weights])
            w.append([parameter.data.copy() for parameter in weights])

    a6.training(kind, steps, lambda net: Notes())
    everything, norms_of_w = (
        np.array([[length(g) for g in step] for step in dw]),
        np.array([[length(a) for a in step] for step in w])[:, :-1],
    )
    want = everything[:, :-1]
    expect(
        "Recorder: the table gradients",
        gradients,
        want,
        [
            (
                "every row is the last one: one list is filled again and again and put in "
                "each time; make a new list in every step",
                np.array([want[-1]] * steps),
            ),
            ("the layer of the logits is in it: the convolutions alone are wanted", everything),
            ("these are the norms of w", norms_of_w),
            (
                "these are the norms of the step (the learning rate times the gradient): "
                "the gradient itself is wanted",
                0.2 * want,
            ),
            ("these are |dw| / |w|", want / norms_of_w),
            ("all rows are in one long list: append a list for each step", want.ravel()),
            (
                "the row of another Recorder is in it: make the lists in __init__ "
                "(self.gradients = []), and not for the whole class",
                np.concatenate([want[:1], want]),
            ),
            ("the last step alone is kept: append", want[-1]),
        ],
        tolerance=1e-2,
    )

    def distances(start):
        return np.array(
            [
                [length(now - before) for now, before in zip(step, start(i))]
                for i, step in enumerate(w)
            ]
        )

    from_start = distances(lambda i: w[0])
    last_step = distances(lambda i: w[max(i - 1, 0)])
    lengths = np.array([[length(a) for a in step] for step in w])
    scale = {"distance": np.ones(lengths.shape[1]), "share": lengths[0], "length": lengths[0]}
    asked = trial.option("moved")
    wanted = (lengths if asked == "length" else from_start) / scale[asked]
    others = {
        "distance": ("the distance |w - w0| itself", from_start),
        "share": ("|w - w0| / |w0|", from_start / lengths[0]),
        "length": ("|w| / |w0|", lengths / lengths[0]),
    }
    unmoved = [
        (
            "nothing has moved: the weights that you keep are the net's own arrays, "
            "which training changes in place. Keep copies (p.data.copy())",
            np.full(want.shape, float(asked == "length")),
        ),
        (
            "this is how far the last step alone went; the distance from the start is wanted",
            last_step[:, :-1] / scale[asked][:-1],
        ),
        *(
            (
                "this is by how much |w| has become longer: take the difference of the "
                "arrays first, then the norm",
                sign * (norms_of_w - norms_of_w[0]) / scale[asked][:-1],
            )
            for sign in (np.sign(norms_of_w - norms_of_w[0]), 1)
        ),
    ]
    expect(
        "Recorder: the table moved",
        moved,
        wanted[:, :-1],
        [
            *unmoved,
            (
                "it is divided by the length of w: the distance itself is wanted",
                from_start[:, :-1] / norms_of_w[0],
            )
            if asked == "distance"
            else (
                "it is divided by |w| of the same step: divide by |w0|, the length at the start",
                (from_start / lengths)[:, :-1],
            ),
            *(
                (f"this is {words}: {others[asked][0]} is wanted", table[:, :-1])
                for key, (words, table) in others.items()
                if key != asked
            ),
            ("the layer of the logits is in it: the convolutions alone are wanted", wanted),
            ("these are the norms of w", norms_of_w),
        ],
        tolerance=1e-2,
    )


VERDICTS: tuple[tuple[str, list[Any], float, str, str], ...] = (
    (
        "A larger by far with every seed",
        [(5, 1), (6, 2), (4, 0.5)],
        1,
        "supported",
        "The claim is that A is larger: take the difference A - B. Three seeds are enough",
    ),
    (
        "B larger by far with every seed",
        [(1, 5), (2, 6), (0.5, 4)],
        1,
        "contradicted",
        "A verdict has three outcomes: where B is larger by more than the margin with every "
        "seed, the claim is contradicted. Margins are of the difference A - B, not of a "
        "ratio",
    ),
    (
        "A larger by far on average, but not with the third seed",
        [(20, 1), (9, 1), (1, 3)],
        1,
        "undecided",
        "All seeds have to agree, and the mean is not enough",
    ),
    (
        "A larger with every seed, but by less than the margin",
        [(2.2, 2), (3.3, 3), (1.3, 1)],
        1,
        "undecided",
        "A difference within the margin counts for neither side",
    ),
    (
        "B larger with every seed, but by less than the margin",
        [(2, 2.2), (3, 3.3), (1, 1.3)],
        1,
        "undecided",
        "A claim that is not supported is not contradicted for that: there is a third outcome",
    ),
    (
        "A larger by 2 with every seed, while seeds differ by 10",
        [(10, 8), (20, 18), (30, 28)],
        1,
        "supported",
        "The two numbers of *one* seed are to be compared: that is what pairs are for",
    ),
    (
        "sometimes A larger, sometimes B, by far",
        [(5, 1), (1, 5), (6, 1)],
        1,
        "undecided",
        "Seeds that disagree decide nothing: is the sign of the difference lost (abs)?",
    ),
    (
        "B larger by far with two seeds, within the margin with one",
        [(1, 5), (2, 6), (1, 1.5)],
        1,
        "undecided",
        "All seeds have to differ by more than the margin",
    ),
    (
        "A larger by exactly the margin",
        [(3, 1), (5, 2), (6, 2)],
        2,
        "undecided",
        "It has to be by *more* than the margin",
    ),
    (
        "negative numbers, A larger by far",
        [(-1, -5), (-2, -8), (-1, -4)],
        1,
        "supported",
        "Take the difference A - B; its size alone, or a ratio, goes wrong for negative numbers",
    ),
    (
        "two seeds only",
        [(5, 1), (6, 2)],
        1,
        "undecided",
        "With fewer than three seeds nothing is decided",
    ),
    ("no seeds at all", [], 1, "undecided", "With fewer than three seeds nothing is decided"),
    (
        "a number that is nan",
        [(5, 1), (6, 2), (7, math.nan), (6, 1)],
        1,
        "undecided",
        "Where a number is not finite, nothing is decided: np.isfinite",
    ),
    (
        "a number that is infinite",
        [(5, 1), (6, 2), (math.inf, 1), (6, 1)],
        1,
        "undecided",
        "Where a number is not finite, nothing is decided: np.isfinite",
    ),
    (
        "five seeds and a wide margin",
        [(9, 1), (8, 2), (9, 3), (7, 1), (10, 2)],
        4,
        "supported",
        "Every difference A - B is above the margin",
    ),
    (
        "five seeds, one of them within a wide margin",
        [(9, 1), (8, 2), (9, 6), (7, 1), (10, 2)],
        4,
        "undecided",
        "Compare the difference with the margin that is handed in",
    ),
)


def verdict_of(pairs: Sequence[tuple[float, float]], margin: float) -> str:
    """The rule, seed by seed."""
    differences = [a - b for a, b in pairs]
    if len(pairs) < 3 or not np.isfinite(pairs).all():
        return "undecided"
    if all(d > margin for d in differences):
        return "supported"
    return "contradicted" if all(d < -margin for d in differences) else "undecided"


def _drawn_pairs(trial):
    """Pairs that nobody has seen, and a margin: A is larger by far, B is, or it depends."""
    margin = trial.factor(0.5, 3)
    for centre in (4, -4, 1, 0, -1):
        differences = centre * margin * trial.rng.uniform(0.6, 1.4, int(trial.rng.integers(2, 6)))
        b = trial.rng.uniform(-5, 5, len(differences))
        pairs = [(float(x + d), float(x)) for x, d in zip(b, differences)]
        yield "drawn at random", pairs, margin, verdict_of(pairs, margin), "See the rule"


@task("a6.verdict")
def verdict(function: Answer, trial: Trial) -> None:
    cases = [*VERDICTS]
    if trial.hidden:
        shift = int(trial.rng.integers(1, 9))
        cases = [
            (what, [(a + shift, b + shift) for a, b in pairs], margin, want, hint)
            for what, pairs, margin, want, hint in VERDICTS
        ]
        cases += _drawn_pairs(trial)

    def question(what, pairs, margin, want, hint):
        return call(function, pairs, margin, name="verdict")

    for what, pairs, margin, want, hint, got in trial.ask(cases, question):
        expect_that(
            got is not None,
            f"verdict ({what}): got None; is a `return` missing? Every case needs an outcome",
        )
        expect_that(
            isinstance(got, str) and got in OUTCOMES,
            f"verdict: expected one of {', '.join(OUTCOMES)}, got {shown(got)}",
        )
        if want == "undecided" and got == "contradicted" and all(a >= b for a, b in pairs):
            hint = (
                "A claim that is not supported is not contradicted for that: there is a third "
                "outcome"
            )
        expect_that(
            got == want,
            f"verdict ({what}): pairs {pairs} and margin {margin} should give {want!r}, got "
            f"{shown(got)}. {hint}",
        )


@task("a6.prediction")
def prediction(claim: Answer, trial: Trial) -> None:
    expect_that(isinstance(claim, dict), "claim: expected a dict")
    for key in ("statement", "A", "B", "if it holds", "if it does not", "I expect", "margin"):
        expect_that(key in claim, f"claim: there is no {key!r} in it")
    for key in ("statement", "A", "B", "if it holds", "if it does not"):
        expect_that(
            isinstance(claim[key], str) and len(claim[key].split()) >= 3,
            f"claim[{key!r}]: expected a few words, got {shown(claim[key])}",
        )
    expect_that(
        claim["if it holds"].strip() != claim["if it does not"].strip(),
        "claim: both sides predict the same, so no measurement can tell them apart",
    )
    expect_that(claim["A"].strip() != claim["B"].strip(), "claim: A and B are the same")
    expect_that(
        claim["I expect"] in OUTCOMES,
        f"claim['I expect']: expected one of {', '.join(OUTCOMES)}, got {shown(claim['I expect'])}",
    )
    margin = claim["margin"]
    expect_that(
        isinstance(margin, (int, float)) and not isinstance(margin, bool) and 0 < margin < math.inf,
        "claim['margin']: expected a number above 0, a difference too small to speak of; "
        f"got {shown(margin)}",
    )


@task("a6.measure")
def measure(function: Answer, pairs: Answer, trial: Trial) -> None:
    expect_that(
        isinstance(pairs, (list, tuple, np.ndarray)) and len(pairs) >= 3,
        "pairs: expected at least three, one for each seed",
    )
    table = [numbers_of(f"pairs[{i}]", pair) for i, pair in enumerate(pairs)]
    expect_that(
        len({tuple(pair) for pair in table}) > 1,
        "measure: every seed gives the very same numbers; is `seed` used, for the weights "
        "(fresh(..., seed)) and the training?",
    )
    expect_that(
        any(a != b for a, b in table),
        "measure: A and B are the same number with every seed; are both measured on the same net?",
    )
    # First a seed of `pairs`, then others.
    seed = 3 + trial.seed % 1000 if trial.hidden else 0
    again = np.array(numbers_of("measure", call(function, seed, name="measure")))
    if trial.hidden:
        expect_that(
            tuple(again) not in {tuple(pair) for pair in table},
            f"measure({seed}): gives the very same numbers as another seed",
        )
        before = np.array(numbers_of("measure", call(function, seed, name="measure")))
    else:
        before = np.array(table[seed])
    if np.abs(again - before).max() > 1e-4 * np.abs(before).max():
        raise WrongAnswer(
            f"measure({seed}): gives {again[0]:.4g} and {again[1]:.4g}, but gave "
            f"{before[0]:.4g} and {before[1]:.4g} "
            f"{'the first time' if trial.hidden else 'when `pairs` was made'}. The same seed must "
            "give the same numbers: build fresh nets in it, hand the seed to everything that "
            "draws random numbers, and run all cells again from the top"
        )
    if not trial.hidden:
        _depends_on_nets(function, seed, again)


def _depends_on_nets(function, seed, usual):
    """That other numbers are measured where the library's nets compute something else."""
    try:
        other = numbers_of("measure", probe("a6.elsewhere", function, seed))
    except WrongAnswer:  # no numbers: a net that computes something else may well go astray
        return
    expect_that(
        not np.array_equal(other, usual),
        f"measure({seed}): gives the very same numbers when every net has another ReLU. Are they "
        "measured on a net?",
    )


def numbers_of(what: str, pair: Any) -> list[float]:
    """Two finite numbers as floats."""
    if isinstance(pair, np.ndarray):
        pair = pair.tolist()
    expect_that(
        pair is not None, f"{what}: expected two numbers (A, B), got None; is a `return` missing?"
    )
    expect_that(
        isinstance(pair, (tuple, list)) and len(pair) == 2, f"{what}: expected two numbers (A, B)"
    )
    numbers = []
    for name, value in zip("AB", pair):
        single = (
            isinstance(value, (int, float, np.generic))
            or isinstance(value, np.ndarray)
            and value.size == 1
        )
        expect_that(single, f"{what}: {name} is not a number, but {type(value).__name__}")
        value = float(np.asarray(value).reshape(()))
        expect_that(
            math.isfinite(value),
            f"{what}: {name} is {value}: did the training go astray, or is something divided by 0?",
        )
        numbers.append(value)
    return numbers
