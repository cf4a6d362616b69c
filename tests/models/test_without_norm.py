"""Nets of convolutions and a nonlinearity alone, and what they do to a signal at the start."""

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn
from minires.autograd import Tensor
from minires.errors import ConfigError


def images(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return Tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)


def test_the_layers_and_their_sizes_are_those_of_the_plain_net():
    net, plain = models.bare(20, width=4), models.plain(20, width=4)
    shapes, expected = (
        [one.weight.shape for one in it.modules() if isinstance(one, (nn.Conv2d, nn.Linear))]
        for it in (net, plain)
    )
    assert shapes == expected
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    # each has a bias where the plain net has two numbers
    channels = [shape[-1] for shape in expected[:-1]]
    assert net.num_parameters() == plain.num_parameters() - sum(channels)


@pytest.mark.parametrize("activation, maximum", [("relu", 2.0), ("tanh", 1.0), ("crelu", 1.0)])
def test_every_convolution_starts_as_a_rotation_of_the_features(activation, maximum):
    net = models.bare(8, width=4, activation=activation, init="delta-orthogonal")
    conv = net.layer2[0].conv2.weight.data
    assert conv.shape == (3, 3, 16 if activation == "crelu" else 8, 8)
    centre, around = conv[1, 1], np.delete(conv.reshape(9, -1), 4, axis=0)
    assert not around.any()
    half = centre[:8]
    assert half @ half.T == pytest.approx(maximum * np.eye(8), abs=1e-5)
    if activation == "crelu":
        assert np.array_equal(centre[8:], -half)


@pytest.mark.parametrize("init", ["normal", "delta-orthogonal"])
def test_with_crelu_and_mirrored_weights_a_net_is_linear_at_first(init):
    """At any depth: the output for a sum is the sum of the outputs."""
    net = models.bare(56, width=4, activation="crelu", init=init)
    a, b = images(2, 8, 8, 3), images(2, 8, 8, 3, seed=1)
    both, apart = net(3 * a - b).data, 3 * net(a).data - net(b).data
    assert both == pytest.approx(apart, abs=1e-3 * float(np.abs(apart).max()))
    bent = models.bare(56, width=4)
    wrong, apart = bent(3 * a - b).data, 3 * bent(a).data - bent(b).data
    assert np.abs(wrong - apart).max() > 0.1 * np.abs(apart).max()


def test_crelu_with_delta_orthogonal_weights_preserves_norms_both_ways():
    """Through all 18 convolutions of a stage; between stages some pixels are dropped."""
    net = models.bare(56, width=4, activation="crelu", init="delta-orthogonal")
    x = images(2, 8, 8, 4)
    y = net.layer1(x)
    assert np.linalg.norm(y.data) == pytest.approx(np.linalg.norm(x.data), rel=1e-3)
    dy = np.random.default_rng(2).standard_normal(y.shape).astype(np.float32)
    y.backward(dy)
    assert np.linalg.norm(x.grad) == pytest.approx(np.linalg.norm(dy), rel=1e-3)


def test_tanh_bends_only_large_signals():
    net = models.bare(20, width=4, activation="tanh", init="delta-orthogonal")
    for scale, left in ((1e-3, 1.0), (1.0, 0.7)):
        x = images(2, 8, 8, 4) * scale
        ratio = np.linalg.norm(net.layer1(x).data) / np.linalg.norm(x.data)
        assert ratio <= left + 1e-4 and (scale == 1 or ratio == pytest.approx(1, abs=1e-3))


def test_it_learns_and_can_be_built_by_name():
    net = models.build("bare-8", width=4, num_classes=3, activation="tanh", init="delta-orthogonal")
    assert type(net)(**net.settings, seed=0).num_parameters() == net.num_parameters()
    x, labels = images(12, 8, 8, 3), np.arange(12) % 3
    first = F.cross_entropy(net(x), labels)
    first.backward()
    for parameter in net.parameters():
        parameter.data -= np.float32(0.1) * parameter.grad
    assert F.cross_entropy(net(x), labels).item() < first.item()


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"depth": 9}, "6n"),
        ({"activation": "tanhh"}, "did you mean 'tanh'"),
        ({"init": "delta"}, "did you mean 'delta-orthogonal'|normal, delta-orthogonal"),
    ],
)
def test_settings_that_do_not_exist(settings, words):
    with pytest.raises(ConfigError, match=words):
        models.bare(**{"depth": 8, **settings})
