"""DiracNets: a shortcut inside of the weights, W = a delta + b V / |V|."""

import numpy as np
import pytest

from minires import models, nn
from minires.diagnostics.parts import main_path
from minires.models.dirac_block import DiracConv2d, dirac_delta

from ..diagnostics.nets import lived_in
from ..images import images
from .reference import check_gradients, conv, norm, relu


def filters_by_loops(layer):
    """W, filter by filter."""
    V, W = layer.weight.data, np.zeros(layer.weight.shape)
    for channel in range(layer.out_channels):
        length = sum(v**2 for v in V[..., channel].ravel()) ** 0.5
        W[..., channel] = layer.b.data[channel] * V[..., channel] / length
        if channel < layer.in_channels:
            W[1, 1, channel, channel] += layer.a.data[channel]
    return W


@pytest.mark.parametrize("shape", [(4, 4), (4, 8), (8, 4)])
def test_filters(shape):
    layer = lived_in(DiracConv2d(*shape, 3, padding=1, rng=np.random.default_rng(1)))
    np.testing.assert_allclose(layer.filters().data, filters_by_loops(layer), rtol=1e-5)


def test_at_first_each_filter_is_a_delta_and_a_tenth():
    layer = models.diracnet(8, width=4).layer1[0].conv1
    difference = layer.filters().data - layer.delta.data
    np.testing.assert_allclose(np.sqrt((difference**2).sum(axis=(0, 1, 2))), 0.1, rtol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_delta_is_the_identity_or_shortcut_a(stride):
    x = images(2, 6, 5, 3)
    y = conv(x.data, dirac_delta((3, 3, 3, 5)), stride)
    assert np.array_equal(y[..., :3], x.data[:, ::stride, ::stride]) and not y[..., 3:].any()


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("stage, stride", [("layer1", 1), ("layer2", 2)])
def test_a_block_by_hand(training, stage, stride):
    block = getattr(lived_in(models.diracnet(8, width=4)).train(training), stage)[0]
    x = images(3, 6, 6, 4)
    h = relu(norm(conv(x.data, filters_by_loops(block.conv1), stride), block.bn1))
    expected = relu(norm(conv(h, filters_by_loops(block.conv2)), block.bn2))
    np.testing.assert_allclose(block(x).data, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("stage", ["layer1", "layer2"])
def test_gradients(stage):
    block = getattr(lived_in(models.diracnet(8, width=2)), stage)[0]
    check_gradients(block, images(2, 3, 3, 2).data)


def test_the_length_of_v_does_not_matter():
    block, x = models.diracnet(8, width=4).layer1[0].eval(), images(2, 6, 6, 4)
    before = block(x).data
    block.conv1.weight.data *= 7
    np.testing.assert_allclose(block(x).data, before, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("depth, width", [(8, 4), (20, 16), (56, 8)])
def test_parameter_counts(depth, width):
    """Two numbers more for each filter of a block."""
    filters = sum(width * 2**stage * (depth - 2) // 3 for stage in range(3))
    plain = models.plain(depth, width=width).num_parameters()
    net = models.diracnet(depth, width=width)
    assert net.num_parameters() == plain + 2 * filters and len(main_path(net)) == depth


def test_it_starts_from_the_weights_of_the_plain_net():
    net, plain = models.diracnet(14, width=4, seed=3), models.plain(14, width=4, seed=3)
    own = net.state_dict()
    assert all(np.array_equal(own[name], array) for name, array in plain.state_dict().items())


def test_fuse_leaves_its_convolutions_alone():
    """They compute their weights anew in each call."""
    net = nn.fuse(models.diracnet(8, width=4).eval())
    assert sum(isinstance(module, nn.BatchNorm2d) for module in net.modules()) == 6
