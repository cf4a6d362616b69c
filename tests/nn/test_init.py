"""Initial values of weights."""

import numpy as np
import pytest

from minires import Tensor, kernels, nn
from minires.errors import ConfigError
from minires.nn import init


@pytest.mark.parametrize(
    "shape, fan_in", [((3, 3, 64, 256), 9 * 64), ((500, 300), 500), ((1, 5, 20, 1000), 100)]
)
def test_he_normal(shape, fan_in):
    """Mean 0 and variance 2 / fan_in, as precisely as that many numbers can show, in float32."""
    weights = init.he_normal(shape, np.random.default_rng(0))
    assert weights.dtype == np.float32 and weights.shape == shape
    assert weights.std() == pytest.approx(np.sqrt(2 / fan_in), rel=4 / np.sqrt(weights.size))
    assert abs(weights.mean()) < 4 * weights.std() / np.sqrt(weights.size)


def test_normal():
    small, large = (init.normal((50, 40), np.random.default_rng(0), std) for std in (0.01, 0.03))
    assert small.dtype == np.float32 and small.std() == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(3 * small, large, rtol=1e-6)


def test_repeatable_only_with_a_generator():
    assert np.array_equal(
        init.he_normal((3, 3), np.random.default_rng(5)),
        init.he_normal((3, 3), np.random.default_rng(5)),
    )
    assert not np.array_equal(init.he_normal((3, 3), None), init.he_normal((3, 3), None))


def test_a_signal_keeps_its_size_through_many_relu_layers():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 256), dtype=np.float32)
    for _ in range(20):
        x = np.maximum(x @ init.he_normal((256, 256), rng), 0)
    assert 0.4 < np.square(x).mean() < 2.5


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (3, 3, 4, 20), (1, 1, 4, 9)])
def test_orthogonal(shape):
    """W^T W = gain^2 I, or W W^T where there are more outputs than inputs; in float32."""
    weights = init.orthogonal(shape, np.random.default_rng(0), gain=2)
    assert weights.dtype == np.float32 and weights.shape == shape
    w = weights.reshape(-1, shape[-1]).astype(float)
    w = w if len(w) >= shape[-1] else w.T
    np.testing.assert_allclose(w.T @ w, 4 * np.eye(w.shape[1]), atol=1e-5)


def test_orthogonal_weights_are_drawn_uniformly():
    """The Q of a QR decomposition alone has one sign on its diagonal; over all rotations the mean
    is 0."""
    rng = np.random.default_rng(0)
    draws = np.array([init.orthogonal((3, 3), rng) for _ in range(2000)])
    assert np.abs(draws.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 2000)
    assert (np.linalg.det(draws) > 0).mean() == pytest.approx(0.5, abs=0.06)


def test_orthogonal_needs_a_matrix():
    with pytest.raises(ConfigError, match="at least two axes"):
        init.orthogonal((5,), np.random.default_rng(0))


def test_delta_orthogonal_filters_preserve_the_norm_of_every_map():
    """Backward too: the matrix of the whole convolution is orthogonal."""
    weight = init.delta_orthogonal((3, 3, 4, 4), np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, 6, 5, 4)).astype(np.float32)
    y, cache = kernels.cpu.conv2d.forward(x, weight, padding=1)
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x), rel=1e-5)
    dx, _ = kernels.cpu.conv2d.backward(x, cache)
    assert np.linalg.norm(dx) == pytest.approx(np.linalg.norm(x), rel=1e-5)


def test_mirrored_weights_cancel_a_crelu():
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(shape, np.float32) for shape in ((7, 4), (4, 3)))
    both = nn.CReLU()(Tensor(x)).data
    assert both.shape == (7, 8) and both.min() == 0
    assert both @ init.mirrored(weight) == pytest.approx(x @ weight, abs=1e-5)


@pytest.mark.parametrize(
    "draw, shape", [(init.delta_orthogonal, (4, 4)), (init.delta_orthogonal, (2, 3, 4, 4))]
)
def test_delta_weights_need_a_kernel_with_a_centre(draw, shape):
    with pytest.raises(ConfigError, match="shape"):
        draw(shape, None)
