"""Dropout with a given mask."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from .checks import assert_close, check, random_arrays, run


@given(array_shapes(max_dims=4, max_side=4), st.floats(0, 0.9), st.integers(0, 99))
def test_any_shape_and_probability(backend, shape, p, seed):
    mask = np.random.default_rng(seed).random(shape) >= p
    check(backend, "dropout", *random_arrays(shape, seed=seed), mask=mask, p=p)


def test_by_hand(backend):
    """With p = 3/4 a number that is kept is multiplied by four."""
    x, mask = np.array([1.0, 2, 3]), np.array([True, False, True])
    y, (dx,), _ = run(backend.dropout, [x], {"mask": mask, "p": 0.75}, np.array([10.0, 20, 30]))
    assert_close(y, [4, 0, 12])
    assert_close(dx, [40, 0, 120])


def test_with_probability_1_nothing_is_left(backend):
    x, mask = np.array([1.0, 2]), np.array([False, False])
    y, (dx,), _ = run(backend.dropout, [x], {"mask": mask, "p": 1.0}, np.ones(2))
    assert y.tolist() == [0, 0] and dx.tolist() == [0, 0]


def test_nan_is_not_hidden(backend):
    y, _ = backend.dropout.forward(np.array([np.nan, 1.0]), np.array([False, True]), 0.5)
    assert np.isnan(y[0]) and y[1] == 2
