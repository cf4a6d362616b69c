"""Matrix products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from .checks import check, random_arrays

sizes = st.integers(1, 4)


@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3), sizes, sizes, sizes)
def test_matmul(backend, batch, n, k, m):
    a, b = batch.input_shapes
    check(backend, "matmul", *random_arrays((*a, n, k), (*b, k, m)))


@given(sizes, sizes, sizes)
def test_linear(backend, n, in_features, out_features):
    check(
        backend,
        "linear",
        *random_arrays((n, in_features), (in_features, out_features), (out_features,)),
    )


def test_matmul_by_hand(backend):
    y, _ = backend.matmul.forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    assert y.tolist() == [[11]]


@pytest.mark.parametrize("rows, columns", [(3, 700), (700, 3), (300, 400)])
def test_a_product_is_laid_out_row_by_row(backend, rows, columns):
    a, b = random_arrays((rows, 2), (2, columns))
    y, _ = backend.matmul.forward(a, b)
    assert y.flags.c_contiguous
    assert y == pytest.approx(a @ b)
