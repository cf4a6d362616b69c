"""Moving elements: reshape, transpose, pad, index, join."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices

from .checks import check, random_arrays, run

shapes = array_shapes(max_dims=4, max_side=4)


@given(shapes, st.data())
def test_reshape(backend, shape, data):
    new = data.draw(st.permutations(shape)) + [1]
    if data.draw(st.booleans()):
        new[data.draw(st.integers(0, len(new) - 1))] = -1
    check(backend, "reshape", *random_arrays(shape), shape=tuple(new))


def test_reshape_to_and_from_a_single_number(backend):
    check(backend, "reshape", np.array([[2.0]]), shape=())
    check(backend, "reshape", np.array(2.0), shape=(1, 1))


@given(shapes, st.data())
def test_transpose(backend, shape, data):
    axes = data.draw(st.permutations(range(len(shape))))
    counted_from_the_end = [axis - len(shape) for axis in axes]
    for order in (None, tuple(axes), tuple(counted_from_the_end)):
        check(backend, "transpose", *random_arrays(shape), axes=order)


@given(shapes, st.data())
def test_pad(backend, shape, data):
    widths = [data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape]
    check(backend, "pad", *random_arrays(shape), widths=widths)


@given(shapes, st.data())
def test_slices(backend, shape, data):
    index = data.draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    check(backend, "getitem", *random_arrays(shape), index=index)


PICKS = {
    "a list": [2, 0, 2],
    "an array of two axes": np.array([[0, 1], [1, 1]]),
    "counted from the end": [-1, -4],
    "two lists": ([0, 1, 1], [2, 0, 0]),
    "a list and a slice": (slice(None, None, -2), [0, 0, 1]),
    "a list, an ellipsis": ([3, 3], ..., None),
    "an integer and a list": (1, [0, 0]),
    "truth values": np.arange(12).reshape(4, 3) % 3 == 1,
    "truth values of one axis": np.array([True, False, False, True]),
    "none at all": np.zeros((4, 3), bool),
    "a NumPy integer": np.int64(2),
    "a new axis": (None, 1, ..., None),
}


@pytest.mark.parametrize("index", PICKS.values(), ids=PICKS)
def test_picking_elements(backend, index):
    check(backend, "getitem", *random_arrays((4, 3)), index=index)


def test_an_element_picked_three_times_receives_three_gradients(backend):
    dy = np.array([1.0, 10, 100, 1000])
    _, (dx,), _ = run(backend.getitem, [np.zeros(4)], {"index": [1, 1, 3, 1]}, dy)
    assert dx.tolist() == [0, 1011, 0, 100]


@given(shapes, st.data())
def test_concatenate(backend, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = [
        tuple(length if i == axis % len(shape) else size for i, size in enumerate(shape))
        for length in lengths
    ]
    check(backend, "concatenate", *random_arrays(*parts), axis=axis)


@given(shapes)
def test_no_element_gets_lost(backend, shape):
    numbers = np.arange(float(prod(shape))).reshape(shape)
    for y, _ in (backend.reshape.forward(numbers, (-1,)), backend.transpose.forward(numbers)):
        assert sorted(y.flat) == sorted(numbers.flat)
