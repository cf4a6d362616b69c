"""Checks of batch norm backward, in training and in inference."""

import numpy as np

from ....types import Array
from ...across import Answer
from ...calling import call
from ...compare import WrongAnswer, expect, expect_tuple
from ...trial import Trial
from .. import task
from .answers import forward_of
from .definitions import EPS, SHAPES, batch_axes, draw_arrays, moments_of, normalised_by


def _jacobian(column, eps):
    """The Jacobian d x_hat[i] / d x[j] of one channel: column (M,), result (M, M)."""
    M = len(column)
    centred = column - column.sum() / M
    sigma = np.sqrt((centred**2).sum() / M + eps)
    own = np.eye(M) - 1 / M  # the derivative of the centred numbers
    d_sigma = centred / (M * sigma)
    return own / sigma - np.outer(centred, d_sigma) / sigma**2


def _gradients(x: Array, weight: Array, dy: Array, eps: float) -> tuple[Array, Array, Array]:
    """dx, dweight and dbias in training, computed channel by channel from the Jacobian."""
    dx, dweight, dbias = np.empty(x.shape), np.empty(x.shape[-1]), np.empty(x.shape[-1])
    for c in range(x.shape[-1]):
        column, above = x[..., c].ravel(), dy[..., c].ravel()
        dx[..., c] = (_jacobian(column, eps).T @ (weight[c] * above)).reshape(x.shape[:-1])
        x_hat = (column - column.mean()) / np.sqrt(column.var() + eps)
        dweight[c], dbias[c] = above @ x_hat, above.sum()
    return dx, dweight, dbias


def _back(forward, backward, arrays, dy, settings, eps, want_y):
    """Run forward and backward, and return dx, dweight and dbias.

    The cache comes from forward, so a wrong y is reported first.
    """
    y, cache = forward_of(forward, *arrays, eps=eps, **settings)
    try:
        expect("y", y, want_y, tolerance=1e-3)
    except WrongAnswer:
        raise WrongAnswer(
            "batch_norm_backward: its cache comes from batch_norm_forward, which is not right "
            "yet; see task 2"
        ) from None
    return expect_tuple(
        "batch_norm_backward",
        call(backward, dy, cache, name="batch_norm_backward"),
        3,
        "dx, dweight and dbias",
    )


def _expect_sums(what, dweight, dbias, dy, x, x_hat, y, weight, bias, own_x_hat=None):
    """Check dweight and dbias against the sums that define them."""
    axes = batch_axes(x)
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
                        "sqrt(var + eps) with the given mean and var",
                        (dy * own_x_hat).sum(axis=axes),
                    )
                ]
                if own_x_hat is not None
                else []
            ),
            ("the mean is taken instead of the sum", (dy * x_hat).mean(axis=axes)),
            (
                "the sum runs over all channels: every channel has a weight of its own",
                (dy * x_hat).sum(),
            ),
            (CONSTANTS, np.zeros_like(right)),
            (
                "dweight is multiplied by weight: d(weight x_hat)/d(weight) is x_hat alone",
                weight * right,
            ),
            (
                "dweight is not summed: all numbers of a channel use the same weight",
                dy * x_hat,
            ),
            (
                "the sum runs over the images only: sum over the pixels too",
                (dy * x_hat).sum(axis=0),
            ),
            (
                "the sum runs over the pixels only: sum over the images too",
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
            ("the sum runs over all channels: every channel has a bias of its own", dy.sum()),
            (CONSTANTS, np.zeros_like(right)),
            ("dbias is not summed: all numbers of a channel use the same bias", dy),
            ("the sum runs over the images only: sum over the pixels too", dy.sum(axis=0)),
            ("an axis is kept (keepdims=True): dbias has the shape of bias", right.reshape(kept)),
        ],
    )


CONSTANTS = (
    "weight and bias are taken for constants: in inference too they are learned, and y depends on "
    "them as in training"
)


def _case(trial, shape, dtype=np.float64):
    """Draw x, weight, bias, and a dy whose sums over each channel are far from 0."""
    x, weight, bias = draw_arrays(trial, shape, dtype)
    x_hat = normalised_by(x, 1, 0, *moments_of(x), 1e-5)
    return x, weight, bias, (trial.normal(*shape) + 0.7 + 0.5 * x_hat).astype(dtype)


@task("a3.sums")
def sums(forward: Answer, backward: Answer, trial: Trial) -> None:
    for shape in SHAPES:
        x, weight, bias, dy = _case(trial, shape)
        x_hat = normalised_by(x, 1, 0, *moments_of(x), EPS)
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
        mean, var = moments_of(x)
        sigma = np.sqrt(var + EPS)
        x_hat = (x - mean) / sigma
        want, dweight, dbias = _gradients(x, weight, dy, EPS)
        dx, _, _ = _back(forward, backward, (x, weight, bias), dy, {}, EPS, weight * x_hat + bias)
        count = x.size // x.shape[-1]
        g, gain = weight * dy, weight / sigma

        def formula(first=1.0, through_mean=1.0, through_var=1.0, gain=gain, x_hat=x_hat):
            """dx with terms left out or changed."""
            return gain * (
                first * dy - through_mean * dbias / count - through_var * x_hat * dweight / count
            )

        expect(
            f"batch_norm_backward in training, shape {shape}: dx",
            dx,
            want,
            [
                (
                    "mean and variance are treated as constants, as in inference: they depend on "
                    "every x of the channel, which adds two terms",
                    gain * dy,
                ),
                (
                    "the path through the mean is missing: each x changes the mean, and with it "
                    "every x_hat",
                    formula(through_mean=0),
                ),
                (
                    "the path through the variance is missing: each x changes the variance, and "
                    "with it every x_hat",
                    formula(through_var=0),
                ),
                ("the path through the mean has the wrong sign", formula(through_mean=-1)),
                ("the path through the variance has the wrong sign", formula(through_var=-1)),
                (
                    "the paths through mean and variance both have the wrong sign",
                    formula(through_mean=-1, through_var=-1),
                ),
                (
                    "weight is missing: the gradient of x_hat is weight times dy",
                    formula(gain=1 / sigma),
                ),
                (
                    "weight is missing: the gradient of x_hat is weight times dy, in all three "
                    "terms",
                    (g - dbias / count - x_hat * dweight / count) / sigma,
                ),
                ("weight multiplies the terms twice", formula(gain=gain * weight)),
                ("dx is not divided by sqrt(var + eps)", formula(gain=weight)),
                (
                    "dx is divided by var + eps, without the root",
                    formula(gain=weight / (var + EPS)),
                ),
                ("dx is multiplied by sqrt(var + eps): divide", formula(gain=weight * sigma)),
                ("eps is missing in the standard deviation", formula(gain=weight / np.sqrt(var))),
                ("eps is outside of the root", formula(gain=weight / (np.sqrt(var) + EPS))),
                (
                    "sums are used instead of means: divide by M, the count of numbers in the "
                    "channel",
                    formula(through_mean=count, through_var=count),
                ),
                ("the sum of dy is not divided by M", formula(through_mean=count)),
                ("the sum of dy x_hat is not divided by M", formula(through_var=count)),
                (
                    "the sums are divided by the number of images: M counts the pixels too",
                    formula(through_mean=count / len(x), through_var=count / len(x)),
                ),
                (
                    "the sums are divided by the number of channels: M is the count of numbers in "
                    "one channel",
                    formula(through_mean=count / x.shape[-1], through_var=count / x.shape[-1]),
                ),
                (
                    "dy is added up over all channels for the path through the mean: every channel "
                    "has a mean of its own",
                    gain * (dy - dy.sum() / count - x_hat * dweight / count),
                ),
                (
                    "the sums are divided by x.size: M is the count of numbers in *one* channel",
                    formula(through_mean=1 / x.shape[-1], through_var=1 / x.shape[-1]),
                ),
                ("the path through the variance has x where x_hat belongs", formula(x_hat=x)),
                (
                    "the path through the variance has x - mean where x_hat belongs",
                    formula(x_hat=x - mean),
                ),
                (
                    "the path through the variance is counted twice: the 2 of the square cancels "
                    "with the 1/2 of the root",
                    formula(through_var=2),
                ),
                (
                    "the path through the variance is counted half: the 2 of the square cancels "
                    "with the 1/2 of the root",
                    formula(through_var=0.5),
                ),
                ("dx is dy, unchanged", dy),
            ],
        )
    x, weight, bias, dy = _case(trial, (3, 2, 2, 4), np.float32)
    wide, wide_weight, wide_dy = (array.astype(float) for array in (x, weight, dy))
    y = normalised_by(wide, weight, bias, *moments_of(wide), 1e-5)
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
        own_mean, own_var = moments_of(x)
        own_x_hat = (x - own_mean) / np.sqrt(own_var + EPS)
        through_mean = dy.sum(axis=batch_axes(x)) / count
        through_var = x_hat * (dy * x_hat).sum(axis=batch_axes(x)) / count
        what = f"batch_norm_backward in inference, shape {shape}"
        expect(
            f"{what}: dx",
            dx,
            weight / sigma * dy,
            [
                (
                    "dx has the terms of training: in inference mean and variance are constants, "
                    "and x does not change them. Note in the cache which mode it was",
                    weight / sigma * (dy - through_mean - through_var),
                ),
                (
                    "dx has the path through the mean: in inference the mean is a constant",
                    weight / sigma * (dy - through_mean),
                ),
                (
                    "dx has the path through the variance: in inference the variance is a constant",
                    weight / sigma * (dy - through_var),
                ),
                ("the batch's own variance is used", weight / np.sqrt(own_var + EPS) * dy),
                (
                    "the batch's own statistics are used, and dx has the terms of training",
                    _gradients(x, weight, dy, EPS)[0],
                ),
                ("weight is missing", dy / sigma),
                (
                    "dx is 0: mean and variance are constants here, but x_hat depends on x all the "
                    "same",
                    np.zeros_like(dy),
                ),
                ("dx is not divided by sqrt(var + eps)", weight * dy),
                ("dx is divided by var + eps, without the root", weight / (var + EPS) * dy),
                ("eps is missing in the standard deviation", weight / np.sqrt(var) * dy),
            ],
        )
        _expect_sums(what, dweight, dbias, dy, x, x_hat, y, weight, bias, own_x_hat)
    x, weight, bias, dy = _case(trial, (3, 2), np.float32)
    y = normalised_by(x.astype(float), weight, bias, 1, 2, 1e-5)
    given = {"mean": np.ones(2, np.float32), "var": np.full(2, 2, np.float32)}
    dx, _, _ = _back(forward, backward, (x, weight, bias), dy, given, 1e-5, y)
    expect(
        "batch_norm_backward in inference, float32: dx",
        dx,
        weight / np.sqrt(2 + 1e-5) * dy,
        tolerance=1e-4,
        dtype=np.float32,
    )
