"""Checks of batch norm forward, in training and in inference."""

import math

import numpy as np

from ...across import Answer
from ...calling import probe
from ...compare import WrongAnswer, expect, expect_that
from ...trial import Trial
from .. import task
from .answers import forward_of
from .definitions import EPS, SHAPES, draw_arrays, moments_of, normalised_by


def _statistics(cache):
    """cache.mean and cache.var, which must be arrays."""
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
        x, weight, bias = draw_arrays(trial, shape)
        y, cache = forward_of(function, x, weight, bias, eps=EPS)
        mean, var = moments_of(x)
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
            normalised_by(x, weight, bias, mean, var, EPS),
            [
                ("weight and bias are exchanged", normalised_by(x, bias, weight, mean, var, EPS)),
                (
                    "eps is added outside of the root: it is sqrt(var + eps)",
                    weight * (x - mean) / (np.sqrt(var) + EPS) + bias,
                ),
                ("eps is missing", normalised_by(x, weight, bias, mean, var, 0)),
                (
                    "the argument eps is not used: 1e-5 is used instead",
                    normalised_by(x, weight, bias, mean, var, 1e-5),
                ),
                (
                    "the unbiased variance is used: divide by M here; M - 1 is for the "
                    "running average only",
                    normalised_by(x, weight, bias, mean, var * count / (count - 1), EPS),
                ),
                (
                    "x - mean is divided by the variance instead of its root",
                    weight * (x - mean) / (var + EPS) + bias,
                ),
                (
                    "the standard deviation is taken for the variance, and its root once more",
                    normalised_by(x, weight, bias, mean, np.sqrt(var), EPS),
                ),
                (
                    "the mean of the first channel is subtracted in all of them: every channel has "
                    "its own",
                    _by_first_channel(x, weight, bias),
                ),
                ("the mean is not subtracted", normalised_by(x, weight, bias, 0, var, EPS)),
                ("weight is missing", normalised_by(x, 1, bias, mean, var, EPS)),
                ("bias is missing", normalised_by(x, weight, 0, mean, var, EPS)),
                (
                    "weight multiplies the bias too: y = weight x_hat + bias",
                    weight * ((x - mean) / np.sqrt(var + EPS) + bias),
                ),
                (
                    "y is x_hat: weight and bias are still missing",
                    normalised_by(x, 1, 0, mean, var, EPS),
                ),
                *[
                    (
                        f"the statistics are those of {what}",
                        normalised_by(x, weight, bias, *moments_of(x, axes), EPS),
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
                    "the cache holds the standard deviation: keep the variance, before the root",
                    np.sqrt(var),
                ),
                (
                    "the cache holds the standard deviation: keep the variance, without eps, "
                    "before the root",
                    np.sqrt(var + EPS),
                ),
                ("eps has been added: the cache must hold the variance alone", var + EPS),
                (
                    "the cache holds the unbiased variance: it must hold the biased one "
                    "(update_running corrects it)",
                    var * count / (count - 1),
                ),
                ("the cache holds 1 / sqrt(var + eps)", 1 / np.sqrt(var + EPS)),
                ("mean and var are exchanged", mean),
            ],
        )
    x, weight, bias = draw_arrays(trial, (3, 2, 2, 4), np.float32)
    y, cache = forward_of(function, x, weight, bias)
    wide, wide_weight, wide_bias = (array.astype(float) for array in (x, weight, bias))
    expect(
        "batch_norm_forward of float32: y",
        y,
        normalised_by(wide, wide_weight, wide_bias, *moments_of(wide), 1e-5),
        tolerance=1e-4,
        dtype=np.float32,
    )
    for name, got, want in zip(("mean", "var"), _statistics(cache), moments_of(wide)):
        expect(
            f"batch_norm_forward of float32: cache.{name}",
            got,
            want.reshape(-1),
            tolerance=1e-4,
            dtype=np.float32,
        )


def _by_first_channel(x, weight, bias):
    """y with a mistake: the mean of the first channel is taken for all channels."""
    axes = tuple(range(x.ndim - 1))
    mean = x[..., :1].mean(axis=axes)
    return normalised_by(x, weight, bias, mean, ((x - mean) ** 2).mean(axis=axes), EPS)


@task("a3.precision")
def precision(function: Answer, trial: Trial) -> None:
    x = (0.1 * trial.normal(4, 6, 6, 3) + [1000, -400, 0]).astype(np.float32)
    weight, bias = np.array([1, 2, 0.5], np.float32), np.array([0.5, 0, -1], np.float32)
    wide, wide_weight, wide_bias = (array.astype(float) for array in (x, weight, bias))
    y, cache = forward_of(function, wide, wide_weight, wide_bias)
    mean, var = moments_of(wide)
    want = normalised_by(wide, wide_weight, wide_bias, mean, var, 1e-5)
    try:
        expect("batch_norm_forward of float64, means of 1000, -400 and 0", y, want, tolerance=1e-3)
    except WrongAnswer as error:
        raise WrongAnswer(
            f"{error}. In float64 no digits are lost, so this is not about precision: the check of "
            "batch_norm_forward before this one says more",
            error.picture,
        ) from None
    y, cache = forward_of(function, x, weight, bias)
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
    y, _ = forward_of(function, x, weight[:2], bias[:2])
    want = normalised_by(x.astype(float), weight[:2], bias[:2], *moments_of(x.astype(float)), 1e-5)
    expect_that(
        np.isfinite(y).all(),
        "batch_norm_forward: a channel that is 3 everywhere gives nan or infinity. Its variance "
        "is 0: eps, under the root, keeps you from dividing by 0",
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
        x, weight, bias = draw_arrays(trial, shape)
        mean, var = trial.normal(shape[-1]), trial.rng.uniform(0.5, 4, shape[-1])
        y, _ = forward_of(function, x, weight, bias, mean=mean, var=var, eps=EPS)
        own_mean, own_var = moments_of(x)
        count = x.size // x.shape[-1]
        expect(
            f"batch_norm_forward in inference, x of shape {shape}: y",
            y,
            normalised_by(x, weight, bias, mean, var, EPS),
            [
                (
                    "the batch's own statistics are used, and the given mean and var ignored",
                    normalised_by(x, weight, bias, own_mean, own_var, EPS),
                ),
                (
                    "the given mean is used, but the batch's own variance",
                    normalised_by(x, weight, bias, mean, own_var, EPS),
                ),
                (
                    "the given variance is used, but the batch's own mean",
                    normalised_by(x, weight, bias, own_mean, var, EPS),
                ),
                (
                    "the variance is used as if it were the standard deviation: divide by its root",
                    weight * (x - mean) / (var + EPS) + bias,
                ),
                (
                    "the variance is used as if it were the standard deviation: divide by the "
                    "root of var + eps",
                    weight * (x - mean) / var + bias,
                ),
                (
                    "eps is missing, or added outside of the root: it is sqrt(var + eps), "
                    "as in training",
                    normalised_by(x, weight, bias, mean, var, 0),
                ),
                (
                    "eps is added outside of the root: it is sqrt(var + eps), as in training",
                    weight * (x - mean) / (np.sqrt(var) + EPS) + bias,
                ),
                (
                    "the argument eps is not used: 1e-5 is used instead",
                    normalised_by(x, weight, bias, mean, var, 1e-5),
                ),
                (
                    "the given variance is corrected by M / (M - 1): use it as it is",
                    normalised_by(x, weight, bias, mean, var * count / max(count - 1, 1), EPS),
                ),
                (
                    "mean and var are exchanged",
                    normalised_by(x, weight, bias, var, np.abs(mean), EPS),
                ),
                ("weight and bias are exchanged", normalised_by(x, bias, weight, mean, var, EPS)),
                (
                    "weight is missing: inference uses it as training does",
                    normalised_by(x, 1, bias, mean, var, EPS),
                ),
                (
                    "bias is missing: inference uses it as training does",
                    normalised_by(x, weight, 0, mean, var, EPS),
                ),
                (
                    "weight and bias are missing: inference uses them as training does",
                    normalised_by(x, 1, 0, mean, var, EPS),
                ),
            ],
        )
    x, weight, bias = draw_arrays(trial, (4, 1))
    try:
        y, _ = forward_of(function, x, weight, bias, mean=np.zeros(1), var=np.ones(1), eps=EPS)
    except WrongAnswer as error:
        raise WrongAnswer(
            f"with the arguments mean = [0.] and var = [1.], for one channel: {error}"
        ) from None
    expect(
        "batch_norm_forward in inference, one channel, a given mean of 0: y",
        y,
        normalised_by(x, weight, bias, 0, 1, EPS),
        [
            (
                "the batch's own statistics are used: an array that holds a single 0 counts "
                "as False. Ask whether `mean is None`",
                normalised_by(x, weight, bias, *moments_of(x), EPS),
            )
        ],
    )
    x, weight, bias = draw_arrays(trial, (3, 2), np.float32)
    y, _ = forward_of(
        function, x, weight, bias, mean=np.ones(2, np.float32), var=np.full(2, 2, np.float32)
    )
    expect(
        "batch_norm_forward in inference, float32: y",
        y,
        normalised_by(x.astype(float), weight, bias, 1, 2, 1e-5),
        tolerance=1e-4,
        dtype=np.float32,
    )
