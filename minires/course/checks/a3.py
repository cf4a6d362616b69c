"""A3: batch norm and ReLU."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import data, functional, kernels, models, optim
from ...autograd import Tensor
from ...types import Array
from ..across import as_numbers
from ..compare import (
    Answer,
    Trial,
    WrongAnswer,
    call,
    expect,
    expect_that,
    expect_tuple,
    probe,
)
from . import task
from .a1 import SLOPES, slope

SHAPES = ((3, 4, 5, 2), (7, 3))  # a batch of images, and one of the outputs of a linear layer
EPS = 0.1  # not the default, and large enough to be seen


# ReLU


@task("a3.relu_forward")
def relu_forward(function: Answer, trial: Trial) -> None:
    x = trial.normal(5, 3, 2)
    x[0, 0] = 0.0, -0.0
    y = _forward(function, x, name="relu_forward")[0]
    expect(
        "relu_forward: y",
        y,
        np.where(x > 0, x, 0),
        [
            ("the absolute value is taken: negative numbers become 0", np.abs(x)),
            (
                "y says only whether x is positive: positive numbers pass as they are",
                (x > 0).astype(float),
            ),
            ("the sign is turned round: positive numbers pass", np.minimum(x, 0)),
            ("negative numbers pass too", x),
        ],
        tolerance=1e-12,
    )
    x = np.array([1.0, np.nan, -1.0])
    y = _forward(function, x, name="relu_forward")[0]
    expect_that(
        np.isnan(np.asarray(y, dtype=float)[1]),
        "relu_forward: where x is nan, y must be nan too, and it is "
        f"{np.asarray(y, dtype=float)[1]:g}: the error before it is hidden. A comparison "
        "with nan is always False, "
        "so np.where(x > 0, x, 0) puts a 0 there",
    )
    x = trial.normal(2, 3, dtype=np.float32)
    expect(
        "relu_forward of float32",
        _forward(function, x, name="relu_forward")[0],
        np.where(x > 0, x, 0),
        dtype=np.float32,
    )


@task("a3.relu_backward")
def relu_backward(forward: Answer, backward: Answer, trial: Trial) -> None:
    x, dy = trial.normal(5, 3, 2), trial.normal(5, 3, 2)
    x[0, 0], dy[0, 0] = (0.0, -0.0), (1.0, 2.0)
    _, cache = _forward(forward, x, name="relu_forward")
    dx = _only(call(backward, dy, cache, name="relu_backward"))
    at_zero = trial.option("ReLU at 0 in a kernel")
    expect(
        "relu_backward: dx",
        dx,
        slope(x, at_zero) * dy,
        [
            (
                "the gradient is let through where *it* is positive, instead of where x is",
                np.where(dy > 0, dy, 0),
            ),
            *(
                [
                    (
                        "the gradient is let through at x = 0: there the derivative is taken as 0, "
                        "as in PyTorch",
                        np.where(x >= 0, dy, 0),
                    ),
                    (
                        "at x = 0 half of the gradient passes: take 0 there",
                        np.where(x == 0, dy / 2, np.where(x > 0, dy, 0)),
                    ),
                ]
                if at_zero == "0"
                else [
                    (f"the derivative at x = 0 is {key}: here it is to be {at_zero}", other)
                    for key in SLOPES
                    for other in [slope(x, key) * dy]
                ]
            ),
            (
                "zeros of one sign are told from those of the other: -0.0 and 0.0 are "
                f"equal, and the derivative is {at_zero} at both",
                np.where(np.signbit(x), 0, dy),
            ),
            (
                "dy is missing: the chain rule multiplies by what came from above",
                (x > 0).astype(float),
            ),
            ("the sign is turned round: gradients pass where x > 0", np.where(x < 0, dy, 0)),
            ("the gradient is multiplied by x itself", dy * np.where(x > 0, x, 0)),
            ("the gradient passes everywhere", dy),
        ],
        tolerance=1e-12,
    )
    x, dy = trial.normal(2, 3, dtype=np.float32), trial.normal(2, 3, dtype=np.float32)
    _, cache = _forward(forward, x, name="relu_forward")
    expect(
        "relu_backward of float32",
        _only(call(backward, dy, cache, name="relu_backward")),
        np.where(x > 0, dy, 0),
        dtype=np.float32,
    )


# Batch norm forward


def _forward(function, *arrays, name="batch_norm_forward", **settings):
    """y and the cache."""
    return expect_tuple(name, call(function, *arrays, name=name, **settings), 2, "y and the cache")


def _only(got):
    """A single gradient, alone or as a tuple of one."""
    return got[0] if isinstance(got, (tuple, list)) and len(got) == 1 else got


def _axes(x):
    return tuple(range(x.ndim - 1))


def _moments(x: Array, axes: tuple[int, ...] | None = None) -> tuple[Array, Array]:
    """Mean and biased variance over some axes (all but the channels), which stay as ones."""
    axes = _axes(x) if axes is None else axes
    mean = x.sum(axis=axes, keepdims=True) / math.prod(x.shape[i] for i in axes)
    return mean, ((x - mean) ** 2).sum(axis=axes, keepdims=True) / math.prod(
        x.shape[i] for i in axes
    )


def _normalised(x, weight, bias, mean, var, eps):
    return weight * (x - mean) / np.sqrt(var + eps) + bias


def _draw(trial, shape, dtype=np.float64):
    """x with channels of different place and size; weight and bias that differ."""
    channels = np.arange(1, shape[-1] + 1)
    x = trial.normal(*shape) * channels * 0.5 + 3 - 2 * channels
    weight, bias = trial.rng.uniform(0.5, 2, shape[-1]), trial.normal(shape[-1])
    return x.astype(dtype), weight.astype(dtype), bias.astype(dtype)


def _statistics(cache):
    """mean and var of the cache."""
    (mean, var), kind = probe("a3.statistics", cache)
    for name, value in (("mean", mean), ("var", var)):
        if value is None or not isinstance(value, np.ndarray):
            raise WrongAnswer(
                f"batch_norm_forward: the cache has no attribute {name} that is an array: "
                "the layer reads cache.mean and cache.var. "
                "Expected an object with both, such as SimpleNamespace(mean=..., var=...); "
                f"the cache is a {kind}"
            )
    return mean, var


@task("a3.forward")
def forward(function: Answer, trial: Trial) -> None:
    for shape in SHAPES:
        x, weight, bias = _draw(trial, shape)
        y, cache = _forward(function, x, weight, bias, eps=EPS)
        mean, var = _moments(x)
        count = x.size // x.shape[-1]
        over = {
            "each image by itself (instance norm): the mean and the variance run over all "
            "images of the batch": tuple(range(1, x.ndim - 1)) or None,
            "each pixel by itself: the mean and the variance run over all pixels too, not "
            "over axis 0 alone": (0,) if x.ndim > 2 else None,
            "the channels of each pixel (layer norm): the mean and the variance of a "
            "channel run over all axes but the last": (x.ndim - 1,),
            "each image as a whole (layer norm): every channel has a mean and a variance of "
            "its own": tuple(range(1, x.ndim)),
            "all channels together: every channel has a mean and a variance of its own": tuple(
                range(x.ndim)
            ),
        }
        expect(
            f"batch_norm_forward, x of shape {shape}: y",
            y,
            _normalised(x, weight, bias, mean, var, EPS),
            [
                ("weight and bias are exchanged", _normalised(x, bias, weight, mean, var, EPS)),
                (
                    "eps is added outside of the root: it is sqrt(var + eps)",
                    weight * (x - mean) / (np.sqrt(var) + EPS) + bias,
                ),
                ("eps is missing", _normalised(x, weight, bias, mean, var, 0)),
                (
                    "the argument eps is not used: 1e-5 is taken in its place",
                    _normalised(x, weight, bias, mean, var, 1e-5),
                ),
                (
                    "the unbiased variance is used: divide by M here; M - 1 is for the "
                    "running average only",
                    _normalised(x, weight, bias, mean, var * count / (count - 1), EPS),
                ),
                (
                    "it is divided by the variance instead of its root",
                    weight * (x - mean) / (var + EPS) + bias,
                ),
                ("the mean is not subtracted", _normalised(x, weight, bias, 0, var, EPS)),
                ("weight is missing", _normalised(x, 1, bias, mean, var, EPS)),
                ("bias is missing", _normalised(x, weight, 0, mean, var, EPS)),
                (
                    "weight multiplies the bias too: y = weight x_hat + bias",
                    weight * ((x - mean) / np.sqrt(var + EPS) + bias),
                ),
                (
                    "this is x_hat: weight and bias are still missing",
                    _normalised(x, 1, 0, mean, var, EPS),
                ),
                *[
                    (
                        f"the statistics are those of {what}",
                        _normalised(x, weight, bias, *_moments(x, axes), EPS),
                    )
                    for what, axes in over.items()
                    if axes
                ],
            ],
        )
        got_mean, got_var = _statistics(cache)
        mean, var = mean.reshape(-1), var.reshape(-1)
        kept = (
            "an axis is kept (keepdims=True): the running averages have shape (C,), so take "
            "mean.reshape(-1)"
        )
        expect(
            f"batch_norm_forward, x of shape {shape}: cache.mean",
            got_mean,
            mean,
            [
                (kept, mean.reshape((1,) * (x.ndim - 1) + (-1,))),
                ("mean and var are exchanged", var),
            ],
        )
        expect(
            f"batch_norm_forward, x of shape {shape}: cache.var",
            got_var,
            var,
            [
                (kept, var.reshape((1,) * (x.ndim - 1) + (-1,))),
                (
                    "the cache holds the standard deviation: take the variance, before the root",
                    np.sqrt(var),
                ),
                (
                    "the cache holds the standard deviation: take the variance, without "
                    "eps, before the root",
                    np.sqrt(var + EPS),
                ),
                ("eps has been added: the cache holds the variance alone", var + EPS),
                (
                    "it is the unbiased variance: the cache holds the biased one "
                    "(update_running corrects it)",
                    var * count / (count - 1),
                ),
                ("the cache holds 1 / sqrt(var + eps)", 1 / np.sqrt(var + EPS)),
                ("mean and var are exchanged", mean),
            ],
        )
    x, weight, bias = _draw(trial, (3, 2, 2, 4), np.float32)
    y, cache = _forward(function, x, weight, bias)
    wide, wide_weight, wide_bias = (array.astype(float) for array in (x, weight, bias))
    expect(
        "batch_norm_forward of float32: y",
        y,
        _normalised(wide, wide_weight, wide_bias, *_moments(wide), 1e-5),
        tolerance=1e-4,
        dtype=np.float32,
    )
    for name, got, want in zip(("mean", "var"), _statistics(cache), _moments(wide)):
        expect(
            f"batch_norm_forward of float32: cache.{name}",
            got,
            want.reshape(-1),
            tolerance=1e-4,
            dtype=np.float32,
        )


@task("a3.precision")
def precision(function: Answer, trial: Trial) -> None:
    x = (0.1 * trial.normal(4, 6, 6, 3) + [1000, -400, 0]).astype(np.float32)
    weight, bias = np.array([1, 2, 0.5], np.float32), np.array([0.5, 0, -1], np.float32)
    wide, wide_weight, wide_bias = (array.astype(float) for array in (x, weight, bias))
    y, cache = _forward(function, wide, wide_weight, wide_bias)
    mean, var = _moments(wide)
    want = _normalised(wide, wide_weight, wide_bias, mean, var, 1e-5)
    expect("batch_norm_forward of float64, means of 1000, -400 and 0", y, want, tolerance=1e-3)
    y, cache = _forward(function, x, weight, bias)
    expect_that(
        np.shape(y) == x.shape,
        f"batch_norm_forward of float32: expected y of shape {x.shape}, got {np.shape(y)}",
    )
    wrong = np.abs(np.asarray(y, float) - want).max(axis=(0, 1, 2))
    if not wrong.max() < 0.1:
        channel = int(np.argmax(np.where(np.isnan(wrong), np.inf, wrong)))
        got = np.asarray(_statistics(cache)[1], float).ravel()
        raise WrongAnswer(
            f"batch_norm_forward of float32, where the mean is {(1000, -400, 0)[channel]} "
            "and the standard deviation 0.1: y is off by up to "
            f"{wrong[channel]:.3g}; the variance is {var.ravel()[channel]:.4f}, your cache "
            f"holds {got[channel] if channel < got.size else math.nan:.4g}. "
            "The digits are lost where two large, nearly equal numbers are subtracted, as "
            "in the mean of x^2 minus the square of the mean. "
            "Subtract the mean first, then square"
        )
    x = np.stack([np.full((2, 3, 3), 3), trial.normal(2, 3, 3)], axis=-1).astype(np.float32)
    y, _ = _forward(function, x, weight[:2], bias[:2])
    want = _normalised(x.astype(float), weight[:2], bias[:2], *_moments(x.astype(float)), 1e-5)
    expect_that(
        np.isfinite(y).all(),
        "batch_norm_forward: a channel that is 3 everywhere gives nan or infinity. Its "
        "variance is 0; eps, under the root, is "
        "there so that nothing is divided by 0",
    )
    expect(
        "batch_norm_forward, a channel that is 3 everywhere: y",
        y,
        want,
        tolerance=1e-4,
        dtype=np.float32,
    )


@task("a3.inference")
def inference(function: Answer, trial: Trial) -> None:
    for shape in (*SHAPES, (1, 2, 3, 2), (1, 3)):
        x, weight, bias = _draw(trial, shape)
        mean, var = trial.normal(shape[-1]), trial.rng.uniform(0.5, 4, shape[-1])
        y, _ = _forward(function, x, weight, bias, mean=mean, var=var, eps=EPS)
        own_mean, own_var = _moments(x)
        count = x.size // x.shape[-1]
        expect(
            f"batch_norm_forward in inference, x of shape {shape}: y",
            y,
            _normalised(x, weight, bias, mean, var, EPS),
            [
                (
                    "the batch's own statistics are used, and the given ones ignored",
                    _normalised(x, weight, bias, own_mean, own_var, EPS),
                ),
                (
                    "the given mean is used, but the batch's own variance",
                    _normalised(x, weight, bias, mean, own_var, EPS),
                ),
                (
                    "the given variance is used, but the batch's own mean",
                    _normalised(x, weight, bias, own_mean, var, EPS),
                ),
                (
                    "the variance is taken for the standard deviation: divide by its root",
                    weight * (x - mean) / (var + EPS) + bias,
                ),
                (
                    "the variance is taken for the standard deviation: divide by the root "
                    "of var + eps",
                    weight * (x - mean) / var + bias,
                ),
                (
                    "eps is missing, or added outside of the root: it is sqrt(var + eps), "
                    "as in training",
                    _normalised(x, weight, bias, mean, var, 0),
                ),
                (
                    "eps is added outside of the root: it is sqrt(var + eps), as in training",
                    weight * (x - mean) / (np.sqrt(var) + EPS) + bias,
                ),
                (
                    "the argument eps is not used: 1e-5 is taken in its place",
                    _normalised(x, weight, bias, mean, var, 1e-5),
                ),
                (
                    "the given variance is corrected by M / (M - 1): it is used as it is",
                    _normalised(x, weight, bias, mean, var * count / max(count - 1, 1), EPS),
                ),
                (
                    "mean and var are exchanged",
                    _normalised(x, weight, bias, var, np.abs(mean), EPS),
                ),
                ("weight and bias are exchanged", _normalised(x, bias, weight, mean, var, EPS)),
                (
                    "weight and bias are missing in inference: they are the same as in training",
                    _normalised(x, 1, 0, mean, var, EPS),
                ),
            ],
        )
    x, weight, bias = _draw(trial, (4, 1))
    try:
        y, _ = _forward(function, x, weight, bias, mean=np.zeros(1), var=np.ones(1), eps=EPS)
    except WrongAnswer as error:
        raise WrongAnswer(f"a given mean of 0, for one channel: {error}") from None
    expect(
        "batch_norm_forward in inference, one channel, a given mean of 0: y",
        y,
        _normalised(x, weight, bias, 0, 1, EPS),
        [
            (
                "the batch's own statistics are used: an array that holds a single 0 counts "
                "as False. Ask whether `mean is None`",
                _normalised(x, weight, bias, *_moments(x), EPS),
            )
        ],
    )
    x, weight, bias = _draw(trial, (3, 2), np.float32)
    y, _ = _forward(
        function, x, weight, bias, mean=np.ones(2, np.float32), var=np.full(2, 2, np.float32)
    )
    expect(
        "batch_norm_forward in inference, float32: y",
        y,
        _normalised(x.astype(float), weight, bias, 1, 2, 1e-5),
        tolerance=1e-4,
        dtype=np.float32,
    )


# The running averages


def _moved(running_mean, running_var, mean, var, count, momentum):
    return (1 - momentum) * running_mean + momentum * mean, (
        1 - momentum
    ) * running_var + momentum * var * count / max(count - 1, 1)


def _running_mistakes(which, old, batch, count, momentum, of_past=False):
    """The sentences for the running mean (0) or variance (1), and what each would give.

    `momentum` is the share of the batch, also where the student's is that of the past.
    """
    rule = "m old + (1 - m) batch" if of_past else "(1 - m) old + m batch"
    share = "*old* average" if of_past else "*new* batch"
    old_share, batch_share = ("m", "1 - m") if of_past else ("1 - m", "m")
    default = (0.1, 0.9)[of_past]
    correction = count / max(count - 1, 1)
    wanted = batch * (correction if which else 1)
    found = [
        (
            f"the momentum is the wrong way round: it is the share of the {share}, new = {rule}",
            momentum * old + (1 - momentum) * wanted,
        ),
        (
            f"the argument momentum is not used: {default} is taken in its place",
            0.9 * old + 0.1 * wanted,
        ),
        (
            f"the old average is not made smaller: new = {rule}",
            old + momentum * wanted,
        ),
        ("the old average is thrown away", wanted),
        (
            f"only {batch_share} times the batch is there: {old_share} times the old average is "
            "missing"
            if of_past
            else "only m times the batch is there: (1 - m) times the old average is missing",
            momentum * wanted,
        ),
        ("it is not moved", old),
        ("the mean of old and new is taken", (old + wanted) / 2),
    ]
    if which:
        found += [
            (
                "it is the biased variance that goes into the average: multiply it by M / "
                "(M - 1) first",
                (1 - momentum) * old + momentum * batch,
            ),
            (
                "the correction is upside down: M / (M - 1), for the unbiased variance is "
                "the larger one",
                (1 - momentum) * old + momentum * batch / correction,
            ),
            (
                "both the old average and the batch's variance are corrected: only the "
                "batch's is biased",
                correction * ((1 - momentum) * old + momentum * batch),
            ),
            (
                "the standard deviation goes into the average, instead of the variance",
                (1 - momentum) * old + momentum * np.sqrt(wanted),
            ),
            (
                "the standard deviation goes into the average, instead of the variance",
                (1 - momentum) * old + momentum * np.sqrt(batch),
            ),
            (
                "the momentum is the wrong way round, and the variance is the biased one",
                momentum * old + (1 - momentum) * batch,
            ),
        ]
    else:
        found += [
            (
                "the mean is corrected by M / (M - 1): that is for the variance only",
                (1 - momentum) * old + momentum * batch * correction,
            )
        ]
    return found


@task("a3.running")
def running(function: Answer, trial: Trial) -> None:
    of_past = trial.option("batch norm's momentum") == "of the past"
    momentum = 0.7 if of_past else 0.3
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-5)):
        old = trial.normal(3, dtype=dtype), trial.rng.uniform(1, 2, 3).astype(dtype)
        for number, count in enumerate((4, 3, 6), 1):
            mean, var = trial.normal(3, dtype=dtype), trial.rng.uniform(2, 5, 3).astype(dtype)
            new = expect_tuple(
                "update_running",
                call(function, *old, mean, var, count, momentum, name="update_running"),
                2,
                "the new mean and the new variance",
            )
            wanted = _moved(*old, mean, var, count, 0.3)
            for which, name in enumerate(("mean", "variance")):
                other = (
                    f"the running {('variance', 'mean')[which]} comes in its place: return "
                    "the mean first",
                    wanted[1 - which],
                )
                expect(
                    f"update_running, batch {number} of "
                    f"float{8 * np.dtype(dtype).itemsize}, M = {count}, momentum {momentum}: the "
                    f"running {name}",
                    new[which],
                    wanted[which],
                    [
                        *_running_mistakes(
                            which, old[which], (mean, var)[which], count, 0.3, of_past
                        ),
                        other,
                    ],
                    tolerance=tolerance,
                    dtype=dtype,
                )
            old = np.asarray(wanted[0], dtype), np.asarray(wanted[1], dtype)
    old, mean = (np.ones(2), np.ones(2)), trial.normal(2)
    new = expect_tuple(
        "update_running",
        call(function, *old, mean, np.zeros(2), 1, name="update_running"),
        2,
        "the new mean and the new variance",
    )
    expect_that(
        np.isfinite(np.asarray(new, float)).all(),
        "update_running, M = 1: the averages are nan or infinite. With one number there is "
        "nothing to divide by "
        "M - 1 = 0: take the biased variance then",
    )
    for which, name in enumerate(("mean", "variance")):
        expect(
            f"update_running, M = 1, the default momentum of {(0.1, 0.9)[of_past]}: the running "
            f"{name}",
            new[which],
            _moved(*old, mean, np.zeros(2), 1, 0.1)[which],
            [
                (
                    f"the default of momentum has been changed: it is {(0.1, 0.9)[of_past]}",
                    _moved(*old, mean, np.zeros(2), 1, 0.9)[which],
                )
            ],
        )


@task("a3.layer")
def layer(layer_class: Answer, trial: Trial) -> None:
    of_past = trial.option("batch norm's momentum") == "of the past"
    settings: dict[str, Any] = {
        "momentum": 0.3,
        "eps": 1e-3,
        "running_mean": trial.normal(2),
        "running_var": trial.rng.uniform(1, 2, 2),
    }
    batches: list[dict[str, Any]] = []
    for training, shape in (
        (True, (2, 3, 1, 2)),
        (True, (5, 2)),
        (False, (2, 3, 1, 2)),
        (False, (1, 2)),
        (True, (2, 1, 2, 2)),
    ):
        batches.append(
            {
                "training": training,
                "x": trial.normal(*shape),
                "y": trial.normal(*shape),
                "mean": trial.normal(2),
                "var": trial.rng.uniform(2, 5, 2),
            }
        )
    seen = probe("a3.layer", layer_class, settings, batches)
    old = settings["running_mean"], settings["running_var"]
    for number, (batch, found) in enumerate(zip(batches, seen), 1):
        x, training = batch["x"], batch["training"]
        what = (
            f"BatchNorm, batch {number} of 5, in {'training' if training else 'evaluation'}, x "
            f"of shape {x.shape}"
        )
        count = x.size // x.shape[-1]
        expect_that(
            found["y"] is not None,
            f"{what}: expected a Tensor, got {found['type']}; "
            + (
                "is a `return` missing?"
                if found["type"] == "NoneType"
                else "normalise returns two things, of which y is the first"
            ),
        )
        expect_that(
            len(found["used"]) == 1,
            f"{what}: expected one call of normalise, got {len(found['used'])}",
        )
        mean, var = found["used"][0]
        if training:
            expect_that(
                mean is None and var is None,
                f"{what}: it normalises by given statistics, such as the running averages; "
                "in training the batch's own "
                "are used (call normalise without mean and var)",
            )
            wanted = _moved(*old, batch["mean"], batch["var"], count, 0.3)
        else:
            expect_that(
                mean is not None and var is not None,
                f"{what}: it normalises by the batch's own statistics; in evaluation the "
                "running averages are used, so that "
                "an image's answer does not depend on its company. Look at self.training",
            )
            wanted = old
            expect(
                f"{what}: the mean that it normalises by",
                mean,
                old[0],
                [("mean and variance are exchanged", old[1])],
            )
            expect(
                f"{what}: the variance that it normalises by",
                var,
                old[1],
                [
                    ("mean and variance are exchanged", old[0]),
                    (
                        "the standard deviation is handed in: normalise wants the variance",
                        np.sqrt(old[1]),
                    ),
                ],
            )
        expect_that(
            found["replaced"] is None,
            f"{what}: a running average was a Tensor, and now is of type "
            f"{found['replaced']}: put the new array into its .data "
            "(self.running_mean.data = ...), and not in its place",
        )
        for which, (name, got) in enumerate(zip(("mean", "variance"), found["running"])):
            own = (batch["mean"], batch["var"])[which]
            if not training:
                expect_that(
                    np.array_equal(got, old[which]),
                    f"{what}: the running {name} has moved. In evaluation it must stay as "
                    "it is: a look at test images would change the net",
                )
                continue
            other_counts = [
                (
                    f"count is {wrong}, the {meaning}: M is how many numbers *each channel* "
                    f"has, here {count}",
                    _moved(*old, batch["mean"], batch["var"], n, 0.3)[which],
                )
                for wrong, meaning, n in (
                    ("len(x)", "number of images", len(x)),
                    ("x.size", "number of all numbers", x.size),
                )
            ]
            expect(
                f"{what}: the running {name}",
                got,
                wanted[which],
                [
                    (
                        "self.momentum is not handed on to update_running",
                        _moved(*old, batch["mean"], batch["var"], count, 0.1)[which],
                    ),
                    *other_counts,
                    *(
                        [
                            (
                                "self.momentum is handed on as it is. It is the share of the new "
                                "batch, and your update_running takes that of the old average",
                                _moved(*old, batch["mean"], batch["var"], count, 0.7)[which],
                            )
                        ]
                        if of_past
                        else []
                    ),
                    *_running_mistakes(which, old[which], own, count, 0.3, of_past),
                ],
            )
        expect(f"{what}: the output", found["y"], batch["y"], tolerance=1e-12)
        expect_that(
            found["recorded"],
            f"{what}: the output is not on the tape, so no gradient would come back: return "
            "the Tensor that normalise gives you, as it is",
        )
        old = found["running"]


# Batch norm backward


def _jacobian(column, eps):
    """d x_hat[i] / d x[j] for the numbers of one channel."""
    M = len(column)
    centred = column - column.sum() / M
    sigma = np.sqrt((centred**2).sum() / M + eps)
    own = np.eye(M) - 1 / M  # of the centred numbers
    d_sigma = centred / (M * sigma)
    return own / sigma - np.outer(centred, d_sigma) / sigma**2


def _gradients(x: Array, weight: Array, dy: Array, eps: float) -> tuple[Array, Array, Array]:
    """dx, dweight and dbias in training, channel by channel, from the Jacobian."""
    dx, dweight, dbias = np.empty(x.shape), np.empty(x.shape[-1]), np.empty(x.shape[-1])
    for c in range(x.shape[-1]):
        column, above = x[..., c].ravel(), dy[..., c].ravel()
        dx[..., c] = (_jacobian(column, eps).T @ (weight[c] * above)).reshape(x.shape[:-1])
        x_hat = (column - column.mean()) / np.sqrt(column.var() + eps)
        dweight[c], dbias[c] = above @ x_hat, above.sum()
    return dx, dweight, dbias


def _back(forward, backward, arrays, dy, settings, eps, want_y):
    """What backward returns, after a look at whether forward is right: the cache comes from
    there.
    """
    y, cache = _forward(forward, *arrays, eps=eps, **settings)
    try:
        expect("y", y, want_y, tolerance=1e-3)
    except WrongAnswer:
        raise WrongAnswer(
            "batch_norm_backward: it works with the cache of batch_norm_forward, and that "
            "is not right yet; see task 2"
        ) from None
    return expect_tuple(
        "batch_norm_backward",
        call(backward, dy, cache, name="batch_norm_backward"),
        3,
        "dx, dweight and dbias",
    )


def _expect_sums(what, dweight, dbias, dy, x, x_hat, y, weight, bias, own_x_hat=None):
    """dweight and dbias."""
    axes = _axes(x)
    right = (dy * x_hat).sum(axis=axes)
    kept = (1,) * (x.ndim - 1) + (-1,)
    per_image = tuple(range(1, x.ndim - 1))
    expect(
        f"{what}: dweight",
        dweight,
        right,
        [
            ("dweight and dbias are exchanged: return dx, dweight, dbias", dy.sum(axis=axes)),
            (
                "dweight is the sum of dy times x: weight multiplies x_hat, not x",
                (dy * x).sum(axis=axes),
            ),
            (
                "dweight is the sum of dy times (x - mean): divide by sqrt(var + eps)",
                (dy * (x - x.mean(axis=axes))).sum(axis=axes),
            ),
            ("dweight is the sum of dy times y: weight multiplies x_hat", (dy * y).sum(axis=axes)),
            ("dweight is the sum of x_hat: dy is missing", x_hat.sum(axis=axes)),
            *(
                [
                    (
                        "x_hat is normalised by the batch: in inference it is (x - mean) / "
                        "sqrt(var + eps) with the given ones",
                        (dy * own_x_hat).sum(axis=axes),
                    )
                ]
                if own_x_hat is not None
                else []
            ),
            ("the mean is taken instead of the sum", (dy * x_hat).mean(axis=axes)),
            (
                "dweight is multiplied by weight: d(weight x_hat)/d(weight) is x_hat alone",
                weight * right,
            ),
            (
                "it is not summed: each channel has one weight, which all its numbers use",
                dy * x_hat,
            ),
            (
                "it is summed over the images only: sum over the pixels too",
                (dy * x_hat).sum(axis=0),
            ),
            (
                "it is summed over the pixels only: sum over the images too",
                (dy * x_hat).sum(axis=per_image),
            ),
            (
                "an axis is kept (keepdims=True): dweight has the shape of weight",
                right.reshape(kept),
            ),
        ],
    )
    right = dy.sum(axis=axes)
    expect(
        f"{what}: dbias",
        dbias,
        right,
        [
            (
                "the mean is taken instead of the sum: every number of the channel uses "
                "the same bias, and their gradients add up",
                dy.mean(axis=axes),
            ),
            (
                "dweight and dbias are exchanged: return dx, dweight, dbias",
                (dy * x_hat).sum(axis=axes),
            ),
            (
                "dbias is multiplied by weight: y = weight x_hat + bias, so dy/dbias is 1",
                weight * right,
            ),
            ("dbias is multiplied by bias: dy/dbias is 1", bias * right),
            ("it is not summed: each channel has one bias, which all its numbers use", dy),
            ("it is summed over the images only: sum over the pixels too", dy.sum(axis=0)),
            ("an axis is kept (keepdims=True): dbias has the shape of bias", right.reshape(kept)),
        ],
    )


def _case(trial, shape, dtype=np.float64):
    """x, weight, bias and a dy whose sums over a channel are far from 0."""
    x, weight, bias = _draw(trial, shape, dtype)
    x_hat = _normalised(x, 1, 0, *_moments(x), 1e-5)
    return x, weight, bias, (trial.normal(*shape) + 0.7 + 0.5 * x_hat).astype(dtype)


@task("a3.sums")
def sums(forward: Answer, backward: Answer, trial: Trial) -> None:
    for shape in SHAPES:
        x, weight, bias, dy = _case(trial, shape)
        x_hat = _normalised(x, 1, 0, *_moments(x), EPS)
        y = weight * x_hat + bias
        _, dweight, dbias = _back(forward, backward, (x, weight, bias), dy, {}, EPS, y)
        _expect_sums(
            f"batch_norm_backward in training, shape {shape}",
            dweight,
            dbias,
            dy,
            x,
            x_hat,
            y,
            weight,
            bias,
        )


@task("a3.backward")
def backward(forward: Answer, backward: Answer, trial: Trial) -> None:
    for shape in SHAPES:
        x, weight, bias, dy = _case(trial, shape)
        mean, var = _moments(x)
        sigma = np.sqrt(var + EPS)
        x_hat = (x - mean) / sigma
        want, dweight, dbias = _gradients(x, weight, dy, EPS)
        dx, _, _ = _back(forward, backward, (x, weight, bias), dy, {}, EPS, weight * x_hat + bias)
        count = x.size // x.shape[-1]
        g, gain = weight * dy, weight / sigma

        def formula(first=1.0, through_mean=1.0, through_var=1.0, gain=gain, x_hat=x_hat):
            """dx with parts left out or changed."""
            return gain * (
                first * dy - through_mean * dbias / count - through_var * x_hat * dweight / count
            )

        expect(
            f"batch_norm_backward in training, shape {shape}: dx",
            dx,
            want,
            [
                (
                    "mean and variance are taken for constants, as in inference: they "
                    "depend on every x of the channel, which adds two terms",
                    gain * dy,
                ),
                (
                    "the way through the mean is missing: x moves it, and with it every x_hat",
                    formula(through_mean=0),
                ),
                (
                    "the way through the variance is missing: x moves it, and with it every x_hat",
                    formula(through_var=0),
                ),
                ("the way through the mean has the wrong sign", formula(through_mean=-1)),
                ("the way through the variance has the wrong sign", formula(through_var=-1)),
                (
                    "both ways through mean and variance have the wrong sign",
                    formula(through_mean=-1, through_var=-1),
                ),
                (
                    "weight is missing: what arrives at x_hat is weight times dy",
                    formula(gain=1 / sigma),
                ),
                (
                    "weight is missing: what arrives at x_hat is weight times dy, in all "
                    "three ways",
                    (g - dbias / count - x_hat * dweight / count) / sigma,
                ),
                ("weight multiplies the terms twice", formula(gain=gain * weight)),
                ("it is not divided by sqrt(var + eps)", formula(gain=weight)),
                (
                    "it is divided by var + eps, without the root",
                    formula(gain=weight / (var + EPS)),
                ),
                ("it is multiplied by sqrt(var + eps): divide", formula(gain=weight * sigma)),
                ("eps is missing in the standard deviation", formula(gain=weight / np.sqrt(var))),
                ("eps is outside of the root", formula(gain=weight / (np.sqrt(var) + EPS))),
                (
                    "sums are taken where means should be: divide by M, the count of "
                    "numbers in the channel",
                    formula(through_mean=count, through_var=count),
                ),
                ("the sum of dy is not divided by M", formula(through_mean=count)),
                ("the sum of dy x_hat is not divided by M", formula(through_var=count)),
                (
                    "the sums are divided by the number of images: M counts the pixels too",
                    formula(through_mean=count / len(x), through_var=count / len(x)),
                ),
                (
                    "the sums are divided by x.size: M is how many numbers *one* channel has",
                    formula(through_mean=1 / x.shape[-1], through_var=1 / x.shape[-1]),
                ),
                ("the way through the variance has x where x_hat belongs", formula(x_hat=x)),
                (
                    "the way through the variance has x - mean where x_hat belongs",
                    formula(x_hat=x - mean),
                ),
                (
                    "the way through the variance is counted twice: the 2 of the square "
                    "cancels with the 1/2 of the root",
                    formula(through_var=2),
                ),
                (
                    "the way through the variance is counted half: the 2 of the square "
                    "cancels with the 1/2 of the root",
                    formula(through_var=0.5),
                ),
                ("dx is dy, unchanged", dy),
            ],
        )
    x, weight, bias, dy = _case(trial, (3, 2, 2, 4), np.float32)
    wide, wide_weight, wide_dy = (array.astype(float) for array in (x, weight, dy))
    y = _normalised(wide, weight, bias, *_moments(wide), 1e-5)
    got = _back(forward, backward, (x, weight, bias), dy, {}, 1e-5, y)
    for name, gradient, want in zip(
        ("dx", "dweight", "dbias"), got, _gradients(wide, wide_weight, wide_dy, 1e-5)
    ):
        expect(
            f"batch_norm_backward in training, float32: {name}",
            gradient,
            want,
            tolerance=1e-3,
            dtype=np.float32,
        )


@task("a3.inference_backward")
def inference_backward(forward: Answer, backward: Answer, trial: Trial) -> None:
    for shape in (*SHAPES, (1, 2)):
        x, weight, bias, dy = _case(trial, shape)
        mean, var = trial.normal(shape[-1]), trial.rng.uniform(0.5, 4, shape[-1])
        sigma, count = np.sqrt(var + EPS), x.size // x.shape[-1]
        x_hat = (x - mean) / sigma
        y = weight * x_hat + bias
        dx, dweight, dbias = _back(
            forward, backward, (x, weight, bias), dy, {"mean": mean, "var": var}, EPS, y
        )
        own_mean, own_var = _moments(x)
        own_x_hat = (x - own_mean) / np.sqrt(own_var + EPS)
        through_mean = dy.sum(axis=_axes(x)) / count
        through_var = x_hat * (dy * x_hat).sum(axis=_axes(x)) / count
        what = f"batch_norm_backward in inference, shape {shape}"
        expect(
            f"{what}: dx",
            dx,
            weight / sigma * dy,
            [
                (
                    "the terms of training are there: in inference mean and variance are "
                    "constants, and x does not move them. Note in the cache which mode it "
                    "was",
                    weight / sigma * (dy - through_mean - through_var),
                ),
                (
                    "the way through the mean is there: in inference the mean is a constant",
                    weight / sigma * (dy - through_mean),
                ),
                (
                    "the way through the variance is there: in inference the variance is a "
                    "constant",
                    weight / sigma * (dy - through_var),
                ),
                ("the batch's own variance is used", weight / np.sqrt(own_var + EPS) * dy),
                (
                    "the batch's own statistics are used, and the terms of training are there",
                    _gradients(x, weight, dy, EPS)[0],
                ),
                ("weight is missing", dy / sigma),
                ("it is not divided by sqrt(var + eps)", weight * dy),
                ("it is divided by var + eps, without the root", weight / (var + EPS) * dy),
                ("eps is missing in the standard deviation", weight / np.sqrt(var) * dy),
            ],
        )
        _expect_sums(what, dweight, dbias, dy, x, x_hat, y, weight, bias, own_x_hat)
    x, weight, bias, dy = _case(trial, (3, 2), np.float32)
    y = _normalised(x.astype(float), weight, bias, 1, 2, 1e-5)
    given = {"mean": np.ones(2, np.float32), "var": np.full(2, 2, np.float32)}
    dx, _, _ = _back(forward, backward, (x, weight, bias), dy, given, 1e-5, y)
    expect(
        "batch_norm_backward in inference, float32: dx",
        dx,
        weight / np.sqrt(2 + 1e-5) * dy,
        tolerance=1e-4,
        dtype=np.float32,
    )


# Judging and training


@task("a3.gradient_check")
def gradient_check(function: Answer, trial: Trial) -> None:
    a, b, dy = (np.sign(trial.normal(3, 2)) * trial.rng.uniform(0.5, 2, (3, 2)) for _ in range(3))
    share = trial.rng.uniform(0.5, 2, (3, 2))  # which nobody knows beforehand
    steps = {"a": 2 * share * a * b, "b": share * a * a}  # dy/da, dy/db of y = share a^2 b
    ones, eps = np.ones((3, 2)), 1e-2
    single = ones.copy()
    large, by = trial.factor(1.008, 1.02), trial.factor(1.08, 1.15)
    single[1, 1] = by
    broken = ones.copy()
    broken[0, 1] = np.nan
    largest = [np.abs(steps[name] * dy).max() for name in "ab"]

    def judge(name, factors=(ones, ones), deaf=False):
        if name == "mixed":
            return probe("a3.mixed_errors", function, a, b[0], dy, eps, share)
        said, *after = probe(
            "a3.errors", function, a, b, dy, eps, [factor.copy() for factor in factors], deaf, share
        )
        for name, before, now in zip(("first input", "second input", "dy"), (a, b, dy), after):
            expect_that(
                np.array_equal(before, now),
                f"relative_errors: the {name} is not as it was before: move a copy, or put "
                "each number back",
            )
        expect_tuple("relative_errors", said, 2, "one error for each input")
        return np.asarray(said, float)

    wrong = [
        (f"the first gradient is {100 * (large - 1):.1f} % too large", (large * ones, ones)),
        (f"the second gradient is {100 * (large - 1):.1f} % too large", (ones, large * ones)),
        (
            f"a single number of the first gradient is {100 * (by - 1):.0f} % too large",
            (single, ones),
        ),
        ("the second gradient has the wrong sign", (ones, -ones)),
    ]
    asked = trial.ask(
        [("right",), ("deaf", (ones, ones), True), ("mixed",), *wrong, ("nan", (ones, broken))],
        judge,
    )
    *_, got = next(asked)
    without_dy = [np.abs(steps[name] * (dy - 1)).max() / np.abs(steps[name]).max() for name in "ab"]
    one_sided = [np.abs(eps * share * b * dy).max() / largest[0]]
    if not (got < 1e-6).all():
        known = (
            ("dy is left out of L: L is the sum of dy times y", without_dy, 1e-6),
            (
                "it is divided by eps and not by 2 eps: the two points are 2 eps apart",
                [0.5, 0.5],
                1e-6,
            ),
            (
                "the difference is taken on one side only: use L(a + eps) - L(a - eps)",
                [*one_sided, 0],
                0.1,
            ),
            ("the sign is turned round", [2, 2], 1e-6),
        )
        hint = next(
            (
                sentence
                for sentence, wrong, near in known
                if (np.abs(got - wrong) <= near * np.abs(wrong) + 1e-6).all()
            ),
            None,
        )
        if not np.isfinite(got).any():
            hint = (
                "the measured gradient is 0: L stays the same when a number is moved. Is a copy "
                "moved (flatten makes one), and forward given the original?"
            )
        raise WrongAnswer(
            "relative_errors: for a kernel with right gradients, y = c a^2 b, expected "
            f"errors of almost 0 with eps = {eps}, got "
            f"{got[0]:.3g} and {got[1]:.3g}" + (f". It looks as if {hint}" if hint else "")
        )
    *_, got = next(asked)
    expect_that(
        (got > 1e-3).all(),
        "relative_errors: a kernel whose backward pays no heed to dy passes for right. Hand "
        "your dy to backward, and take it into L",
    )
    try:
        *_, got = next(asked)
    except WrongAnswer as error:
        raise WrongAnswer(
            f"y = c (a - the mean of a) b, with b of shape (2,): {error}. An input need not "
            "have the shape of y"
        ) from None
    expect_tuple("relative_errors", got, 2, "one error for each input")
    expect_that(
        (np.asarray(got, float) < 1e-6).all(),
        "relative_errors: for a kernel with right gradients, y = c (a - the mean of a) b with "
        "b of shape (2,), expected "
        f"errors of almost 0, got {got[0]:.3g} and {got[1]:.3g}. Here one number of an "
        "input moves many of y: move *one* number at a time, and take for L the sum "
        "of dy y over all of y",
    )
    for _ in wrong:
        name, factors, got = next(asked)
        right = [
            np.abs((factor - 1) * steps[n] * dy).max() / top
            for factor, n, top in zip(factors, "ab", largest)
        ]
        expect(
            f"relative_errors where {name}: the errors",
            got,
            right,
            [
                (
                    "the difference is not divided by the largest number of the measured gradient",
                    np.array(right) * largest,
                ),
                (
                    "signed numbers are compared: take the absolute value of each difference first",
                    np.abs(
                        [np.max((factor - 1) * steps[n] * dy) for factor, n in zip(factors, "ab")]
                    )
                    / largest,
                ),
                (
                    "the mean is taken where the largest should be: one wrong number among "
                    "many would be overlooked",
                    [
                        np.abs((factor - 1) * steps[n] * dy).mean() / top
                        for factor, n, top in zip(factors, "ab", largest)
                    ],
                ),
                (
                    "sums are compared: one wrong number among many would be overlooked, "
                    "and two could cancel",
                    [
                        np.abs(((factor - 1) * steps[n] * dy).sum()) / top
                        for factor, n, top in zip(factors, "ab", largest)
                    ],
                ),
                ("the wrong one of the two inputs is blamed", right[::-1]),
            ],
            tolerance=1e-3,
        )
    *_, got = next(asked)
    expect_that(
        not got[1] < 1e-3,
        f"relative_errors: a gradient with a nan in it gets the error {got[1]:.3g}, and "
        "passes for right. Use functions that let nan through, "
        "as np.max does; Python's max, and comparisons, hide it",
    )


NETS = (
    "plain, with batch norm",
    "plain, without batch norm",
    "resnet, with batch norm",
    "resnet, without batch norm",
)
FIRST = {  # losses with seed 0, right and with typical mistakes in the loop
    NETS[0]: [2.30390, 2.29003, 2.29329, 2.32151, 2.26843],
    NETS[1]: [2.30263, 2.30099, 2.30026, 2.30573, 2.29519],
    NETS[2]: [2.30072, 2.27070, 2.28173, 2.50080, 2.20506],
    NETS[3]: [2.30256, 2.29068, 2.27234, 2.43991, 2.20457],
}
ADDING_UP = {
    NETS[0]: [2.30390, 2.29003, 2.29053, 2.33803, 2.24791],
    NETS[1]: [2.30263, 2.30099, 2.29971, 2.30773, 2.28803],
    NETS[2]: [2.30072, 2.27070, 2.27396, 2.74091, 2.31610],
    NETS[3]: [2.30256, 2.29068, 2.26296, 2.55458, 2.18867],
}
AT_REST = {
    NETS[0]: [2.30390, 2.29361, 2.30212, 2.30250, 2.30197],
    NETS[1]: [2.30263, 2.30129, 2.30227, 2.30236, 2.30285],
    NETS[2]: [2.30072, 2.27935, 2.30074, 2.30849, 2.30712],
    NETS[3]: [2.30256, 2.28451, 2.29750, 2.30942, 2.31009],
}
IN_EVALUATION = {NETS[0]: FIRST[NETS[1]], NETS[2]: [2.30256, 2.29069, 2.27232, 2.44014, 2.20620]}
IN_INFERENCE_BACKWARD = {
    NETS[0]: [2.30390, 2.28999, 2.29316, 2.32243, 2.26634],
    NETS[2]: [2.30072, 2.27068, 2.28203, 2.50252, 2.21362],
}


@task("a3.train")
def train(losses: Answer, function: Answer, build: Answer, trial: Trial) -> None:
    expect_that(
        isinstance(losses, dict) and set(NETS) <= set(losses),
        "losses: expected those of four nets; the cell above collects them, once `train` is "
        "written: run it again",
    )
    for name in NETS:
        got = losses[name]
        expect_that(
            isinstance(got, (list, tuple)) or getattr(got, "ndim", 0) == 1,
            f"losses, {name}: expected a list of numbers, got {type(got).__name__}; what "
            "does train return?",
        )
        try:
            expect_that(
                not (
                    isinstance(got, (list, tuple)) and any(isinstance(one, Tensor) for one in got)
                ),
                f"losses, {name}: expected numbers, got Tensors: each holds on to the whole "
                "tape of its step; take loss.item()",
            )
            got = as_numbers(got)
        except (TypeError, ValueError):
            raise WrongAnswer(
                f"losses, {name}: expected numbers, got {type(got[0]).__name__}"
            ) from None
        expect_that(
            got.size >= 5,
            f"losses, {name}: expected one for each of 150 steps, got {got.size}; is the "
            "loss appended in the loop?",
        )
        expect_that(
            np.isfinite(got).all(),
            f"losses, {name}: {int((~np.isfinite(got)).sum())} of {got.size} are not finite",
        )
        mistakes = [
            (
                "gradients of earlier steps are still there: forget them before each step "
                "(optimizer.zero_grad())",
                ADDING_UP,
            ),
            ("the weights do not move: let the optimiser do its step (optimizer.step())", AT_REST),
            (
                "the net is in evaluation mode: the running averages, 0 and 1 at first, "
                "change nothing. Call net.train() first",
                IN_EVALUATION,
            ),
            ("dx of your batch norm is that of inference; see task 4", IN_INFERENCE_BACKWARD),
        ]
        expect(
            f"losses, {name}: the first five steps",
            got[:5],
            FIRST[name],
            [(sentence, wrong[name]) for sentence, wrong in mistakes if name in wrong],
            tolerance=3e-4,
        )
        expect_that(
            got.size >= 100, f"losses, {name}: expected one for each of 150 steps, got {got.size}"
        )
        if name in (NETS[0], NETS[2]):
            expect_that(
                got[-20:].mean() < 2.15,
                f"losses, {name}: expected about 1.7 to 1.9 at the end, less than 2.15 on "
                f"the average of 20 steps, got {got[-20:].mean():.2f}",
            )
    _a_few_steps(function, build, trial)


def _a_few_steps(function, build, trial):
    """That the loop itself gives the right losses, from weights that nobody has seen."""
    family, steps = ("plain", "resnet")[trial.seed % 2], 3
    own = {"plain": models.plain, "resnet": models.resnet}[family](14, width=8, seed=0)
    for parameter in own.parameters():
        noise = trial.rng.uniform(0.8, 1.2, parameter.shape)
        parameter.data = (parameter.data * noise).astype(np.float32)
    weights = [parameter.data.copy() for parameter in own.parameters()]
    try:
        got = np.array(
            [float(loss) for loss in probe("a3.train", function, build, family, weights, steps)]
        )
    except (TypeError, ValueError):
        raise WrongAnswer("train: expected a list of numbers, the loss of every step") from None
    expect(
        f"train: the losses of {steps} steps from other weights",
        got,
        trained(own, steps),
        [
            (
                "the weights do not move: let the optimiser do its step (optimizer.step())",
                trained(own, steps, 1e-30),
            )
        ],
        tolerance=1e-3,
    )


def trained(net: Any, steps: int, lr: float = 0.1) -> Array:
    """The losses of the first steps, with batch norm and ReLU of this module. The net is as it was
    afterwards.
    """
    drawn = data.synthetic(2000, 500)[0].resize(16)
    images = (drawn.images / 255 - drawn.pixel_mean()).astype(np.float32)
    rng, losses = np.random.default_rng(0), []
    before = {name: value.data.copy() for name, value in both(net)}

    def norm_forward(x, weight, bias, mean=None, var=None, eps=1e-5):
        if mean is None:
            mean, var = (one.reshape(-1) for one in _moments(x))
        cache = SimpleNamespace(x=x, weight=weight, mean=mean, var=var, eps=eps)
        return _normalised(x, weight, bias, mean, var, eps).astype(x.dtype), cache

    def norm_backward(dy, cache):
        axes, n = _axes(dy), dy.size // dy.shape[-1]
        x_hat = (cache.x - cache.mean) / np.sqrt(cache.var + cache.eps)
        dweight, dbias = (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)
        inner = dy - dbias / n - x_hat * dweight / n
        dx = cache.weight / np.sqrt(cache.var + cache.eps) * inner
        return tuple(one.astype(dy.dtype) for one in (dx, dweight, dbias))

    pairs: dict[str, Any] = {
        "batch_norm": (norm_forward, norm_backward),
        "relu": (lambda x: (np.maximum(x, 0), x > 0), lambda dy, above: dy * above),
    }
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    net.train()
    with kernels.use(**pairs):
        for _ in range(steps):
            chosen = rng.integers(0, len(images), 32)
            loss = functional.cross_entropy(net(Tensor(images[chosen])), drawn.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    for name, value in both(net):
        value.data = before[name]
    return np.array(losses)


def both(net: Any) -> list[tuple[str, Any]]:
    """Its parameters and its running averages, by name."""
    return [*net.named_parameters(), *net.named_buffers()]
