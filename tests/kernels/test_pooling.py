"""Max, average and global average pooling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .checks import assert_close, check, random_arrays, run

CORNERS = {
    "one pixel": ((1, 1, 1, 1), {"kernel_size": 1}),
    "stride left out": ((2, 6, 4, 2), {"kernel_size": 2}),
    "stride beyond the window": ((2, 9, 8, 2), {"kernel_size": 2, "stride": (4, 3)}),
    "window as large as the image": ((2, 3, 4, 2), {"kernel_size": (3, 4)}),
    "window larger than the image": ((2, 2, 2, 2), {"kernel_size": 3, "padding": 1, "stride": 1}),
    "windows that overlap": ((2, 5, 6, 1), {"kernel_size": 3, "stride": 1, "padding": 1}),
    "long and thin": ((1, 1, 9, 2), {"kernel_size": (1, 3), "stride": 2, "padding": (0, 1)}),
    "rows that do not fit": ((2, 7, 5, 3), {"kernel_size": 2}),
}
pools = pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])


@pools
@pytest.mark.parametrize("x, settings", CORNERS.values(), ids=CORNERS)
def test_corners(backend, name, x, settings):
    check(backend, name, *random_arrays(x), **settings)


@st.composite
def poolings(draw):
    """The shape and settings of any pooling whose window fits into the padded image."""
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride = draw(st.none() | st.integers(1, 4) | st.tuples(st.integers(1, 4), st.integers(1, 4)))
    height, width = (max(1, k - 2 * p) + draw(st.integers(0, 4)) for k, p in zip(kernel, padding))
    shape = draw(st.integers(1, 2)), height, width, draw(st.integers(1, 3))
    return shape, {"kernel_size": kernel, "stride": stride, "padding": padding}


@pools
@given(poolings(), st.integers(0, 99))
def test_any_pooling(backend, name, case, seed):
    shape, settings = case
    check(backend, name, *random_arrays(shape, seed=seed), **settings)


@given(st.tuples(*[st.integers(1, 4)] * 4))
def test_global_average(backend, shape):
    check(backend, "global_avg_pool2d", *random_arrays(shape))


def test_global_average_is_one_large_window(backend):
    (x,) = random_arrays((2, 4, 3, 5))
    y, _ = backend.global_avg_pool2d.forward(x)
    assert_close(y, backend.avg_pool2d.forward(x, (4, 3))[0].reshape(2, 5))


def test_the_first_of_equal_maxima_gets_the_gradient(backend):
    x = np.array([[3.0, 1, 2, 2], [3, 3, 2, 2]]).reshape(1, 2, 4, 1)
    dy = np.array([5.0, 7]).reshape(1, 1, 2, 1)
    _, (dx,), _ = run(backend.max_pool2d, [x], {"kernel_size": 2}, dy)
    assert dx.reshape(2, 4).tolist() == [[5, 0, 7, 0], [0, 0, 0, 0]]


def test_the_padding_is_never_the_maximum(backend):
    x, dy = np.full((1, 2, 2, 1), -5.0), np.ones((1, 2, 2, 1))
    y, (dx,), _ = run(backend.max_pool2d, [x], {"kernel_size": 2, "padding": 1}, dy)
    assert (y == -5).all() and (dx == 1).all()


def test_the_maximum_does_not_hide_nan(backend):
    """Wherever in the window it stands."""
    for place in range(4):
        x = np.arange(4.0)
        x[place] = np.nan
        y, _ = backend.max_pool2d.forward(x.reshape(1, 2, 2, 1), 2)
        assert np.isnan(y).all()


def test_the_average_counts_the_padding(backend):
    y, _ = backend.avg_pool2d.forward(np.full((1, 2, 2, 1), 8.0), 2, padding=1)
    assert (y == 2).all()


@pytest.mark.parametrize("lowest", [-np.inf, np.finfo(np.float64).min])
def test_maximum_of_the_lowest_numbers(backend, lowest):
    x, dy = np.full((1, 2, 2, 1), lowest), np.ones((1, 1, 1, 1))
    y, (dx,), _ = run(backend.max_pool2d, [x], {"kernel_size": 2}, dy)
    assert y.item() == lowest and dx.ravel().tolist() == [1, 0, 0, 0]


def test_padding_takes_no_gradient_even_from_minus_infinity(backend):
    x = np.full((1, 3, 3, 1), -np.inf, np.float32)
    settings = {"kernel_size": 2, "stride": 2, "padding": 1}
    y, (dx,), dy = run(backend.max_pool2d, (x,), settings)
    assert np.allclose(dx.sum(), dy.sum())
