"""The nets for small images: their sizes, their twins, their shortcuts."""

import numpy as np
import pytest

from minires import functional as F
from minires import models
from minires.autograd.tensor import Tensor
from minires.errors import ConfigError, ShapeError
from minires.models.cifar import check_depth
from minires.models.shortcuts import ProjectionShortcut, subsample_and_pad
from minires.nn import BatchNorm2d, Conv2d, Linear

from ..images import images
from ..messages import message_of

PARAMETERS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}


@pytest.mark.parametrize("build", [models.plain, models.resnet])
@pytest.mark.parametrize("depth, count", PARAMETERS.items())
def test_parameter_counts(build, depth, count):
    assert build(depth).num_parameters() == count


@pytest.mark.parametrize("depth", [8, 20, 56])
@pytest.mark.parametrize("width", [4, 16])
def test_parameter_counts_of_projections(depth, width):
    """B adds a 1x1 convolution and its batch norm where the shape changes, C also to every other
    block."""
    stages = [width, 2 * width, 4 * width]
    changing = sum(
        in_channels * out_channels + 2 * out_channels
        for in_channels, out_channels in zip(stages, stages[1:])
    )
    blocks = (depth - 2) // 6
    others = blocks * (width**2 + 2 * width) + (blocks - 1) * sum(c**2 + 2 * c for c in stages[1:])
    a, b, c = (
        models.resnet(depth, width=width, shortcut=shortcut).num_parameters() for shortcut in "ABC"
    )
    assert b - a == changing and c - a == changing + others


@pytest.mark.parametrize("depth", [8, 20, 32])
def test_depth_counts_layers_with_weights(depth):
    for net in (models.plain(depth, width=2), models.resnet(depth, width=2)):
        assert sum(isinstance(module, (Conv2d, Linear)) for module in net.modules()) == depth


def test_maps_halve_and_channels_double():
    net, seen = models.resnet(20, width=4), []
    for module in (net.conv1, net.layer1, net.layer2, net.layer3):
        module.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[1:]))
    assert net(images(2, 32, 32, 3)).shape == (2, 10)
    assert seen == [(32, 32, 4), (32, 32, 4), (16, 16, 8), (8, 8, 16)]


@pytest.mark.parametrize("size", [(8, 8), (12, 20), (9, 7), (1, 1)])
@pytest.mark.parametrize("shortcut", [None, "A", "B", "C"])
def test_any_image_size(size, shortcut):
    net = (
        models.plain(8, width=2, num_classes=3)
        if shortcut is None
        else models.resnet(8, width=2, num_classes=3, shortcut=shortcut)
    )
    assert net(images(2, *size, 3)).shape == (2, 3)


# Twins


def test_plain_and_residual_are_twins():
    plain, residual = (
        models.plain(20, width=4, seed=3).state_dict(),
        models.resnet(20, width=4, seed=3).state_dict(),
    )
    assert list(plain) == list(residual)
    assert all(np.array_equal(plain[name], residual[name]) for name in plain)


@pytest.mark.parametrize("shortcut", ["B", "C"])
def test_projections_do_not_change_other_initial_values(shortcut):
    common, more = (
        models.plain(20, width=4, seed=3).state_dict(),
        models.resnet(20, width=4, seed=3, shortcut=shortcut).state_dict(),
    )
    assert all(np.array_equal(common[name], more[name]) for name in common)
    assert {name.split(".")[2] for name in set(more) - set(common)} == {"downsample"}


def test_seeds():
    first, again, other = (
        models.resnet(8, width=4, shortcut="B", seed=seed).state_dict() for seed in (0, 0, 1)
    )
    assert all(np.array_equal(first[name], again[name]) for name in first)
    for name, array in first.items():
        matrix = (
            name.endswith("weight") and array.ndim > 1
        )  # batch norm's start at 1 and 0, biases at 0
        assert np.array_equal(array, other[name]) != matrix, name


def test_the_weights_of_layers_differ():
    """Each layer draws the next numbers of the stream; none starts it again."""
    weights = [
        array.ravel()[:5].tolist()
        for name, array in models.plain(20, width=4).state_dict().items()
        if "conv" in name
    ]
    assert len({tuple(w) for w in weights}) == len(weights) == 19


# Shortcuts


def test_shortcut_a_by_hand():
    """Every second pixel, and zeros for the new channels."""
    x = np.arange(1.0, 19).reshape(1, 3, 3, 2)
    y = subsample_and_pad(Tensor(x), 2, 3)
    assert y.shape == (1, 2, 2, 5)
    assert (
        y.data[0, :, :, :2].tolist() == [[[1, 2], [5, 6]], [[13, 14], [17, 18]]]
        and (y.data[..., 2:] == 0).all()
    )


def silence(block):
    """Set the last convolution of a block to zero, so that its F(x) is 0."""
    block.conv2.weight.data[...] = 0


@pytest.mark.parametrize("shortcut", ["A", "B"])
def test_a_block_whose_branch_is_zero_passes_its_input_on(shortcut):
    """This makes deep residual nets easy to start: y = relu(0 + x)."""
    block = models.resnet(8, width=4, shortcut=shortcut).layer1[0]
    silence(block)
    x = images(2, 8, 8, 4)
    assert np.array_equal(block(x).data, np.maximum(x.data, 0))


def test_a_block_whose_branch_is_zero_where_the_shape_changes():
    x = images(2, 8, 8, 4)
    block = models.resnet(8, width=4, shortcut="A").layer2[0]
    silence(block)
    assert np.array_equal(block(x).data, np.maximum(subsample_and_pad(x, 2, 4).data, 0))

    block = models.resnet(8, width=4, shortcut="B").layer2[0]
    silence(block)
    projected = block.downsample[1](F.conv2d(x, block.downsample[0].weight, stride=2))
    np.testing.assert_allclose(block(x).data, np.maximum(projected.data, 0), rtol=1e-5, atol=1e-6)


def test_a_plain_block_whose_branch_is_zero_passes_nothing_on():
    block = models.plain(8, width=4).layer1[0]
    silence(block)
    assert (block(images(2, 8, 8, 4)).data == 0).all()


def test_where_projections_stand():
    def projections(shortcut):
        net = models.resnet(20, width=2, shortcut=shortcut)
        return [
            name for name, module in net.named_modules() if isinstance(module, ProjectionShortcut)
        ]

    assert projections("A") == []
    assert projections("B") == ["layer2.0.downsample", "layer3.0.downsample"]
    assert len(projections("C")) == 9


# Settings


def test_without_batch_norm():
    net = models.resnet(8, width=4, batch_norm=False)
    assert not any(isinstance(module, BatchNorm2d) for module in net.modules())
    assert net.conv1.bias is not None and net.layer3[0].conv2.bias is not None
    with_norm = models.resnet(8, width=4)
    assert with_norm.conv1.bias is None
    # Each batch norm has two numbers a channel, each bias one.
    channels = 4 + 2 * (4 + 8 + 16)
    assert with_norm.num_parameters() - net.num_parameters() == channels
    F.cross_entropy(net(images(2, 8, 8, 3)), [0, 1]).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_first_loss_is_near_that_of_guessing():
    """ln 10 for ten classes: the logits start small."""
    labels = np.arange(64) % 10
    for net in (models.plain(20, width=8), models.resnet(20, width=8), models.resnet(56, width=4)):
        assert F.cross_entropy(net(images(64, 16, 16, 3)), labels).item() == pytest.approx(
            np.log(10), abs=1
        )


@pytest.mark.parametrize("depth, blocks", [(8, 1), (20, 3), (56, 9), (np.int64(110), 18)])
def test_blocks_per_stage(depth, blocks):
    assert check_depth(depth) == blocks


def test_numpys_integers_and_floats_are_accepted():
    net = models.resnet(
        np.int64(8),
        width=np.int32(4),
        num_classes=np.uint8(3),
        shortcut_scale=np.float32(0.5),
        survival_prob=np.float64(0.5),
    )
    assert net.settings["width"] == 4 and all(
        type(net.settings[name]) is int for name in ("depth", "width", "num_classes")
    )
    assert type(net.config.shortcut_scale) is type(net.config.survival_prob) is float
    models.resnet18(num_classes=np.int64(2))
    models.residual_mlp(
        np.int64(4), width=np.int64(8), image_size=np.int16(4), num_classes=np.int64(2)
    )


@pytest.mark.parametrize(
    "depth, nearest",
    [
        (18, 20),
        (21, 20),
        (54, 56),
        (0, 8),
        (2, 8),
        (-4, 8),
        ("20", 20),
        (20.0, 20),
        (True, 20),
        (None, 20),
    ],
)
def test_depths_that_do_not_exist(depth, nearest):
    for build in (models.plain, models.resnet):
        with pytest.raises(ConfigError) as caught:
            build(depth)
        message = str(caught.value)
        assert f"expected 6n + 2, such as 8, 14, 20, 26, 32, got {depth!r}" in message
        assert message.endswith(f"the nearest is {nearest}")


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: models.resnet(8, shortcut="D"),
            ConfigError,
            "unknown shortcut: expected one of A, B, C, got 'D'",
        ),
        (lambda: models.resnet(8, shortcut="a"), ConfigError, "did you mean 'A'?"),
        (lambda: models.resnet(8, shortcut=None), ConfigError, "unknown shortcut"),
        (
            lambda: models.resnet(8, width=0),
            ConfigError,
            "expected a whole number of at least 1, got 0",
        ),
        (
            lambda: models.plain(8, num_classes=0),
            ConfigError,
            "expected a whole number of at least 1, got 0",
        ),
        (lambda: models.resnet(8, width=2)(images(2, 3, 8, 8)), ShapeError, "expected 3 channels"),
        (lambda: models.resnet(8, width=2)(images(8, 8, 3)), ShapeError, "shape (N, H, W, C)"),
    ],
)
def test_bad_input(call, error, words):
    assert words in message_of(error, call)
