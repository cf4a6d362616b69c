"""Signals at initialisation, compared with theory."""

from math import log, pi

import numpy as np
import pytest

from minires import models, nn
from minires.diagnostics import growth, propagation
from minires.errors import ConfigError

from .nets import KINDS, batch, lived_in, mlp


def inputs(n, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, width)).astype(np.float32), rng.integers(0, 10, n)


def test_a_chain_solved_by_hand():
    """Layers whose weights are 2 times the identity: |y| doubles from layer to layer, and so does
    |dL/dy| on the way back."""

    def build(seed):
        net = nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(5)))
        for layer in net:
            layer.weight.data[...] = 2 * np.eye(3)
        return net

    found = propagation(
        build, np.ones((4, 3), np.float32), [0] * 4, seeds=3, loss=lambda y, labels: y.sum()
    )
    assert [r.layer for r in found.layers] == list("01234") and [r.depth for r in found.layers] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert [r.activation for r in found.layers] == pytest.approx([4, 16, 64, 256, 1024])
    assert [r.gradient for r in found.layers] == pytest.approx([256, 64, 16, 4, 1])
    assert [r.gradient_norm for r in found.layers] == pytest.approx(
        [12**0.5 * g for g in (16, 8, 4, 2, 1)]
    )
    assert found.gradient_norms == pytest.approx(
        np.tile(12**0.5 * np.array([16.0, 8, 4, 2, 1]), (3, 1))
    )
    assert found.growth == pytest.approx((-log(2), 0, 2))


def test_the_line_leaves_out_the_last_layer():
    """Its weights, here 7 times those of the others, say nothing about the layers before it."""

    def build(seed):
        net = nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(5)))
        for layer, c in zip(net, (2, 2, 2, 2, 14)):
            layer.weight.data[...] = c * np.eye(3)
        return net

    found = propagation(
        build, np.ones((4, 3), np.float32), [0] * 4, seeds=2, loss=lambda y, labels: y.sum()
    )
    assert (
        found.growth.per_layer == pytest.approx(2) and growth(found.gradient_norms).per_layer > 2.2
    )


@pytest.mark.parametrize("gain", [1, 2, 4])
def test_relu_without_batch_norm(gain):
    """Glorot & Bengio 2010, He et al. 2015: mean squares are multiplied by gain / 2 from layer to
    layer, forwards and back.

    At width 256 the mean over 20 draws of ten layers is wrong by a few percent in total; with a
    wrong theory it would be by 2^10.
    """
    x, y = inputs(64, 256)
    found = propagation(lambda seed: mlp([256] * 12 + [10], gain, seed=seed), x, y, seeds=20)
    activation, gradient = np.array([(r.activation, r.gradient) for r in found.layers[:-1]]).T
    assert (activation[1:] / activation[:-1]).prod() ** (1 / 10) == pytest.approx(
        gain / 2, rel=0.02
    )
    assert (gradient[:-1] / gradient[1:]).prod() ** (1 / 10) == pytest.approx(gain / 2, rel=0.02)
    # The logarithm of a draw is a little below that of the mean: by about 5 / (4 width) for
    # each layer.
    assert abs(found.growth.slope + log(gain / 2) / 2) < 4 * found.growth.standard_error + 5 / (
        4 * 256
    )
    assert 0 < found.growth.standard_error < 0.01


@pytest.mark.parametrize("gain", [1, 4])
def test_relu_with_batch_norm_explodes_whatever_the_weights(gain):
    """Yang et al. 2019: on the way back |dL/dy| grows by sqrt(pi / (pi - 1)) = 1.21 for each layer,
    in wide nets and large batches."""
    x, y = inputs(256, 256)
    found = propagation(
        lambda seed: mlp([256] * 14 + [10], gain, batch_norm=True, seed=seed), x, y, seeds=6
    )
    hidden = growth(
        found.gradient_norms[:, 1:-1]
    )  # the input of the first layer has not been through a ReLU
    assert hidden.per_layer == pytest.approx((pi / (pi - 1)) ** 0.5, rel=0.01)
    assert abs(hidden.slope + log(pi / (pi - 1)) / 2) < 4 * hidden.standard_error + 0.005


def test_shortcuts_keep_a_deep_net_with_batch_norm_from_exploding():
    images, labels = batch(16)
    plain, residual = (
        propagation(lambda seed: build(32, width=4, seed=seed), images, labels, seeds=3).growth
        for build in (models.plain, models.resnet)
    )
    assert plain.per_layer > 1.12 > 1.1 > residual.per_layer > 1


def test_without_batch_norm_a_residual_net_doubles_in_every_block():
    """y = x + F(x) with |F(x)|^2 = |x|^2 at He's initialisation: mean squares about double. Without
    shortcuts they stay."""
    images, labels = batch(16)
    plain, residual = (
        propagation(
            lambda seed: build(32, width=16, batch_norm=False, seed=seed), images, labels, 3
        ).layers
        for build in (models.plain, models.resnet)
    )
    assert (
        residual[9].activation / residual[1].activation > 2**3
    )  # four blocks later in the first stage
    assert plain[9].activation / plain[1].activation < 2


@pytest.mark.parametrize("which", KINDS)
def test_every_kind_of_block(which):
    found = propagation(lambda seed: lived_in(KINDS[which](), seed), *batch(), seeds=2)
    depth = 14 if "bottlenecks" in which else 8
    assert [r.depth for r in found.layers] == list(
        range(1, depth + 1)
    ) and found.gradient_norms.shape == (2, depth)
    assert (
        all(r.activation > 0 < r.gradient for r in found.layers) and np.isfinite(found.growth).all()
    )


def test_stochastic_depth_leaves_out_other_layers_in_each_draw():
    def build(seed):
        return models.resnet(14, width=2, survival_prob=0.2, seed=seed)

    with pytest.raises(
        ConfigError,
        match="draws differ: expected the same layers to be called in each, got layer.* in some "
        "only",
    ):
        propagation(build, *batch(4), seeds=3)
    assert len(propagation(build, *batch(4), seeds=3, mode="eval").layers) == 14


# The line


def test_growth_of_an_exact_power():
    found = growth(5 * 3.0 ** -np.arange(4)[None] * np.array([[1], [10]]))
    assert found == pytest.approx((-log(3), 0, 3))


def test_growth_is_least_squares_and_its_error_that_of_the_mean():
    norms = np.exp(np.random.default_rng(0).standard_normal((7, 5)))
    slopes = [np.polyfit(np.arange(5), np.log(draw), 1)[0] for draw in norms]
    found = growth(norms)
    assert found.slope == pytest.approx(np.mean(slopes))
    assert found.standard_error == pytest.approx(np.std(slopes, ddof=1) / 7**0.5)
    assert found.per_layer == pytest.approx(np.exp(-found.slope))


def test_the_standard_error_is_right_for_correlated_layers():
    """The norms of layers are random walks. The truth is within one standard error in about two of
    three experiments."""
    rng, within = np.random.default_rng(0), 0
    for _ in range(300):
        found = growth(np.exp(np.cumsum(0.1 * rng.standard_normal((10, 20)) - 0.2, axis=1)))
        within += abs(found.slope + 0.2) < found.standard_error
    assert 0.6 < within / 300 < 0.74


def test_a_single_draw_has_no_standard_error():
    assert np.isnan(growth(np.array([[1.0, 2, 4]])).standard_error)


def test_seeds_may_be_named():
    asked, images, labels = [], *batch(4)
    propagation(
        lambda seed: asked.append(seed) or models.plain(8, width=2, seed=seed),
        images,
        labels,
        seeds=[3, 9],
    )
    assert asked == [3, 9]


def test_errors():
    with pytest.raises(ConfigError, match="at least two layers, got shape"):
        growth(np.ones((3, 1)))
    with pytest.raises(ConfigError, match="seeds: expected at least one"):
        propagation(lambda seed: models.plain(8, width=2), *batch(4), seeds=0)
