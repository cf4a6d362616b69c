"""Gradients of the output with respect to the input, and how alike they are."""

import numpy as np
import pytest

from minires import models, nn
from minires.autograd import Tensor, no_grad
from minires.diagnostics import (
    autocorrelation,
    gradient_correlation,
    gradient_path,
    input_gradients,
)
from minires.errors import ConfigError

from .nets import batch, in_float64, lived_in, mlp


class Powers(nn.Module):
    """(x^2 summed, x^3 summed) of x (N, n): their gradients are 2 x and 3 x^2."""

    def forward(self, x):
        second, third = (x * x).sum(axis=1, keepdims=True), (x * x * x).sum(axis=1, keepdims=True)
        return second * Tensor(np.array([1, 0], x.dtype)) + third * Tensor(
            np.array([0, 1], x.dtype)
        )


def test_input_gradients_solved_by_hand():
    x = np.random.default_rng(0).standard_normal((5, 3))
    assert input_gradients(Powers(), x) == pytest.approx(2 * x)
    assert input_gradients(Powers(), x, output=1) == pytest.approx(3 * x**2)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_input_gradients_are_slopes_of_the_sum_over_the_batch(mode):
    """In training mode an image changes the outputs of all others too, which is part of the
    slope."""
    net, (x, _) = lived_in(in_float64(models.resnet(8, width=2))), batch(dtype=np.float64)
    found = input_gradients(net, x, output=4, mode=mode)
    net.train(mode == "train")
    direction = np.zeros_like(x)
    direction[2] = np.random.default_rng(1).standard_normal(x.shape[1:])

    def outputs(step):
        with no_grad():
            return net(Tensor(x + step * direction)).data[:, 4]

    slopes = (outputs(1e-6) - outputs(-1e-6)) / 2e-6
    assert (found * direction).sum() == pytest.approx(slopes.sum(), rel=1e-4)
    assert (
        np.abs(np.delete(slopes, 2)).max() > 1e-6
        if mode == "train"
        else not np.delete(slopes, 2).any()
    )


def test_autocorrelation_is_the_textbooks():
    series = np.random.default_rng(0).standard_normal(40).cumsum()
    centred = series - series.mean()
    textbook = np.correlate(centred, centred, "full")[39:] / (centred @ centred)
    assert autocorrelation(series) == pytest.approx(textbook) and autocorrelation(
        series, 5
    ) == pytest.approx(textbook[:6])
    assert autocorrelation(np.stack([series, series], 1).reshape(40, 2, 1)) == pytest.approx(
        textbook
    )


def test_autocorrelation_of_white_and_brown_noise():
    rng, n = np.random.default_rng(0), 100
    white = autocorrelation(rng.standard_normal((n, 5000)), 3)
    assert white == pytest.approx([1, *[-1 / n] * 3], abs=0.005)
    brown = autocorrelation(rng.standard_normal((n, 5000)).cumsum(axis=0), 3)
    assert np.all(brown[1:] > 0.85)


def test_a_path_solved_by_hand():
    """The gradient 2 x of x^2 along a straight path is itself one: a rising line."""
    found = gradient_path(Powers(), np.array([5.0, 0]), np.array([6.0, -3]), points=9)
    assert found.t == pytest.approx(np.linspace(0, 1, 9))
    assert found.gradients == pytest.approx(2 * ([5, 0] + np.outer(found.t, [1, -3])))
    line = np.arange(9) - 4.0
    assert found.autocorrelation == pytest.approx(
        np.correlate(line, line, "full")[8:] / (line @ line)
    )
    assert (
        len(gradient_path(Powers(), np.zeros(2), np.ones(2), points=9, max_lag=2).autocorrelation)
        == 3
    )


def test_a_constant_gradient_has_no_autocorrelation():
    linear, start = mlp([3, 2], relu=False), np.zeros(3, np.float32)
    assert np.isnan(gradient_path(linear, start, start + 1, points=4).autocorrelation).all()


def test_correlation_solved_by_hand():
    """Gradients 2 x at (1, 0), (1, 1) and (0, 1): angles of 45, 90 and 45 degrees."""
    found = gradient_correlation(Powers(), np.array([[1.0, 0], [1, 1], [0, 1]]))
    half = 0.5**0.5
    assert found.matrix == pytest.approx(np.array([[1, half, 0], [half, 1, half], [0, half, 1]]))
    assert found.mean == pytest.approx(2 * half / 3)


def test_an_image_without_gradient_has_no_correlation():
    found = gradient_correlation(Powers(), np.array([[1.0, 0], [0, 0], [1, 1]]))
    assert np.isnan(found.matrix[1]).all() and found.mean == pytest.approx(0.5**0.5)
    assert np.isnan(gradient_correlation(Powers(), np.zeros((2, 3))).mean)


@pytest.mark.parametrize("hidden", [1, 2, 4])
@pytest.mark.parametrize("degrees", [40, 90])
def test_wide_nets_of_relus_correlate_as_theory_says(hidden, degrees):
    """Cho & Saul 2009: each hidden layer multiplies by 1 - a / pi, and a shrinks from layer to
    layer."""
    angle, theory = np.radians(degrees), 1.0
    x = np.zeros((2, 400), np.float32)
    x[0, 0], x[1, :2] = 1, (np.cos(angle), np.sin(angle))
    for _ in range(hidden):
        theory *= 1 - angle / np.pi
        angle = np.arccos((np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi)
    found = [
        gradient_correlation(mlp([400] * (hidden + 1) + [1], seed=seed), x).mean
        for seed in range(12)
    ]
    error = np.std(found) / 12**0.5
    assert error < 0.03 and abs(np.mean(found) - theory) < 4 * error + 0.005


def test_deep_plain_nets_shatter_and_residual_ones_do_not():
    """Balduzzi et al. 2017, with batch norm in training mode and the path as the batch: plain-56
    looks like white noise, its residual twin does not."""
    images, _ = batch(2, size=12)
    found = {}
    for name, build, depth in (
        ("shallow", models.plain, 8),
        ("plain", models.plain, 56),
        ("resnet", models.resnet, 56),
    ):
        near = images[0] + 0.1 * (images[1] - images[0])
        found[name] = gradient_path(
            build(depth, width=6), images[0], near, points=48
        ).autocorrelation[1]
    assert abs(found["plain"]) < 0.3 and found["resnet"] > 0.7 and found["shallow"] > 0.8


def test_errors():
    x = np.zeros(2)
    with pytest.raises(ConfigError, match="points: expected a whole number of at least 2, got 1"):
        gradient_path(Powers(), x, x, points=1)
    with pytest.raises(ConfigError, match="max_lag: expected 0 to 3, got 4"):
        gradient_path(Powers(), x, x, points=4, max_lag=4)
    with pytest.raises(ConfigError, match="max_lag: expected 0 to 3, got 1.5"):
        autocorrelation(np.ones((4, 2)), 1.5)
    with pytest.raises(ConfigError, match="series: expected at least one array, got none"):
        autocorrelation([])
    with pytest.raises(ConfigError, match="images: expected at least two, got 1"):
        gradient_correlation(Powers(), np.ones((1, 2)))
