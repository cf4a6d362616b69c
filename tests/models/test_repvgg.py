"""RepVGG's layers: their three branches compared with a calculation by hand."""

import numpy as np
import pytest

from minires import models, nn, no_grad
from minires.diagnostics.parts import main_path

from ..diagnostics.nets import lived_in
from ..images import images
from .reference import check_gradients, conv, norm, relu


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("stage, stride", [("layer1", 1), ("layer2", 2)])
def test_a_layer_by_hand(training, stage, stride):
    layer = getattr(lived_in(models.repvgg(8, width=4)).train(training), stage)[0].first
    x = images(3, 6, 6, 4)
    expected = norm(conv(x.data, layer.conv3x3.weight.data, stride), layer.bn3x3)
    expected += norm(conv(x.data, layer.conv1x1.weight.data, stride), layer.bn1x1)
    if stride == 1:
        expected += norm(x.data, layer.bn_identity)
    else:
        assert layer.bn_identity is None
    np.testing.assert_allclose(layer(x).data, relu(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stage", ["layer1", "layer2"])
def test_gradients(stage):
    block = getattr(lived_in(models.repvgg(8, width=2)), stage)[0]
    check_gradients(block, images(2, 3, 3, 2).data)


def test_one_filter_by_hand():
    """A layer with one channel: three branches that multiply by 2, 3 and 1 in the middle."""
    layer = models.repvgg(8, width=1).layer1[0].first.eval()
    for parameter in layer.parameters():
        parameter.data[...] = 0
    for tensor in (layer.bn3x3.weight, layer.bn1x1.weight, layer.bn_identity.weight):
        tensor.data[...] = np.sqrt(1 + 1e-5)  # with running_var 1: a scale of 1
    layer.conv3x3.weight.data[1, 1], layer.conv3x3.weight.data[0, 2] = 2, 5
    layer.conv1x1.weight.data[0, 0] = 3
    layer.bn1x1.bias.data[...], layer.bn_identity.running_mean.data[...] = 10, 4
    weight, bias = layer.folded()
    expected = np.zeros((3, 3))
    expected[1, 1], expected[0, 2] = 2 + 3 + 1, 5
    np.testing.assert_allclose(weight[:, :, 0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(bias, [10 - 4], atol=1e-5)


def test_its_3x3_convolutions_start_as_those_of_the_plain_net():
    net, plain = models.repvgg(14, width=4, seed=3), models.plain(14, width=4, seed=3)
    own = [m.weight.data for m in net.modules() if isinstance(m, nn.Conv2d) and len(m.weight) == 3]
    others = [m.weight.data for m in plain.modules() if isinstance(m, nn.Conv2d)]
    assert len(own) == len(others) == 13
    assert all(np.array_equal(a, b) for a, b in zip(own, others))
    assert np.array_equal(net.fc.weight.data, plain.fc.weight.data)


@pytest.mark.parametrize("depth, width", [(8, 4), (20, 16), (56, 8)])
def test_parameter_counts(depth, width):
    """Each layer has C_in C_out more weights and two more numbers for each channel; the identity
    has two more."""
    extra, in_channels = 0, width
    for stage in range(3):
        channels = width * 2**stage
        for number in range((depth - 2) // 3):
            stays = number > 0 or stage == 0
            extra += in_channels * channels + 2 * channels + stays * 2 * channels
            in_channels = channels
    plain = models.plain(depth, width=width).num_parameters()
    assert models.repvgg(depth, width=width).num_parameters() == plain + extra


def test_its_depth_does_not_count_1x1_convolutions():
    assert len(main_path(models.repvgg(20, width=2))) == 20


def test_batch_norm_can_be_folded_alone():
    """`nn.fuse` keeps the branches."""
    net, x = lived_in(models.repvgg(8, width=4)).eval(), images(2, 8, 8, 3)
    with no_grad():
        before = net(x).data
        np.testing.assert_allclose(nn.fuse(net)(x).data, before, rtol=1e-4, atol=1e-5)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) == 4  # of the identities
