"""Batch norm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from minires.kernels import naive

from .checks import assert_close, check, norm_arrays, random_arrays, run


@given(array_shapes(min_dims=2, max_dims=4, max_side=4), st.integers(0, 99))
def test_training(backend, shape, seed):
    check(backend, "batch_norm", *norm_arrays(shape, seed))


@given(array_shapes(min_dims=2, max_dims=4, max_side=4), st.integers(0, 99))
def test_inference(backend, shape, seed):
    mean, var = random_arrays(shape[-1:], shape[-1:], seed=seed + 1)
    check(backend, "batch_norm", *norm_arrays(shape, seed), mean=mean, var=abs(var))


def test_the_output_has_the_mean_and_variance_of_weight_and_bias(backend):
    x, weight, bias = norm_arrays((4, 5, 6, 3))
    y, _ = backend.batch_norm.forward(x, weight, bias, eps=0)
    assert_close(y.mean(axis=(0, 1, 2)), bias)
    assert_close(y.std(axis=(0, 1, 2)), abs(weight))


def test_cache_holds_the_statistics_that_were_used(backend):
    """The variance is the biased one, divided by the number of values."""
    x, weight, bias = norm_arrays((4, 5, 6, 3))
    _, cache = backend.batch_norm.forward(x, weight, bias)
    assert_close(cache.mean, x.mean(axis=(0, 1, 2)))
    assert_close(cache.var, x.var(axis=(0, 1, 2)))
    _, cache = backend.batch_norm.forward(x, weight, bias, mean=np.zeros(3), var=np.ones(3))
    assert (cache.mean == 0).all() and (cache.var == 1).all()


def test_inference_by_hand(backend):
    arrays = [np.array([[5.0]]), np.array([3.0]), np.array([1.0])]
    settings = {"mean": np.array([1.0]), "var": np.array([4.0]), "eps": 0}
    y, (dx, dweight, dbias), _ = run(backend.batch_norm, arrays, settings, np.array([[10.0]]))
    assert y == (5 - 1) / 2 * 3 + 1
    assert dx == 10 * 3 / 2 and dweight == 10 * (5 - 1) / 2 and dbias == 10


def test_one_value_a_channel(backend):
    """Any value is its own mean: the output is the bias, and no gradient reaches the input."""
    x, weight, bias = norm_arrays((1, 1, 1, 3))
    y, (dx, dweight, dbias), dy = run(backend.batch_norm, [x, weight, bias], {})
    assert_close(y, bias.reshape(1, 1, 1, 3))
    assert_close(dx, np.zeros_like(x))
    assert_close(dweight, np.zeros(3))
    assert_close(dbias, dy.reshape(3))


def test_a_constant_channel_stays_finite(backend):
    arrays = [np.full((4, 3, 3, 2), 7.0), np.ones(2), np.zeros(2)]
    y, gradients, _ = run(backend.batch_norm, arrays, {})
    assert all(np.isfinite(array).all() for array in (y, *gradients))


def test_small_variance_around_a_large_mean(backend):
    """In float32, mean(x^2) - mean(x)^2 is wrong by the rounding of 1e8, which is six times the
    variance."""
    n = 4 if backend is naive else 64
    x = (1e4 + np.random.default_rng(0).standard_normal((n, 8, 8, 4))).astype(np.float32)
    weight, bias = np.ones(4, np.float32), np.zeros(4, np.float32)
    y, (dx, dweight, _), dy = run(backend.batch_norm, [x, weight, bias], {})
    exact = x.astype(np.float64)
    mean, std = exact.mean(axis=(0, 1, 2)), exact.std(axis=(0, 1, 2))
    x_hat = (exact - mean) / std
    exact_dweight = (dy * x_hat).sum(axis=(0, 1, 2))
    exact_dx = (dy - dy.mean(axis=(0, 1, 2)) - x_hat * exact_dweight / (x.size / 4)) / std
    _, cache = backend.batch_norm.forward(x, weight, bias)
    assert_close(cache.var, std**2, tolerance=1e-3)
    assert_close(y, x_hat, tolerance=1e-2)  # at 1e4, float32 numbers are 1e-3 apart
    assert_close(dweight, exact_dweight, tolerance=1e-2)
    assert_close(dx, exact_dx, tolerance=1e-2)


def test_many_chunks_and_rows(threads):
    """Several chunks for each thread: the merged statistics must be those of the whole batch."""
    from minires.kernels import cpu

    threads(2)
    x, weight, bias = norm_arrays((101, 30, 32, 5))  # images that do not divide evenly
    x *= np.linspace(0.1, 3, 101).reshape(-1, 1, 1, 1)
    x += np.linspace(-5, 5, 101).reshape(-1, 1, 1, 1)
    y, (dx, dweight, dbias), dy = run(cpu.batch_norm, [x, weight, bias], {"eps": 0})
    axes, count = (0, 1, 2), 101 * 30 * 32
    x_hat = (x - x.mean(axes)) / x.std(axes)
    assert_close(y, weight * x_hat + bias)
    assert_close(dbias, dy.sum(axes))
    assert_close(dweight, (dy * x_hat).sum(axes))
    centred_dy = dy - dy.mean(axes) - x_hat * (dy * x_hat).sum(axes) / count
    assert_close(dx, weight / x.std(axes) * centred_dy)


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 3)])
def test_rows_without_image_axes(backend, shape):
    x, weight, bias = norm_arrays(shape)
    y, _ = backend.batch_norm.forward(x, weight, bias)
    as_images, _ = backend.batch_norm.forward(x.reshape(-1, 1, 1, 3), weight, bias)
    assert_close(y, as_images.reshape(shape))


def test_a_number_of_pixels_that_makes_no_long_rows():
    """With a prime number of pixels, plain sums of hundreds of thousands of float32 numbers lose
    digits."""
    from minires.kernels import cpu

    x = (100 + 0.01 * np.random.default_rng(0).standard_normal((262139, 2))).astype(np.float32)
    _, cache = cpu.batch_norm.forward(x, np.ones(2, np.float32), np.zeros(2, np.float32))
    exact = x.astype(np.float64)
    assert abs(cache.mean - exact.mean(axis=0)).max() < 0.001
    np.testing.assert_allclose(cache.var, exact.var(axis=0), rtol=0.01)


def test_running_averages_that_change_before_backward(backend):
    x, weight, bias = norm_arrays((4, 5, 6, 3))
    mean, var = np.zeros(3), np.ones(3)
    y, cache = backend.batch_norm.forward(x, weight, bias, mean=mean, var=var)
    before = backend.batch_norm.backward(y, cache)
    mean += 5
    var += 5
    assert all(np.array_equal(a, b) for a, b in zip(before, backend.batch_norm.backward(y, cache)))
