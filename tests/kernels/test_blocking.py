"""Which input pixel meets which weight, compared with the definition of convolution along one
axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minires.kernels.cpu import blocking

axes = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 4), st.integers(1, 3)).map(
    lambda drawn: dict(zip(("kernel_size", "stride", "padding", "dilation"), drawn))
)


def terms(window, results, pixels):
    """All (result, pixel, weight) that a window brings together, where result and pixel exist."""
    found = []
    blocks = window.blocks(results)
    for u in range(blocks):
        for a, positions in enumerate(window.positions):
            for r, k in positions:
                offset = u * window.stride + k * window.dilation
                assert 0 <= k < window.kernel_size and offset < window.extent(blocks)
                result, pixel = u * window.block + r, offset - window.padding
                if result < results and 0 <= pixel < pixels:
                    found.append((result, int(pixel), a))
    return sorted(found)


def by_definition(axis, outputs, inputs):
    pairs = [
        (j, a, j * axis["stride"] + a * axis["dilation"] - axis["padding"])
        for j in range(outputs)
        for a in range(axis["kernel_size"])
    ]
    return sorted((j, i, a) for j, a, i in pairs if 0 <= i < inputs)


@given(axes, st.integers(1, 4), st.integers(1, 9), st.integers(1, 12))
def test_forward(axis, block, outputs, inputs):
    window = blocking.forward(block, **axis)
    assert terms(window, outputs, inputs) == by_definition(axis, outputs, inputs)


@given(axes, st.integers(1, 3), st.integers(1, 9), st.integers(1, 12))
def test_backward_has_the_terms_of_forward_by_input_pixel(axis, times, outputs, inputs):
    window = blocking.backward(axis["stride"] * times, **axis)
    swapped = sorted((j, i, a) for i, j, a in terms(window, inputs, outputs))
    assert swapped == by_definition(axis, outputs, inputs)


def test_a_block_of_one_is_the_convolution_itself():
    window = blocking.forward(1, kernel_size=3, stride=2, padding=1, dilation=4)
    assert window[:5] == (1, 2, 1, 4, 3)


def test_no_work_on_the_zeros_of_a_stride():
    """Two pixels of dL/dx need a window of two in dL/dy; in a dL/dy spread out by the stride it
    would be four."""
    window = blocking.backward(2, kernel_size=3, stride=2, padding=1, dilation=1)
    assert (window.kernel_size, window.dilation, window.stride) == (2, 1, 1)


@pytest.mark.parametrize("block", [1, 2, 4])
def test_narrow_adds_up_all_positions_of_a_weight(block):
    window_h, window_w = blocking.forward(1, 3, 1, 1, 1), blocking.forward(block, 3, 1, 1, 1)
    w = np.random.default_rng(0).standard_normal((3, 3, 2, 5))
    wide = blocking.widen(w, window_h, window_w)
    assert wide.shape == (3 * (3 + block - 1) * 2, block * 5)
    np.testing.assert_allclose(blocking.narrow(wide, window_h, window_w), block * w)
    assert np.count_nonzero(wide) == block * w.size
