"""Group norm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from .checks import assert_close, check, norm_arrays, run


@given(
    array_shapes(min_dims=1, max_dims=3, max_side=4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_any_shape_and_number_of_groups(backend, shape, num_groups, size, seed):
    check(
        backend,
        "group_norm",
        *norm_arrays((*shape, num_groups * size), seed),
        num_groups=num_groups,
    )


def test_by_hand(backend):
    """Two groups of two channels, of one pixel: each pair becomes -1 and 1."""
    x = np.array([[1.0, 3, 10, 30]])
    arrays = [x, np.array([1.0, 1, 1, 2]), np.array([0.0, 0, 5, 0])]
    y, gradients, _ = run(backend.group_norm, arrays, {"num_groups": 2, "eps": 0}, np.ones((1, 4)))
    assert_close(y, [[-1, 1, 4, 2]])
    assert_close(gradients[1], [-1, 1, -1, 1])
    assert_close(gradients[2], [1, 1, 1, 1])


def test_each_group_of_each_image_has_mean_0_and_variance_1(backend):
    x, weight, bias = norm_arrays((3, 5, 6, 4))
    y, _ = backend.group_norm.forward(3 * x + 7, np.ones(4), np.zeros(4), 2, eps=0)
    groups = y.reshape(3, 30, 2, 2)
    assert_close(groups.mean(axis=(1, 3)), np.zeros((3, 2)))
    assert_close(groups.std(axis=(1, 3)), np.ones((3, 2)))


def test_an_image_does_not_depend_on_the_others(backend):
    x, weight, bias = norm_arrays((3, 5, 6, 4))
    y, _ = backend.group_norm.forward(x, weight, bias, 2)
    alone, _ = backend.group_norm.forward(x[1:2], weight, bias, 2)
    assert_close(y[1:2], alone)


def test_a_group_for_each_channel_is_batch_norm_of_a_single_image(backend):
    x, weight, bias = norm_arrays((1, 5, 6, 4))
    y, _ = backend.group_norm.forward(x, weight, bias, 4)
    assert_close(y, backend.batch_norm.forward(x, weight, bias)[0])


@pytest.mark.parametrize("shape", [(1, 1, 1, 2), (4, 3, 3, 2)])
def test_a_constant_group_stays_finite(backend, shape):
    arrays = [np.full(shape, 7.0), np.ones(2), np.zeros(2)]
    y, gradients, _ = run(backend.group_norm, arrays, {"num_groups": 2})
    assert all(np.isfinite(array).all() for array in (y, *gradients)) and (y == 0).all()


def test_large_images_around_a_large_mean():
    """In float32, rounding of the mean of ten thousand numbers must not show."""
    from minires.kernels import cpu

    rng, channels = np.random.default_rng(0), 64
    x = (100 + rng.standard_normal((1, 112, 112, channels))).astype(np.float32)
    weight, bias = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    y, _ = cpu.group_norm.forward(x, weight, bias, channels)
    exact = x.astype(np.float64)
    mean, std = exact.mean(axis=(1, 2)), exact.std(axis=(1, 2))
    assert_close(y, (exact - mean) / std, tolerance=1e-5)
