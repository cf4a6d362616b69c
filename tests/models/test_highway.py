"""Gated shortcuts: y = T(x) H(x) + (1 - T(x)) x."""

import numpy as np
import pytest

import minires as mr
from minires import Tensor, models, no_grad
from minires.diagnostics.parts import main_path
from minires.errors import ConfigError
from minires.models.shortcuts import subsample_and_pad

from ..diagnostics.nets import lived_in
from .reference import check_gradients, conv, norm, relu


def images(*shape):
    """Not negative, like the input of a block."""
    return Tensor(np.random.default_rng(0).random(shape).astype(np.float32))


def plain_part(block, x, stride):
    h = relu(norm(conv(x, block.conv1.weight.data, stride), block.bn1))
    return relu(norm(conv(h, block.conv2.weight.data), block.bn2))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("stage, stride", [("layer1", 1), ("layer2", 2)])
def test_a_block_by_hand(training, stage, stride):
    block = getattr(lived_in(models.highway(8, width=4)).train(training), stage)[0]
    x = images(3, 6, 6, 4)
    gate = conv(x.data, block.gate.weight.data, stride) + block.gate.bias.data
    t = 1 / (1 + np.exp(-gate))
    shortcut = x.data if stride == 1 else subsample_and_pad(x, 2, 4).data
    expected = t * plain_part(block, x.data, stride) + (1 - t) * shortcut
    np.testing.assert_allclose(block(x).data, expected, rtol=1e-3, atol=1e-5)
    assert (block(x).data >= 0).all()


@pytest.mark.parametrize("bias", [-50, 50])
def test_a_closed_gate_carries_and_an_open_one_computes(bias):
    block, x = models.highway(8, width=4, gate_bias=bias).layer1[0], images(2, 6, 6, 4)
    expected = x.data if bias < 0 else plain_part(block, x.data, 1)
    np.testing.assert_allclose(block(x).data, expected, rtol=1e-4, atol=1e-5)


def test_without_h_there_is_what_skip_computes():
    block, x = lived_in(models.highway(8, width=4)).layer2[0].eval(), images(2, 6, 6, 4)
    skipped = block.skip(x).data
    block.branch_end.register_forward_hook(lambda module, inputs, output: output * 0)
    assert np.array_equal(block(x).data, skipped)


@pytest.mark.parametrize("stage", ["layer1", "layer2"])
def test_gradients(stage):
    block = getattr(lived_in(models.highway(8, width=2)), stage)[0]
    check_gradients(block, images(2, 4, 4, 2).data)


@pytest.mark.parametrize("depth, width", [(8, 4), (20, 16), (56, 8)])
def test_parameter_counts(depth, width):
    """A gate for each block: a weight for each pair of channels, and a bias for each output."""
    extra, in_channels = 0, width
    for stage in range(3):
        channels = width * 2**stage
        for _ in range((depth - 2) // 6):
            extra += in_channels * channels + channels
            in_channels = channels
    net = models.highway(depth, width=width)
    assert net.num_parameters() == models.plain(depth, width=width).num_parameters() + extra
    assert len(main_path(net)) == depth


def test_it_starts_from_the_weights_of_the_plain_net():
    own = models.highway(14, width=4, seed=3).state_dict()
    plain = models.plain(14, width=4, seed=3).state_dict()
    assert all(np.array_equal(own[name], array) for name, array in plain.items())
    assert (own["layer2.0.gate.bias"] == -2).all()


def test_saved_and_loaded(tmp_path):
    net, x = lived_in(models.highway(8, width=4)).eval(), images(2, 8, 8, 3)
    mr.save(net, tmp_path / "net.safetensors")
    again = models.highway(8, width=4, seed=9).eval()
    mr.load(again, tmp_path / "net.safetensors")
    with no_grad():
        assert np.array_equal(again(x).data, net(x).data)


def test_an_invalid_bias():
    with pytest.raises(ConfigError, match="highway: gate_bias: expected a number, such as -2"):
        models.highway(8, gate_bias="low")
