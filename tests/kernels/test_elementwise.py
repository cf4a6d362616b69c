"""Arithmetic and elementary functions, with broadcasting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from .checks import backward, check, random_arrays, run

shapes = array_shapes(min_dims=0, max_dims=3, max_side=4) | st.sampled_from([(0,), (3, 0)])
seeds = st.integers(0, 99)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "add_relu"])
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), seeds)
def test_arithmetic(backend, name, broadcast, seed):
    check(
        backend, name, *random_arrays(*broadcast.input_shapes, seed=seed, positive=name == "divide")
    )


@pytest.mark.parametrize(
    "name", ["negative", "abs", "exp", "log", "sqrt", "relu", "sigmoid", "tanh"]
)
@given(shapes, seeds)
def test_functions_of_one_array(backend, name, shape, seed):
    check(backend, name, *random_arrays(shape, seed=seed, positive=name in ("log", "sqrt")))


@given(shapes, st.sampled_from([-2, -1, -0.5, 0, 0.5, 1, 2, 3]), seeds)
def test_power(backend, shape, exponent, seed):
    check(backend, "power", *random_arrays(shape, seed=seed, positive=True), exponent=exponent)


@pytest.mark.parametrize("exponent", [2, 3, -1])
def test_whole_powers_of_negative_numbers(backend, exponent):
    check(backend, "power", np.array([-2.0, -0.5]), exponent=exponent)


@pytest.mark.parametrize("exponent, slope_at_0", [(0, 0), (1, 1), (2, 0), (3, 0)])
def test_slope_of_power_at_zero(backend, exponent, slope_at_0):
    _, (dx,), _ = run(backend.power, [np.zeros(2)], {"exponent": exponent}, np.ones(2))
    assert dx.tolist() == [slope_at_0, slope_at_0]


def test_gradients_of_a_broadcast_number_are_added_up(backend):
    _, (da, db), _ = run(
        backend.add, [np.zeros((2, 3, 4)), np.zeros((3, 1))], {}, np.ones((2, 3, 4))
    )
    assert (da == 1).all() and db.tolist() == [[8], [8], [8]]


def test_relu_at_zero_has_slope_zero(backend):
    y, (dx,), _ = run(backend.relu, [np.array([-1.0, -0.0, 0.0, 1.0])], {}, np.ones(4))
    assert y.tolist() == [0, 0, 0, 1] and dx.tolist() == [0, 0, 0, 1]


def test_sigmoid_does_not_overflow_and_keeps_small_numbers(backend):
    y, (dx,), _ = run(backend.sigmoid, [np.array([-800.0, -20.0, 0.0, 800.0])], {}, np.ones(4))
    assert y[0] == 0 and y[2] == 0.5 and y[3] == 1 and dx.tolist()[2] == 0.25
    assert y[1] == pytest.approx(np.exp(-20), rel=1e-6)


def test_abs_at_zero_has_slope_zero(backend):
    y, (dx,), _ = run(backend.abs, [np.array([-2.0, -0.0, 0.0, 3.0])], {}, np.full(4, 5.0))
    assert y.tolist() == [2, 0, 0, 3] and not np.signbit(y).any()
    assert dx.tolist() == [-5, 0, 0, 5]


def test_abs_does_not_hide_nan(backend):
    y, (dx,), _ = run(backend.abs, [np.array([np.nan, -1.0])], {}, np.ones(2))
    np.testing.assert_array_equal(y, [np.nan, 1])
    np.testing.assert_array_equal(dx, [np.nan, -1])


def test_relu_does_not_hide_nan(backend):
    """Training stops where a number is not finite. A ReLU that turned nan into 0 would let it go
    on."""
    y, _ = backend.relu.forward(np.array([np.nan, 1.0]))
    assert np.isnan(y[0]) and y[1] == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name, x, y",
    [
        ("exp", 1000, np.inf),
        ("exp", -1000, 0),
        ("log", 0, -np.inf),
        ("log", -1, np.nan),
        ("sqrt", -1, np.nan),
    ],
)
def test_outside_of_its_domain_a_function_gives_infinity_or_nan(backend, name, x, y):
    """As in NumPy, without an exception."""
    got, _ = getattr(backend, name).forward(np.array([float(x)]))
    np.testing.assert_array_equal(got, [y])


def test_the_gradients_of_a_sum_can_be_changed_in_place(backend):
    """add may return dy itself twice, so the first change must not show in the second."""
    dy = np.ones(3)
    y, cache = backend.add.forward(np.zeros(3), np.zeros(3))
    da, db = backward(backend.add, dy, cache)
    assert np.array_equal(da, dy) and np.array_equal(db, dy) and y.shape == (3,)
