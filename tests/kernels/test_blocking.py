"""Which input pixel meets which weight, counted out against the definition of convolution along one axis."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minires.kernels.cpu import blocking

axes = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 4), st.integers(1, 3))      # kernel, stride, padding, dilation


def meetings(table, outputs, inputs):
    """All (output, input, weight) that a table brings together, of which both are there."""
    found = []
    for u in range(table.windows(outputs)):
        for a, links in enumerate(table.links):
            for r, k in links:
                output, at = u * table.at_once + r, u * table.move + table.first + k * table.step
                assert 0 <= k < table.size and at - table.first < table.reach(table.windows(outputs))
                if output < outputs and 0 <= at < inputs:
                    found.append((output, int(at), a))
    return sorted(found)


def by_definition(axis, outputs, inputs):
    kernel, stride, padding, dilation = axis
    return sorted((j, j * stride + a * dilation - padding, a) for j in range(outputs) for a in range(kernel)
                  if 0 <= j * stride + a * dilation - padding < inputs)


@given(axes, st.integers(1, 4), st.integers(1, 9), st.integers(1, 12))
def test_forward(axis, at_once, outputs, inputs):
    assert meetings(blocking.forward(at_once, *axis), outputs, inputs) == by_definition(axis, outputs, inputs)


@given(axes, st.integers(1, 3), st.integers(1, 9), st.integers(1, 12))
def test_backward_is_forward_seen_from_the_input(axis, times, outputs, inputs):
    table = blocking.backward(axis[1] * times, *axis)
    seen = sorted((output, at, a) for at, output, a in meetings(table, inputs, outputs))
    assert seen == by_definition(axis, outputs, inputs)


def test_no_work_on_the_zeros_of_a_stride():
    """Two pixels of dL/dx need a window of two of dL/dy: spread out by the stride it would be one of four."""
    table = blocking.backward(2, 3, 2, 1, 1)
    assert (table.size, table.step, table.move) == (2, 1, 1)


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_narrow_undoes_widen_as_often_as_a_weight_stands_there(at_once):
    rows, columns = blocking.forward(1, 3, 1, 1, 1), blocking.forward(at_once, 3, 1, 1, 1)
    w = np.random.default_rng(0).standard_normal((3, 3, 2, 5))
    wide = blocking.widen(w, rows, columns)
    assert wide.shape == (3 * (3 + at_once - 1) * 2, at_once * 5)
    np.testing.assert_allclose(blocking.narrow(wide, rows, columns, 2), at_once * w)
    assert np.count_nonzero(wide) == at_once * w.size
