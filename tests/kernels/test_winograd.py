"""Winograd's convolution: the numbers of the definition, up to rounding, in all three passes."""

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from minires import Tensor, gradcheck, kernels
from minires import functional as F
from minires.kernels import cpu, naive
from minires.kernels.cpu import winograd
from minires.kernels.cpu.conv import im2col_conv2d, winograd_conv2d
from minires.kernels.shapes import Window

#: Largest difference, as a share of the largest number: in one dimension, and in two.
TOLERANCES = {np.float32: (5e-6, 2e-5), np.float64: (1e-14, 5e-14)}
CASES = [  # N, H, W, C of a group, O of a group, padding, groups
    (2, 8, 8, 3, 4, 1, 1),
    (3, 7, 7, 2, 2, 1, 1),
    (2, 14, 5, 4, 3, (0, 2), 1),
    (1, 3, 3, 1, 1, 0, 1),
    (2, 4, 9, 2, 3, (2, 1), 3),
    (1, 6, 6, 64, 64, 1, 1),
    (2, 5, 7, 64, 65, (1, 0), 1),
]


def arrays(case, dtype, seed=0):
    n, h, w, c, o, _, groups = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, h, w, c * groups)).astype(dtype)
    return x, rng.standard_normal((3, 3, c, o * groups)).astype(dtype)


def passes(kernel, x, w, padding, groups):
    y, cache = kernel.forward(x, w, padding=padding, groups=groups)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype)
    return y, *kernel.backward(dy, cache)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_as_the_definition(case, dtype):
    x, w = arrays(case, dtype)
    dims = 2 if case[3] >= 64 else 1
    exact = passes(naive.conv2d, x.astype(np.float64), w.astype(np.float64), *case[5:])
    for name, got, want in zip(("y", "dx", "dw"), passes(winograd_conv2d, x, w, *case[5:]), exact):
        assert got.dtype == dtype and got.shape == want.shape
        difference = abs(got - want).max() / abs(want).max()
        assert difference < TOLERANCES[dtype][dims - 1], name


def test_the_formula_itself():
    """y = A^T [ (G w) * (B^T x) ] is a convolution of four outputs."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(6), rng.standard_normal(3)
    y = winograd.A_T @ ((winograd.G @ w) * (winograd.B_T @ x))
    np.testing.assert_allclose(y, np.correlate(x, w, "valid"), rtol=1e-13)


@pytest.mark.parametrize("channels", [2, 64])
def test_gradients(channels):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 5, 5, channels))
    w = rng.standard_normal((3, 3, channels, channels)) / channels
    with kernels.use(conv2d=winograd_conv2d):
        gradcheck(lambda x, w: F.conv2d(x, w, padding=1), x, w, projections=5)


@pytest.mark.parametrize(
    "out, weights, settings, taken",
    [
        ((128, 32, 32, 32), (3, 3, 32, 32), {}, True),
        ((128, 8, 8, 64), (3, 3, 64, 64), {}, True),
        ((128, 16, 16, 16), (3, 3, 16, 16), {}, False),  # too few channels
        ((128, 32, 32, 64), (3, 3, 3, 64), {}, False),  # an image's colours
        ((1, 7, 7, 512), (3, 3, 512, 512), {}, False),  # few pixels for many weights
        ((128, 8, 8, 64), (3, 3, 64, 128), {"groups": 2}, True),
        ((128, 8, 8, 64), (3, 3, 2, 64), {"groups": 32}, False),
        ((128, 8, 8, 64), (3, 3, 64, 64), {"stride": (2, 1)}, False),
        ((128, 8, 8, 64), (3, 3, 64, 64), {"dilation": (1, 2)}, False),
        ((128, 8, 8, 64), (3, 3, 64, 64), {"padding": (3, 1)}, False),
        ((128, 8, 8, 64), (1, 1, 64, 64), {}, False),
        ((128, 8, 8, 64), (3, 1, 64, 64), {}, False),
    ],
)
def test_where_it_is_used(out, weights, settings, taken):
    settings = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1} | settings
    groups = settings.pop("groups")
    window = Window(weights[:2], **settings)
    assert winograd.pays(out, weights, window, groups) == taken


def test_the_convolution_uses_it_and_one_line_turns_it_off():
    x, w = arrays((32, 8, 8, 32, 32, 1, 1), np.float32)
    taken, by_im2col = cpu.conv2d.forward(x, w, padding=1), im2col_conv2d.forward(x, w, padding=1)
    assert taken[1][-1] and not by_im2col[1][-1]
    assert not np.array_equal(taken[0], by_im2col[0])
    np.testing.assert_allclose(taken[0], by_im2col[0], atol=5e-4)
    with kernels.use(conv2d=im2col_conv2d):
        y = F.conv2d(Tensor(x), Tensor(w), padding=1)
    assert np.array_equal(y.data, by_im2col[0])


def test_blas_wakes_no_threads_of_its_own(monkeypatch, threads):
    """Its threads would spin for milliseconds and take the cores from ours."""
    controller, seen = ThreadpoolController(), []

    class Watched(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **settings):
            seen.append(
                [one.num_threads for one in controller.select(user_api="blas").lib_controllers]
            )
            plain = [np.asarray(one) for one in inputs]
            return getattr(ufunc, method)(*plain, **settings)

    matrix = winograd._matrix
    monkeypatch.setattr(winograd, "_matrix", lambda *which: matrix(*which).view(Watched))
    threads(1)
    x, w = arrays((8, 12, 12, 32, 32, 1, 1), np.float32)
    with controller.limit(limits=2, user_api="blas"):
        for channels in (16, 32):  # one dimension, two
            part = np.ascontiguousarray(x[..., :channels]), w[:, :, :channels, :channels].copy()
            passes(winograd_conv2d, *part, 1, 1)
    assert len(seen) >= 10 and {number for row in seen for number in row} == {1}


@pytest.mark.parametrize("channels", [32, 64])
def test_the_same_bits_with_any_number_of_threads(channels, threads):
    x, w = arrays((40, 14, 14, channels, channels, 1, 1), np.float32)
    results = []
    for number in (1, 2, 3):
        threads(number)
        results.append(passes(cpu.conv2d, x, w, 1, 1))
        part = np.ascontiguousarray(x[..., :16]), w[:, :, :16, :16].copy()  # in one dimension
        results[-1] = [*results[-1], *passes(winograd_conv2d, *part, 1, 1)]
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other))


@pytest.mark.parametrize("with_shortcut", [False, True])
def test_bias_shortcut_and_relu_come_after_it(with_shortcut):
    x, w = arrays((32, 8, 8, 32, 32, 1, 1), np.float32)
    b = np.linspace(-1, 1, 32, dtype=np.float32)
    shortcut = x[::-1].copy() if with_shortcut else None
    y, cache = cpu.conv2d_relu.forward(x, w, b, shortcut, padding=1)
    z = cpu.conv2d.forward(x, w, padding=1)[0] + b + (shortcut if with_shortcut else 0)
    np.testing.assert_allclose(y, np.maximum(z, 0), atol=1e-5)
    gradients = cpu.conv2d_relu.backward(np.ones_like(y), cache)
    dx, dw = cpu.conv2d.backward((y > 0).astype(np.float32), cache[:-2])
    assert np.array_equal(gradients[0], dx) and np.array_equal(gradients[1], dw)


def test_no_images():
    x, w = arrays((0, 8, 8, 32, 32, 1, 1), np.float32)
    y, dx, dw = passes(winograd_conv2d, x, w, 1, 1)
    assert y.shape == dx.shape == (0, 8, 8, 32) and not dw.any()


def test_images_that_are_not_contiguous():
    x, w = arrays((4, 8, 8, 32, 32, 1, 1), np.float32)
    mirrored = x[:, ::-1, ::-1]
    for got, want in zip(
        passes(winograd_conv2d, mirrored, w, 1, 1),
        passes(winograd_conv2d, mirrored.copy(), w, 1, 1),
    ):
        assert np.array_equal(got, want)
