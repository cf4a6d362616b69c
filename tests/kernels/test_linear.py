"""Matrix products."""

import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from .checks import check, random_arrays

sizes = st.integers(1, 4)


@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3), sizes, sizes, sizes)
def test_matmul(wing, batch, n, k, m):
    a, b = batch.input_shapes
    check(wing, "matmul", *random_arrays((*a, n, k), (*b, k, m)))


@given(sizes, sizes, sizes)
def test_linear(wing, n, n_in, n_out):
    check(wing, "linear", *random_arrays((n, n_in), (n_in, n_out), (n_out,)))


def test_matmul_by_hand(wing):
    y, _ = wing.matmul.forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    assert y.tolist() == [[11]]
