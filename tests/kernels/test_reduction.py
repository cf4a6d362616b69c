"""Sums, means, maxima and minima over axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, valid_tuple_axes

from minires.kernels import cpu

from .checks import check, random_arrays, run

reductions = pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])


@st.composite
def shapes_and_axes(draw):
    """A shape, and one, several or all of its axes, counted from the start or the end."""
    shape = draw(array_shapes(min_dims=1, max_dims=4, max_side=3))
    one = st.integers(-len(shape), len(shape) - 1)
    return shape, draw(st.none() | one | valid_tuple_axes(len(shape), min_size=1))


@reductions
@given(shapes_and_axes(), st.booleans(), st.integers(0, 99))
def test_reductions(backend, name, case, keepdims, seed):
    shape, axis = case
    check(backend, name, *random_arrays(shape, seed=seed), axis=axis, keepdims=keepdims)


@reductions
def test_a_single_number(backend, name):
    check(backend, name, np.array(3.0))


def test_an_empty_sum_is_zero(backend):
    y, (dx,), _ = run(backend.sum, [np.zeros((0, 3))], {"axis": 0})
    assert y.tolist() == [0, 0, 0] and dx.shape == (0, 3)


@pytest.mark.parametrize("name, sign", [("max", 1), ("min", -1)])
def test_equal_maxima_and_minima_share_the_gradient(backend, name, sign):
    x = sign * np.array([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0]])
    y, (dx,), _ = run(getattr(backend, name), [x], {"axis": 1}, np.array([6.0, 3.0]))
    assert y.tolist() == [5 * sign, sign] and dx.tolist() == [[0, 3, 3], [1, 1, 1]]


@pytest.mark.parametrize("name, other", [("max", 3), ("min", 1)])
def test_maximum_and_minimum_do_not_hide_nan(backend, name, other):
    x = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]])
    y, _ = getattr(backend, name).forward(x, axis=1)
    np.testing.assert_array_equal(y, [np.nan, other])


def test_sum_of_many_float32_numbers():
    """Added one after another, as in the loops of naive, each of these numbers would be lost in the
    rounding of the total."""
    total, _ = cpu.sum.forward(np.full(100_000, 0.1, np.float32))
    assert total == pytest.approx(10_000, rel=1e-6)


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_millions_of_float32_numbers_along_the_first_axis(name):
    """Added one after another with rounding, four million times 0.1 would be 4 % too much."""
    x = np.full((4_000_000, 1), 0.1, np.float32)
    y, _ = getattr(cpu, name).forward(x, axis=0)
    assert y.dtype == np.float32 and np.allclose(y, 400_000 if name == "sum" else 0.1, rtol=1e-6)
