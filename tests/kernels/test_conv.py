"""Convolution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minires.errors import ShapeError

from .checks import assert_close, check, random_arrays, run

CORNERS = {
    "one pixel": ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    "1x1 kernel": ((2, 4, 3, 3), (1, 1, 3, 2), {}),
    "1x1 kernel in groups": ((2, 4, 3, 4), (1, 1, 2, 6), {"groups": 2}),
    "1x1 kernel, stride 2": ((2, 5, 4, 3), (1, 1, 3, 2), {"stride": 2}),
    "as many windows as pixels, elsewhere": (
        (1, 2, 2, 2),
        (1, 1, 2, 32),
        {"padding": 1, "stride": 2},
    ),
    "padding beyond the kernel's reach": ((1, 3, 2, 2), (1, 1, 2, 2), {"padding": (2, 3)}),
    "windows that see padding alone": ((1, 2, 2, 1), (2, 2, 1, 1), {"padding": 4, "stride": 2}),
    "stride beyond the kernel": ((2, 9, 8, 2), (2, 2, 2, 3), {"stride": (4, 3)}),
    "stride that leaves pixels unused": ((1, 8, 8, 1), (3, 3, 1, 2), {"stride": 3}),
    "kernel as large as the image": ((2, 4, 5, 2), (4, 5, 2, 3), {}),
    "kernel larger than the image": ((2, 2, 2, 2), (5, 3, 2, 2), {"padding": (2, 1)}),
    "kernel with even sides": ((2, 5, 6, 2), (2, 4, 2, 2), {"padding": (1, 2)}),
    "long and thin": ((1, 1, 9, 2), (1, 7, 2, 2), {"padding": (0, 3)}),
    "dilation": ((2, 7, 7, 2), (3, 2, 2, 2), {"dilation": (2, 3), "padding": 1}),
    "dilation and stride": (
        (1, 9, 8, 1),
        (2, 3, 1, 2),
        {"dilation": 2, "stride": (2, 3), "padding": (1, 2)},
    ),
    "a group for each channel": ((2, 4, 4, 3), (3, 3, 1, 6), {"groups": 3, "padding": 1}),
    "no images": ((0, 4, 4, 2), (3, 3, 2, 2), {}),
}


@pytest.mark.parametrize("x, w, given_settings", CORNERS.values(), ids=CORNERS)
def test_corners(backend, x, w, given_settings):
    check(backend, "conv2d", *random_arrays(x, w), **given_settings)


@st.composite
def convolutions(draw):
    """The shapes and settings of any convolution whose window fits into the padded image."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    smallest = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding)]
    height, width = (size + draw(st.integers(0, 5)) for size in smallest)
    n, groups, in_channels, out_channels = (draw(st.integers(1, 2)) for _ in range(4))
    return (
        (n, height, width, in_channels * groups),
        (*kernel, in_channels, out_channels * groups),
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    )


@settings(max_examples=150)
@given(convolutions(), st.integers(0, 99))
def test_any_convolution(backend, case, seed):
    x, w, given_settings = case
    check(backend, "conv2d", *random_arrays(x, w, seed=seed), **given_settings)


def test_by_hand(backend):
    """A window slides over the image. It is not flipped, as strict convolution would have it."""
    x = np.array([[1.0, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1)
    w = np.array([[1.0, 10], [100, 1000]]).reshape(2, 2, 1, 1)
    y, (dx, dw), _ = run(backend.conv2d, [x, w], {}, np.array([1.0, 2]).reshape(1, 1, 2, 1))
    assert y.ravel().tolist() == [1 + 20 + 400 + 5000, 2 + 30 + 500 + 6000]
    assert dx.ravel().tolist() == [1, 10 + 2, 20, 100, 1000 + 200, 2000]
    assert dw.ravel().tolist() == [1 + 2 * 2, 2 + 2 * 3, 4 + 2 * 5, 5 + 2 * 6]


def test_numbers_and_pairs_mean_the_same(backend):
    x, w = random_arrays((2, 7, 7, 2), (3, 3, 2, 2))
    one, _ = backend.conv2d.forward(x, w, stride=2, padding=1, dilation=2)
    two, _ = backend.conv2d.forward(x, w, stride=(2, 2), padding=(1, 1), dilation=(2, 2))
    assert np.array_equal(one, two)


def test_groups_are_convolutions_side_by_side(backend):
    x, w = random_arrays((2, 5, 5, 4), (3, 3, 2, 6))
    y, _ = backend.conv2d.forward(x, w, padding=1, groups=2)
    first, _ = backend.conv2d.forward(x[..., :2], w[..., :3], padding=1)
    second, _ = backend.conv2d.forward(x[..., 2:], w[..., 3:], padding=1)
    assert_close(y, np.concatenate([first, second], axis=3))


def test_many_chunks_and_images(threads):
    """Several chunks for each thread, compared with a sum over the window's positions in plain
    NumPy."""
    from minires.kernels import cpu

    threads(2)
    x, w = random_arrays((40, 16, 16, 8), (3, 3, 8, 8))
    y, (dx, dw), dy = run(cpu.conv2d, [x, w], {"padding": 1})
    padded, padded_dx = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), np.zeros((40, 18, 18, 8))
    expected_y, expected_dw = np.zeros_like(y), np.zeros_like(w)
    for a, b in np.ndindex(3, 3):
        pixels = slice(None), slice(a, a + 16), slice(b, b + 16)
        expected_y += padded[pixels] @ w[a, b]
        expected_dw[a, b] = np.tensordot(padded[pixels], dy, ((0, 1, 2), (0, 1, 2)))
        padded_dx[pixels] += dy @ w[a, b].T
    assert_close(y, expected_y)
    assert_close(dw, expected_dw)
    assert_close(dx, padded_dx[:, 1:-1, 1:-1])


def test_the_columns_of_a_whole_batch_never_exist(threads):
    """They would take nine times the memory of the images: 75 MB here. NumPy reports every array to
    tracemalloc."""
    import tracemalloc

    from minires.kernels import cpu

    threads(2)
    x, w = (array.astype(np.float32) for array in random_arrays((128, 32, 32, 16), (3, 3, 16, 16)))
    tracemalloc.start()
    y, cache = cpu.conv2d.forward(x, w, padding=1)
    cpu.conv2d.backward(y, cache)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 2 * x.nbytes <= peak < 2 * x.nbytes + 12e6


@pytest.mark.parametrize("name", ["stride", "padding", "dilation"])
@pytest.mark.parametrize("size", [2**20 + 1, 10**9, 10**30])
def test_absurd_sizes_get_one_line(name, size):
    from minires.kernels import cpu

    x, w = np.ones((1, 4, 4, 1)), np.ones((1, 1, 1, 1))
    with pytest.raises(ShapeError, match=f"{name}: expected at most 1,048,576 pixels"):
        cpu.conv2d.forward(x, w, **{name: size})
