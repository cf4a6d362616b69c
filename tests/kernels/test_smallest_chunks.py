"""The fast kernels again, with even the smallest work divided into tiny chunks for three
threads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from minires import backend
from minires.kernels import cpu
from minires.kernels.cpu import chunks, products

from .checks import check, norm_arrays, random_arrays
from .test_batch_norm_relu import case as relu_case
from .test_conv import CORNERS, convolutions
from .test_pooling import poolings


@pytest.fixture(scope="module", autouse=True)
def tiny_chunks():
    before = backend.num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "MIN_THREAD_BYTES", 1)
        patch.setattr(chunks, "MAX_CHUNK_BYTES", 1)
        patch.setattr(chunks, "MIN_CHUNK_BYTES", 1)
        patch.setattr(products, "CHUNK_BYTES", 1)
        backend.set_num_threads(3)
        yield
        backend.set_num_threads(before)


def test_chunks_are_tiny():
    assert chunks.run(iter, 6, 4) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]


@pytest.mark.parametrize("x, w, given_settings", CORNERS.values(), ids=CORNERS)
def test_corners_of_convolution(x, w, given_settings):
    check(cpu, "conv2d", *random_arrays((3 * x[0], *x[1:]), w), **given_settings)


@settings(max_examples=100)
@given(convolutions(), st.integers(1, 5))
def test_convolution(case, images):
    x, w, given_settings = case
    check(cpu, "conv2d", *random_arrays((images, *x[1:]), w), **given_settings)


@given(array_shapes(min_dims=2, max_dims=4, max_side=5))
def test_batch_norm(shape):
    check(cpu, "batch_norm", *norm_arrays(shape))
    mean, var = random_arrays(shape[-1:], shape[-1:], positive=True)
    check(cpu, "batch_norm", *norm_arrays(shape), mean=mean, var=var)


@given(array_shapes(min_dims=2, max_dims=4, max_side=5), st.booleans())
def test_batch_norm_relu(shape, with_shortcut):
    check(cpu, "batch_norm_relu", *relu_case(shape, with_shortcut))


@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3),
    *[st.integers(1, 5)] * 3,
)
def test_matmul(batch, n, k, m):
    a, b = batch.input_shapes
    check(cpu, "matmul", *random_arrays((*a, n, k), (*b, k, m)))


@given(*[st.integers(1, 5)] * 3)
def test_linear(n, inputs, outputs):
    check(cpu, "linear", *random_arrays((n, inputs), (inputs, outputs), (outputs,)))


@given(array_shapes(max_dims=3, max_side=5))
def test_elementwise(shape):
    check(cpu, "add", *random_arrays(shape, shape))
    check(cpu, "relu", *random_arrays(shape))


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@given(poolings())
def test_pooling(name, case):
    shape, given_settings = case
    check(cpu, name, *random_arrays(shape), **given_settings)
