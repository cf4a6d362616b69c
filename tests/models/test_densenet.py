"""DenseNets: published sizes, layers compared with a calculation by hand, and settings that are
impossible."""

import numpy as np
import pytest

import minires as mr
from minires import models, no_grad
from minires.diagnostics.parts import main_path
from minires.errors import ConfigError
from minires.experiments.claims.frame.sizes import densenet_like_resnet

from ..diagnostics.nets import lived_in
from ..images import images
from ..slow import slow_but
from .reference import check_gradients, conv, norm, relu

BC = {"bottleneck": True, "compression": 0.5}
# Millions of parameters in Huang et al. 2017, table 2, and the exact number where another library
# has published one (github.com/osmr/imgclsmob, README of its PyTorch models).
PUBLISHED = {
    "DenseNet-40": (40, {}, 1.0, None),
    "DenseNet-100": (100, {}, 7.0, None),
    "DenseNet-100, k=24": (100, {"growth": 24}, 27.2, None),
    "DenseNet-BC-100": (100, BC, 0.8, 769_162),
    "DenseNet-BC-250, k=24": (250, {"growth": 24, **BC}, 15.3, 15_324_406),
}


@pytest.mark.parametrize("name", slow_but(["DenseNet-40", "DenseNet-BC-100"], PUBLISHED))
def test_published_sizes(name):
    depth, settings, millions, exactly = PUBLISHED[name]
    net = models.densenet(depth, **settings)
    assert round(net.num_parameters() / 1e6, 1) == millions and len(main_path(net)) == depth
    assert exactly in (None, net.num_parameters())


def layer_by_hand(layer, x):
    h = relu(norm(x, layer.bn1))
    if hasattr(layer, "bn2"):
        h = relu(norm(h @ layer.conv1.weight.data[0, 0], layer.bn2))
        h = conv(h, layer.conv2.weight.data)
    else:
        h = conv(h, layer.conv1.weight.data)
    return np.concatenate([x, h], axis=-1)


def transition_by_hand(transition, x):
    h = relu(norm(x, transition.bn)) @ transition.conv.weight.data[0, 0]
    n, height, width, channels = h.shape
    return h.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("depth, settings", [(10, {}), (16, BC)], ids=["dense", "BC"])
def test_a_net_by_hand(depth, settings, training):
    net = lived_in(models.densenet(depth, growth=3, **settings)).train(training)
    x = images(3, 8, 12, 3)
    h = conv(x.data, net.conv1.weight.data)
    for block, transition in (("block1", "transition1"), ("block2", "transition2"), ("block3", "")):
        for layer in getattr(net, block):
            h = layer_by_hand(layer, h)
        if transition:
            h = transition_by_hand(getattr(net, transition), h)
    features = relu(norm(h, net.bn)).mean(axis=(1, 2))
    expected = features @ net.fc.weight.data + net.fc.bias.data
    np.testing.assert_allclose(net(x).data, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("settings", [{}, BC], ids=["dense", "BC"])
def test_gradients(settings):
    block = lived_in(models.densenet(16, growth=2, **settings)).block2
    check_gradients(block, images(2, 3, 3, block[0].conv1.in_channels).data)


def test_a_layer_passes_its_input_on():
    layer, x = models.densenet(10, growth=3).block1[0], images(2, 4, 4, 16)
    assert np.array_equal(layer(x).data[..., :16], x.data)


def test_what_settings_say_builds_the_same_shape():
    net = models.densenet(16, growth=5, num_classes=3, **BC)
    again = type(net)(**net.settings, seed=4)
    shapes = [{name: a.shape for name, a in one.state_dict().items()} for one in (net, again)]
    assert shapes[0] == shapes[1]


def test_saved_and_loaded(tmp_path):
    net, x = lived_in(models.densenet(16, growth=4, **BC)).eval(), images(2, 8, 8, 3)
    mr.save(net, tmp_path / "net.safetensors")
    again = models.densenet(16, growth=4, seed=9, **BC).eval()
    mr.load(again, tmp_path / "net.safetensors")
    with no_grad():
        assert np.array_equal(again(x).data, net(x).data)


@pytest.mark.parametrize("depth, width", [(8, 8), (56, 8), (56, 16)])
def test_a_net_of_the_size_of_a_residual_net(depth, width):
    net = densenet_like_resnet(depth, width=width, num_classes=10, seed=0)
    residual = models.resnet(depth, width=width)
    assert net.num_parameters() == pytest.approx(residual.num_parameters(), rel=0.1)
    assert len(main_path(net)) == len(main_path(residual)) + 2


@pytest.mark.parametrize(
    "depth, settings, words",
    [
        (41, {}, r"expected 3n \+ 4: 22, 40, \.\.\., got 41; the nearest is 40"),
        (56, BC, r"each with a bottleneck.*6n \+ 4.*got 56; the nearest is 58"),
        (4, {}, "the nearest is 7"),
        ("40", {}, "depth"),
        (10**6, {}, "too deep to build"),
        (40, {"growth": 0}, "growth"),
        (40, {"compression": 0}, "compression.*above 0, at most 1"),
        (40, {"bottleneck": "yes"}, "bottleneck"),
    ],
)
def test_impossible_nets(depth, settings, words):
    with pytest.raises(ConfigError, match=words) as caught:
        models.densenet(depth, **settings)
    assert "\n" not in str(caught.value)
