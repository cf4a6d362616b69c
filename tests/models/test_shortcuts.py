"""Shortcuts: where each stands, what it computes, and the names of its weights."""

import numpy as np
import pytest

from minires import Tensor, models, nn
from minires.models.shortcuts import (
    IdentityShortcut,
    NoShortcut,
    ProjectionShortcut,
    ZeroPadShortcut,
)

from ..images import images
from .reference import conv, norm

# shortcut -> its class where the shape stays, and where it changes
WHERE = {
    None: (NoShortcut, NoShortcut),
    "A": (IdentityShortcut, ZeroPadShortcut),
    "B": (IdentityShortcut, ProjectionShortcut),
    "C": (ProjectionShortcut, ProjectionShortcut),
}


def net_with(shortcut, **settings):
    if shortcut is None:
        return models.plain(14, width=4)
    return models.resnet(14, width=4, shortcut=shortcut, **settings)


@pytest.mark.parametrize("pre_activation", [False, True])
@pytest.mark.parametrize("shortcut", WHERE)
def test_the_place_of_each_shortcut(shortcut, pre_activation):
    net = net_with(shortcut, pre_activation=pre_activation)
    stays, changes = WHERE[shortcut]
    first_of_a_stage = [net.layer2[0], net.layer3[0]]
    for block in net.blocks():
        assert (block in first_of_a_stage) == (block.stride == 2)
        assert (block in first_of_a_stage) == (block.out_channels == 2 * block.in_channels)
        assert type(block.shortcut) is (changes if block in first_of_a_stage else stays)


def test_the_identity_returns_its_input():
    x = images(2, 6, 6, 4)
    assert IdentityShortcut()(x) is x
    assert np.array_equal(IdentityShortcut(0.5)(x).data, x.data / 2)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_zero_padding(scale):
    x = images(2, 5, 6, 4)
    y = ZeroPadShortcut(stride=2, new_channels=3, scale=scale)(x).data
    assert y.shape == (2, 3, 3, 7)
    assert np.array_equal(y[..., :4], scale * x.data[:, ::2, ::2]) and not y[..., 4:].any()


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_projection(scale):
    x, block = images(2, 6, 6, 4), net_with("B", shortcut_scale=scale).layer2[0]
    convolution, batch_norm = block.shortcut
    expected = scale * norm(conv(x.data, convolution.weight.data, 2), batch_norm)
    np.testing.assert_allclose(block.shortcut(x).data, expected, rtol=1e-4, atol=1e-5)


def test_a_plain_net_adds_nothing():
    assert NoShortcut()(images(2, 6, 6, 4)) is None and not list(NoShortcut().parameters())


@pytest.mark.parametrize("shortcut", WHERE)
def test_a_hook_on_every_module_sees_tensors(shortcut):
    """NoShortcut returns None, which must not surprise a hook."""
    net, seen = net_with(shortcut), []
    for module in net.modules():
        module.register_forward_hook(lambda module, inputs, output: seen.append(output))
    net(images(2, 8, 8, 3))
    assert seen and all(isinstance(output, Tensor) for output in seen)


@pytest.mark.parametrize("shortcut, identities", [(None, 0), ("A", 4), ("B", 4), ("C", 0)])
def test_a_net_can_be_shown(shortcut, identities):
    """Its summary has a line for every shortcut that computes something."""
    net = net_with(shortcut)
    kinds = [layer.kind for layer in net.summary((1, 8, 8, 3)).layers]
    assert kinds.count("IdentityShortcut") == identities and "NoShortcut" not in kinds
    assert net.graph(images(1, 8, 8, 3), depth=3) is not None
    assert WHERE[shortcut][0].__name__ in repr(net)


@pytest.mark.parametrize(
    "shortcut, text",
    [
        (IdentityShortcut(), "IdentityShortcut()"),
        (IdentityShortcut(0.5), "IdentityShortcut(scale=0.5)"),
        (ZeroPadShortcut(2, 8), "ZeroPadShortcut(stride=2, new_channels=8)"),
        (ZeroPadShortcut(2, 8, 0.5), "ZeroPadShortcut(stride=2, new_channels=8, scale=0.5)"),
        (NoShortcut(), "NoShortcut()"),
    ],
)
def test_descriptions(shortcut, text):
    assert repr(shortcut) == text


def test_the_names_of_weights_are_those_of_torchvision():
    norms = [
        f"{name}.{part}"
        for name in ("bn1", "bn2", "downsample.1")
        for part in ("weight", "bias", "running_mean", "running_var")
    ]
    expected = {"conv1.weight", "conv2.weight", "downsample.0.weight", *norms}
    assert set(net_with("B").layer2[0].state_dict()) == expected


def test_a_residual_net_without_its_additions_is_the_plain_one():
    plain, net, x = models.plain(14, width=4), net_with("A"), images(2, 8, 8, 3)
    assert not np.array_equal(net(x).data, plain(x).data)
    for block in net.blocks():
        block.shortcut = NoShortcut()
    assert np.array_equal(net(x).data, plain(x).data)


def test_a_replaced_shortcut_belongs_to_the_block():
    block = net_with("A").layer1[0]
    block.shortcut = nn.ReLU()
    assert isinstance(dict(block.named_modules())["downsample"], nn.ReLU)
