"""The responses of layers, as in figure 7 of He et al. 2015."""

import numpy as np
import pytest

from minires import data, kernels, models, nn
from minires import functional as F
from minires.autograd import Tensor, no_grad
from minires.diagnostics import dropped, preserve_state, responses
from minires.diagnostics.parts import blocks
from minires.errors import ConfigError
from minires.kernels import naive
from minires.models.shortcuts import ProjectionShortcut, ZeroPadShortcut, subsample_and_pad

from .nets import KINDS, NETS, batch, lived_in, mlp


def expected(net, x):
    """(name, response, input of ReLU) for every layer of a CifarResNet in its present mode, written
    out by hand."""
    found = []

    def relu(name, response, ahead):
        found.append((name, response.data, ahead.data))
        return F.relu(ahead)

    with no_grad():
        response = net.bn1(net.conv1(Tensor(x)))
        x = relu("conv1", response, response)
        for stage in (1, 2, 3):
            for i, block in enumerate(getattr(net, f"layer{stage}")):
                response = block.bn1(block.conv1(x))
                y = relu(f"layer{stage}.{i}.conv1", response, response)
                response = block.bn2(block.conv2(y))
                shortcut = block.shortcut(x)
                x = relu(
                    f"layer{stage}.{i}.conv2",
                    response,
                    response if shortcut is None else response + shortcut,
                )
        found.append(("fc", net.fc(F.global_avg_pool2d(x)).data, None))
    return found


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("which", NETS)
def test_every_layer_of_every_net(which, mode):
    net, (x, y) = lived_in(NETS[which]()), batch()
    records = responses(net, [(x, y)], mode=mode)
    by_hand = expected(net.train(mode == "train"), x)
    assert [r.layer for r in records] == [name for name, _, _ in by_hand] and [
        r.depth for r in records
    ] == list(range(1, 9))
    for record, (_, response, ahead) in zip(records, by_hand):
        assert record.mean == pytest.approx(response.mean(), rel=1e-4, abs=1e-6)
        assert record.std == pytest.approx(response.std(), rel=1e-4)
        assert record.active == pytest.approx(
            np.nan if ahead is None else (ahead > 0).mean(), nan_ok=True
        )


def expected_of_blocks(net, x, pre_activation):
    """The same for nets with any blocks but Fixup's."""
    found = [["conv1", net.bn1(net.conv1(x)), None]]

    def relu(ahead):
        if found[-1][2] is None:  # only the first ReLU after a layer belongs to it
            found[-1][2] = ahead
        return F.relu(ahead)

    x = relu(found[0][1])
    for name, block in blocks(net).items():
        convs = [part for key, part in vars(block).items() if key.startswith("conv")]
        norms = [part for key, part in vars(block).items() if key.startswith("bn")]
        h = relu(norms[0](x)) if pre_activation else x
        norms = [*norms[1:], block.gain] if pre_activation else norms
        if isinstance(block.shortcut, ProjectionShortcut):
            shortcut = block.shortcut[1](block.shortcut[0](h))
        elif isinstance(block.shortcut, ZeroPadShortcut):
            shortcut = subsample_and_pad(x, block.stride, block.out_channels - block.in_channels)
        else:
            shortcut = x
        shortcut = shortcut * block.shortcut.scale
        for i, (conv, norm) in enumerate(zip(convs, norms), 1):
            found.append([f"{name}.conv{i}", norm(conv(h)), None])
            if i < len(convs):
                h = relu(found[-1][1])
        x = found[-1][1] + shortcut
        x = x if pre_activation else relu(x)
    if pre_activation:
        x = relu(net.bn2(x))
    return [*found, ["fc", net.fc(F.global_avg_pool2d(x)), None]]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("which", [which for which in KINDS if "fixup" not in which])
def test_every_layer_of_every_kind_of_block(which, mode):
    net, (x, y) = lived_in(KINDS[which]()), batch()
    records = responses(net, [(x, y)], mode=mode)
    with preserve_state(net, mode), no_grad():
        by_hand = expected_of_blocks(net, Tensor(x), "pre-activation" in which)
    assert [r.layer for r in records] == [name for name, _, _ in by_hand] and [
        r.depth for r in records
    ] == list(range(1, len(by_hand) + 1))
    for record, (_, response, ahead) in zip(records, by_hand):
        assert record.mean == pytest.approx(response.data.mean(), rel=1e-4, abs=1e-6)
        assert record.std == pytest.approx(response.data.std(), rel=1e-4)
        assert record.active == pytest.approx(
            np.nan if ahead is None else (ahead.data > 0).mean(), nan_ok=True
        )


def test_the_responses_of_fixups_layers_are_their_own_outputs():
    net, (x, y) = lived_in(KINDS["fixup B"]()), batch()
    found = {r.layer: r for r in responses(net, [(x, y)])}
    with no_grad():
        stem = net.bn1(net.conv1(Tensor(x)))
        block, h = net.layer1[0], F.relu(stem)
        first = block.conv1(h + block.bias1a)
        ahead = first + block.bias1b
        second = block.conv2(F.relu(ahead) + block.bias2a)
    for name, response in (("conv1", stem), ("layer1.0.conv1", first), ("layer1.0.conv2", second)):
        assert found[name][2:4] == pytest.approx(
            (response.data.mean(), response.data.std()), rel=1e-4, abs=1e-6
        )
    assert (
        found["layer1.0.conv1"].active == pytest.approx((ahead.data > 0).mean()) and len(found) == 8
    )


def test_skipinit_starts_with_branches_that_do_not_respond():
    net, (x, y) = models.resnet(8, width=4, batch_norm=False, init="skipinit"), batch()
    records = {r.layer: r for r in responses(net, [(x, y)])}
    assert (
        records["layer1.0.conv2"].std
        == records["layer3.0.conv2"].std
        == 0
        < records["layer1.0.conv1"].std
    )


def test_batch_norm_solved_by_hand():
    """After batch norm with weight 3 and bias 1 in training mode, responses have mean 1 and
    standard deviation 3."""
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm2d(6), nn.ReLU(), nn.Linear(6, 2))
    net[1].weight.data[...], net[1].bias.data[...] = 3, 1
    x = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    first, last = responses(net, [(x, None)], mode="train")
    assert (
        first.mean == pytest.approx(1, abs=1e-5)
        and first.std == pytest.approx(3, rel=1e-4)
        and 0.5 < first.active < 0.8
    )
    assert np.isnan(last.active)


def test_a_data_set_counts_every_image_alike():
    """Its statistics are those of all images, not the mean over its batches."""
    net, (x, y) = lived_in(models.resnet(8, width=2)), batch(9)
    x[7:] *= 3
    whole, parts = responses(net, [(x, y)]), responses(net, [(x[:7], y[:7]), (x[7:], y[7:])])
    for a, b in zip(whole, parts):
        assert b[2:] == pytest.approx(a[2:], rel=1e-5, abs=1e-6, nan_ok=True)


def test_on_a_data_set():
    train, test = data.synthetic(20, 30, size=8)
    assert (
        len(responses(models.resnet(8, width=2), data.eval_loader(test, 8, train.pixel_mean())))
        == 8
    )


def test_half_of_the_inputs_of_relu_are_above_0_at_first():
    """The distribution of the weights is symmetric around 0, so every unit is above 0 with
    probability 1/2."""
    x = np.random.default_rng(0).standard_normal((100, 400)).astype(np.float32)
    first, second, last = responses(mlp([400, 400, 400, 10]), [(x, None)])
    assert first.active == pytest.approx(0.5, abs=0.02) and second.active == pytest.approx(
        0.5, abs=0.05
    )


def test_a_norm_that_does_not_follow_a_layer_is_not_its_response():
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.BatchNorm2d(3), nn.Linear(3, 2))
    net[2].bias.data[...] = 100
    x = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    assert abs(responses(net, [(x, None)])[0].mean) < 10


class Less(nn.Module):
    """x - 1."""

    def forward(self, x):
        return x - 1


def test_only_the_first_relu_after_a_layer_belongs_to_it():
    net, x = (
        nn.Sequential(nn.Linear(1, 1), nn.ReLU(), Less(), nn.ReLU()),
        np.array([[-1], [0], [0.5], [2]], np.float32),
    )
    net[0].weight.data[...] = 1
    (record,) = responses(net, [(x, None)])
    assert record[1:] == pytest.approx((1, 0.375, x.std(), 1 / 2))  # 0 is not above 0


def test_branches_that_start_small_respond_little():
    """The response of a block's second layer depends on the weight of its batch norm, not on what
    the shortcut adds."""
    net, (x, y) = models.resnet(14, width=4), batch(20)
    for stage in (net.layer1, net.layer2, net.layer3):
        for block in stage:
            block.bn2.weight.data[...] = 0.1
    records = {r.layer: r for r in responses(net, [(x, y)], mode="train")}
    assert records["layer2.0.conv1"].std == pytest.approx(1, rel=1e-3)
    assert records["layer2.0.conv2"].std == pytest.approx(0.1, rel=1e-3)


def test_a_dropped_block_has_no_response_and_its_relu_belongs_to_no_layer():
    net, (x, y) = models.resnet(8, width=2), batch()
    whole = responses(net, [(x, y)])
    with dropped(net, "layer1.0"):
        without = responses(net, [(x, y)])
    assert [r.depth for r in without] == [1, 4, 5, 6, 7, 8] and without[0] == whole[0]


def test_sees_the_relu_that_was_swapped_in():
    class leaky(kernels.Kernel):
        def forward(x):
            return np.where(x > 0, x, x / 10), None

        def backward(dy, cache):
            raise NotImplementedError

    net, (x, y) = models.resnet(8, width=2), batch()
    before = responses(net, [(x, y)])
    with kernels.use(relu=leaky):
        after = responses(net, [(x, y)])
        assert kernels.find("relu") is leaky
    assert after[0] == before[0] and after[1].mean != pytest.approx(before[1].mean, rel=1e-3)
    assert not np.isnan(after[2].active)
    with kernels.use(relu=naive.relu):
        assert responses(net, [(x, y)])[1].active == before[1].active


def test_no_images_and_an_iterator_are_errors():
    with pytest.raises(ConfigError, match="expected at least one image, got none"):
        responses(models.plain(8, width=2), [])
    with pytest.raises(ConfigError, match="an iterator"):
        responses(models.plain(8, width=2), iter([batch()]))
