"""Exercises of notebook 09: batch norm in use, and its neighbours."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...course.calling import call
from ...course.compare import expect, expect_that, expect_tuple
from .kinds import Exercise

EPS = 1e-5


def _check_use(batch_norm_in_use: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, mean, w, b = rng.standard_normal((2, 3, 4, 5)) * 3 + 1, *rng.standard_normal((3, 5))
    var = rng.uniform(0.5, 4, 5)
    sigma = np.sqrt(var + EPS)
    axes = (0, 1, 2)
    own = (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + EPS)
    mistakes = [
        ("it uses the mean and the variance of this batch", w * own + b),
        ("it divides by the variance, not by its root", w * (x - mean) / (var + EPS) + b),
        ("w and b are left out", (x - mean) / sigma),
        ("the mean is not subtracted", w * x / sigma + b),
        ("w and b are exchanged", b * (x - mean) / sigma + w),
        ("b is added before w is multiplied", w * ((x - mean) / sigma + b)),
    ]
    got = call(batch_norm_in_use, x, mean, var, w, b)
    want, root = w * (x - mean) / sigma + b, np.sqrt(var)
    for misplaced in (w * (x - mean) / root + EPS + b, w * (x - mean) / (root + EPS) + b):
        expect_that(
            not (
                isinstance(got, np.ndarray)
                and got.shape == want.shape
                and np.allclose(got, misplaced, rtol=0, atol=1e-9)
            ),
            "batch_norm_in_use: eps belongs under the root: it is added to the variance",
        )
    # Looser than usual, so that an answer without eps passes.
    expect("batch_norm_in_use", got, want, mistakes, tolerance=1e-4)


def _check_fold(folded: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((4, 4))
    mean, w, b = rng.standard_normal((3, 4))
    var = rng.uniform(0.5, 4, 4)
    sigma = np.sqrt(var + EPS)
    got = expect_tuple("folded", call(folded, weight, mean, var, w, b), 2, "weight and bias")
    expect(
        "folded: the weight",
        got[0],
        weight * (w / sigma),
        [
            ("the rows are scaled; an output channel is a column", weight * (w / sigma)[:, None]),
            ("it divides by the variance, not by its root", weight * (w / (var + EPS))),
            ("the w of batch norm is left out", weight / sigma),
            ("the bias comes first: return the weight, then the bias", b - mean * w / sigma),
            ("the columns are added up by `@`; `*` gives each its own scale", weight @ (w / sigma)),
            (
                "the mean is subtracted from the weight; it belongs into the bias",
                (weight - mean) * (w / sigma),
            ),
        ],
        tolerance=1e-4,
    )
    expect(
        "folded: the bias",
        got[1],
        b - mean * w / sigma,
        [
            ("the mean is left out: batch norm subtracts it", b),
            ("the mean is subtracted without being scaled", b - mean),
            ("the mean is multiplied by w, but not divided by sigma", b - mean * w),
            ("the sign of the mean is wrong", b + mean * w / sigma),
            ("the w of batch norm is left out", b - mean / sigma),
        ],
        tolerance=1e-4,
    )


def _check_layer_norm(layer_norm_backward: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, dy, w = rng.standard_normal((6, 5)) * 2 + 1, rng.standard_normal((6, 5)), rng.random(5) + 1
    mistakes = [
        ("it normalises over the batch, as batch norm does", _norm_backward(dy, x, w, 0)),
        ("w is left out of g", _norm_backward(dy, x, np.ones(5), 1)),
        (
            "w is multiplied at the end; but w differs from channel to channel, and the means run "
            "over channels",
            w * _norm_backward(dy, x, np.ones(5), 1),
        ),
        ("mean and variance are treated as constants", _norm_backward(dy, x, w, 1, (0, 0))),
        ("the path through the variance is missing", _norm_backward(dy, x, w, 1, (1, 0))),
        ("the path through the mean is missing", _norm_backward(dy, x, w, 1, (0, 1))),
        ("the division by sigma is missing", _norm_backward(dy, x, w, 1) * _sigma(x, 1)),
        ("the two means of g still run over the batch", _norm_backward(dy, x, w, 1, means=0)),
    ]
    got = call(layer_norm_backward, dy, x, w)
    expect("layer_norm_backward", got, _norm_backward(dy, x, w, 1), mistakes, tolerance=1e-4)


def _sigma(x, axis):
    return np.sqrt(x.var(axis=axis, keepdims=True) + EPS)


def _norm_backward(dy, x, w, axis, ways=(1, 1), means=None):
    """The right answer, or a typical wrong one: `means` is the axis of the two means of g."""
    sigma = _sigma(x, axis)
    x_hat = (x - x.mean(axis=axis, keepdims=True)) / sigma
    g = w * dy
    means = axis if means is None else means
    by_mean = g.mean(axis=means, keepdims=True)
    by_variance = x_hat * (g * x_hat).mean(axis=means, keepdims=True)
    return (g - ways[0] * by_mean - ways[1] * by_variance) / sigma


EXERCISES = (
    Exercise(
        "09.use",
        1,
        "Batch norm in use",
        """Write `batch_norm_in_use(x, running_mean, running_var, w, b)`, which computes batch norm
as it works after `net.eval()`. `x` is `(..., C)`, the others are `(C,)`, and eps is 1e-5.""",
        (
            "The same formula as in training, with other numbers for mean and var.",
            "Broadcasting does it for all channels at once: the last axes fit.",
        ),
        """
def batch_norm_in_use(x, running_mean, running_var, w, b):
    return w * (x - running_mean) / np.sqrt(running_var + 1e-5) + b
""",
        _check_use,
    ),
    Exercise(
        "09.fold",
        2,
        "Two layers that become one",
        """In use, batch norm multiplies each channel by one fixed number and adds another. The
linear layer before it can do that too, so the two become one layer. Write
`folded(weight, running_mean, running_var, w, b)`, which returns a new weight and a bias such that
`x @ new_weight + bias` is the same as batch norm (in use) of `x @ weight`. Here `weight` is
`(in, out)`, the others are `(out,)`.""",
        (
            "Write batch norm in use as y = scale * z + shift, with z = x @ weight. What are scale "
            "and shift?",
            "scale = w / sqrt(running_var + eps), shift = b - running_mean * scale. Each column of "
            "the weight belongs to one output.",
        ),
        """
def folded(weight, running_mean, running_var, w, b):
    scale = w / np.sqrt(running_var + 1e-5)
    return weight * scale, b - running_mean * scale
""",
        _check_fold,
    ),
    Exercise(
        "09.layer_norm",
        3,
        "The same over channels: layer norm",
        """**Layer norm**, which transformers use, normalises each *row* over its channels, so no
image depends on another. Only the axis differs, and `w` is `(C,)` as before. Write
`layer_norm_backward(dy, x, w)` for `x` of shape `(N, C)`, which returns `dx`. Answer two questions
first. Is `g` still `w * dy`? And over which axis does each mean go?""",
        (
            "Begin with a copy of `batch_norm_backward` and change the axes. Which of the means "
            "need `keepdims=True`?",
            "All means and the variance are over axis 1, with `keepdims=True`. `g = w * dy` stays "
            "inside of the means, because w differs from channel to channel.",
        ),
        """
def layer_norm_backward(dy, x, w):
    sigma = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / sigma
    g = w * dy
    mean_g = g.mean(axis=1, keepdims=True)
    mean_gx = (g * x_hat).mean(axis=1, keepdims=True)
    return (g - mean_g - x_hat * mean_gx) / sigma
""",
        _check_layer_norm,
    ),
    Exercise(
        "09.explain",
        0,
        "one photo, two answers",
        """A friend asks her net about a photo twice, each time in a batch with fifteen other
photos. The net names two different classes, and no weight has changed in between. She has not
called `net.eval()`. Explain what happened, and why the call helps.""",
        ("Which numbers does batch norm work out anew for each batch?",),
        """In training mode batch norm subtracts the mean of the batch and divides by its standard
deviation. Both depend on the fifteen other photos, so her photo became other numbers the second
time, in every layer. `net.eval()` makes batch norm use the running averages. They are fixed
numbers, so the answer depends on her photo alone.""",
    ),
)
