"""Shortcuts: which one stands where, what each computes, and the names under which their weights are saved."""

import numpy as np
import pytest

from minires import Tensor, models, nn
from minires.models.shortcuts import IdentityShortcut, NoShortcut, ProjectionShortcut, ZeroPadShortcut

from .reference import conv, norm

WHERE = {                   # shortcut -> its class in layer1.0, where the shape stays, and in layer2.0, where it changes
    None: (NoShortcut, NoShortcut), "A": (IdentityShortcut, ZeroPadShortcut), "B": (IdentityShortcut, ProjectionShortcut),
    "C": (ProjectionShortcut, ProjectionShortcut)}


def images(*shape):
    return Tensor(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))


def net_with(shortcut, **settings):
    return models.plain(14, width=4) if shortcut is None else models.resnet(14, width=4, shortcut=shortcut, **settings)


@pytest.mark.parametrize("pre_activation", [False, True])
@pytest.mark.parametrize("shortcut", WHERE)
def test_which_stands_where(shortcut, pre_activation):
    net = net_with(shortcut, pre_activation=pre_activation) if shortcut else net_with(None)
    stays, changes = WHERE[shortcut]
    for stage in net.stages():
        for number, block in enumerate(stage):
            assert type(block.shortcut) is (changes if block.stride == 2 else stays), (block.shortcut, number)
            assert (block.stride == 2) == (block.in_channels != block.out_channels) == (number == 0 and stage is not net.layer1)


def test_the_identity_costs_no_pass_over_memory():
    x = images(2, 6, 6, 4)
    assert IdentityShortcut()(x) is x and np.array_equal(IdentityShortcut(0.5)(x).data, x.data / 2)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_zero_padding(scale):
    x = images(2, 5, 6, 4)
    y = ZeroPadShortcut(stride=2, new_channels=3, scale=scale)(x).data
    assert y.shape == (2, 3, 3, 7) and np.array_equal(y[..., :4], scale * x.data[:, ::2, ::2]) and not y[..., 4:].any()


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_projection(scale):
    x, block = images(2, 6, 6, 4), net_with("B", shortcut_scale=scale).layer2[0]
    convolution, batch_norm = block.shortcut
    expected = scale * norm(conv(x.data, convolution.weight.data, 2), batch_norm)
    np.testing.assert_allclose(block.shortcut(x).data, expected, rtol=1e-4, atol=1e-5)


def test_a_plain_net_adds_nothing():
    assert NoShortcut()(images(2, 6, 6, 4)) is None and not list(NoShortcut().parameters())


@pytest.mark.parametrize("shortcut", WHERE)
def test_whoever_watches_all_modules_sees_tensors(shortcut):
    """A shortcut that returns None must not surprise a hook."""
    net, seen = net_with(shortcut), []
    for module in net.modules():
        module.register_forward_hook(lambda module, inputs, output: seen.append(output))
    net(images(2, 8, 8, 3))
    assert seen and all(isinstance(output, Tensor) for output in seen)


@pytest.mark.parametrize("shortcut", WHERE)
def test_a_net_can_be_shown(shortcut):
    """The summary has a line for every shortcut that computes something."""
    net = net_with(shortcut)
    rows = [layer.kind for layer in net.summary((1, 8, 8, 3)).layers]
    assert rows.count("IdentityShortcut") == {None: 0, "A": 4, "B": 4, "C": 0}[shortcut] and "NoShortcut" not in rows
    assert net.graph(images(1, 8, 8, 3), depth=3) is not None and WHERE[shortcut][0].__name__ in repr(net)


def test_descriptions():
    assert [repr(module) for module in (IdentityShortcut(), IdentityShortcut(0.5), ZeroPadShortcut(2, 8), ZeroPadShortcut(2, 8, 0.5), NoShortcut())] == \
        ["IdentityShortcut()", "IdentityShortcut(scale=0.5)", "ZeroPadShortcut(stride=2, new_channels=8)",
         "ZeroPadShortcut(stride=2, new_channels=8, scale=0.5)", "NoShortcut()"]


def test_the_names_of_weights_are_those_of_torchvision():
    names = [name for name in net_with("B").state_dict() if name.startswith("layer2.0.")]
    parts = ("weight", "bias", "running_mean", "running_var")
    assert sorted(names) == sorted(["layer2.0.conv1.weight", "layer2.0.conv2.weight", "layer2.0.downsample.0.weight",
                                    *(f"layer2.0.{norm}.{part}" for norm in ("bn1", "bn2", "downsample.1") for part in parts)])


def test_a_shortcut_can_be_exchanged():
    """What notebook 09 does: a residual net without its additions is the plain one."""
    plain, net, x = models.plain(14, width=4), net_with("A"), images(2, 8, 8, 3)
    assert not np.array_equal(net(x).data, plain(x).data)
    for block in net.blocks():
        block.shortcut = NoShortcut()
    assert np.array_equal(net(x).data, plain(x).data)
    block = models.resnet(8, width=4).layer1[0]
    block.shortcut = nn.ReLU()
    assert isinstance(dict(block.named_modules())["downsample"], nn.ReLU)
