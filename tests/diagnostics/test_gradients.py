"""Gradient norms by layer, of weights and of activations."""

import numpy as np
import pytest

from minires import Tensor, models, nn
from minires import functional as F
from minires.diagnostics import activation_gradients, dropped, gradient_norms, updates
from minires.diagnostics.parts import main_path
from minires.errors import ConfigError

from .nets import KINDS, NETS, batch, in_float64, lived_in, staged

EVERY_NET = NETS | KINDS


def test_a_linear_net_solved_by_hand():
    """L = sum(x w1 w2) with x = 1: dL/dw1 is w2 summed over its outputs, dL/dw2 is w1 in each of
    its columns."""
    net = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Linear(2, 3, bias=False))
    net[0].weight.data[...] = [[3, 4]]
    net[1].weight.data[...] = 1
    net(Tensor(np.ones((1, 1), np.float32))).sum().backward()
    first, second = gradient_norms(net)
    assert (first.layer, first.depth, second.layer, second.depth) == ("0", 1, "1", 2)
    assert first.gradient_norm == pytest.approx(np.sqrt(3**2 + 3**2))
    assert second.gradient_norm == pytest.approx(np.sqrt(3 * (3**2 + 4**2)))
    assert first.weight_norm == pytest.approx(5) and first.ratio == pytest.approx(
        first.gradient_norm / 5
    )


@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
def test_counts_the_layers_of_the_main_path_in_order(shortcut):
    net = models.resnet(14, width=4, shortcut=shortcut)
    F.cross_entropy(net(Tensor(np.ones((2, 8, 8, 3), np.float32))), np.array([0, 1])).backward()
    records = gradient_norms(net)
    assert [r.depth for r in records] == list(range(1, 15))
    assert (
        records[0].layer == "conv1"
        and records[1].layer == "layer1.0.conv1"
        and records[-1].layer == "fc"
    )


@pytest.mark.parametrize(
    "build, depth, settings",
    [
        (models.resnet50, 50, {}),
        (models.resnet50, 50, {"pre_activation": True, "shortcut": "C"}),
        (models.resnet18, 18, {}),
        (models.resnet50, 50, {"groups": 32, "width_per_group": 4}),
        (models.plain34, 34, {}),
    ],
)
def test_nets_for_large_images_have_as_many_layers_as_their_name_says(build, depth, settings):
    net = build(num_classes=10, **settings)
    F.cross_entropy(
        net(Tensor(np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32))),
        np.array([0, 1]),
    ).backward()
    records, numbers = gradient_norms(net), {18: (2, 2, 2, 2)}.get(depth, (3, 4, 6, 3))
    convs = 3 if depth == 50 else 2
    expected = [
        "conv1",
        *(
            f"layer{s}.{i}.conv{c}"
            for s, n in enumerate(numbers, 1)
            for i in range(n)
            for c in range(1, convs + 1)
        ),
        "fc",
    ]
    assert [r.layer for r in records] == expected == list(main_path(net)) and [
        r.depth for r in records
    ] == list(range(1, depth + 1))
    weights = dict(net.named_parameters())
    for record in records:
        w = weights[f"{record.layer}.weight"]
        assert (
            record.gradient_norm == pytest.approx(np.linalg.norm(w.grad.astype(np.float64)))
            and record.gradient_norm > 0
        )
        assert record.weight_norm == pytest.approx(np.linalg.norm(w.data.astype(np.float64)))
    assert any(".downsample." in name for name in weights) == (build is not models.plain34)


def test_the_projection_of_a_block_on_its_own_does_not_count_either():
    block = staged(shortcut="B", bottleneck=True).layer2[0]
    block(Tensor(np.ones((1, 4, 4, 8), np.float32))).sum().backward()
    assert (
        [r.layer for r in gradient_norms(block)]
        == ["conv1", "conv2", "conv3"]
        == list(main_path(block))
    )


def test_plain_net_with_batch_norm_explodes_at_initialisation_and_the_residual_twin_does_not():
    """Yang et al. 2019: with ReLU and batch norm, gradients grow from layer to layer towards the
    images."""
    images, labels = (
        np.random.default_rng(0).normal(size=(32, 16, 16, 3)).astype(np.float32),
        np.arange(32) % 10,
    )
    growth = {}
    for name, build in (("plain", models.plain), ("resnet", models.resnet)):
        net = build(56, width=4)
        F.cross_entropy(net(Tensor(images)), labels).backward()
        records = gradient_norms(net)
        growth[name] = records[1].gradient_norm / records[-2].gradient_norm
    assert growth["plain"] > 100 > 10 > growth["resnet"]


def test_layers_left_out_of_a_batch_and_layers_of_zeros():
    """A missing gradient counts as norm 0. Relative to weights of 0 every change is infinite."""
    images = Tensor(np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype(np.float32))
    dropped = models.resnet(8, width=4, survival_prob=1e-9)
    F.cross_entropy(dropped(images), np.arange(4)).backward()
    assert dropped.layer3[0].conv1.weight.grad is None
    records = {r.layer: r for r in gradient_norms(dropped)}
    assert (
        len(records) == 8
        and records["layer3.0.conv1"].gradient_norm
        == records["layer3.0.conv1"].ratio
        == 0
        < records["fc"].ratio
    )

    fixup = models.resnet(8, width=4, batch_norm=False, init="fixup")
    F.cross_entropy(fixup(images), np.arange(4)).backward()
    records = {r.layer: r for r in gradient_norms(fixup)}
    assert records["fc"].gradient_norm > 0 == records["fc"].weight_norm and records[
        "fc"
    ].ratio == float("inf")


@pytest.mark.parametrize("size", [1e25, 1e-25])
def test_norms_beyond_the_squares_of_float32(size):
    """An exploding gradient of 1e25 has the square 1e50, which is inf in float32; the square of
    1e-25 is 0."""
    net = nn.Sequential(nn.Linear(3, 4, bias=False))
    net[0].weight.data[...] = size
    net[0].weight.grad = np.full((3, 4), 2 * size, np.float32)
    (record,) = gradient_norms(net)
    assert record.gradient_norm == pytest.approx(2 * size * np.sqrt(12), rel=1e-6, abs=0)
    assert record.weight_norm == pytest.approx(
        size * np.sqrt(12), rel=1e-6, abs=0
    ) and record.ratio == pytest.approx(2)


def test_all_diagnostics_count_the_same_layers():
    """A parameter with two axes is not enough: that of a user's own module does not count, and a
    layer that is used twice counts once."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.first = nn.Parameter(np.ones((2, 2), np.float32)), nn.Linear(2, 2)
            self.again, self.last = self.first, nn.Linear(2, 2)

        def forward(self, x):
            return self.last(self.again(self.first(x @ self.table)))

    net = Scaled()
    F.cross_entropy(net(Tensor(np.ones((1, 2), np.float32))), np.array([0])).backward()
    assert [r.layer for r in gradient_norms(net)] == list(main_path(net)) == ["first", "last"]
    assert [r.layer for r in updates(net, lr=0.1)] == ["first", "last"]
    net.first.freeze()
    assert [(r.layer, r.depth) for r in gradient_norms(net)] == [("last", 2)]


# Gradients of activations


def test_activation_gradients_of_a_linear_chain_solved_by_hand():
    """L is the sum of all outputs and each of three layers multiplies by 3, so dL/dy is 1, 3, 9 at
    two positions of each image."""
    net = nn.Sequential(*(nn.Linear(2, 2, bias=False) for _ in range(3)))
    for layer in net:
        layer.weight.data[...] = 3 * np.eye(2)
    records = activation_gradients(
        net, np.ones((5, 2), np.float32), np.zeros(5, int), loss=lambda y, labels: y.sum()
    )
    assert [(r.layer, r.depth) for r in records] == [("0", 1), ("1", 2), ("2", 3)]
    assert [r.rms for r in records] == pytest.approx([9, 3, 1])
    assert [r.norm for r in records] == pytest.approx(
        [9 * np.sqrt(10), 3 * np.sqrt(10), np.sqrt(10)]
    )


@pytest.mark.parametrize("which", EVERY_NET)
def test_activation_gradients_are_the_slopes_of_the_loss(which):
    """Adding e to a layer's output changes the loss by <dL/dy, e>, so the norm is the slope in the
    gradient's own direction."""
    net, (x, y) = lived_in(in_float64(EVERY_NET[which]())), batch(dtype=np.float64)
    for of in ("layers", "blocks"):
        for record in activation_gradients(net, x, y, of=of)[1::2]:
            module, step, caught = dict(net.named_modules())[record.layer], 1e-6, []
            handle = module.register_forward_hook(
                lambda module, inputs, output: output.register_hook(caught.append) and None
            )
            F.cross_entropy(net(Tensor(x)), y).backward()
            handle.remove()
            along = caught[0] / np.linalg.norm(caught[0])
            losses = []
            for sign in (1, -1):
                handle = module.register_forward_hook(
                    lambda module, inputs, output: output + Tensor(sign * step * along)
                )
                losses.append(F.cross_entropy(net(Tensor(x)), y).item())
                handle.remove()
            assert record.norm == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-4)
            assert record.rms == pytest.approx(record.norm / np.sqrt(along.size))


def test_blocks_have_the_depth_of_their_last_layer():
    records = activation_gradients(models.resnet(14, width=2, shortcut="C"), *batch(), of="blocks")
    assert [(r.layer, r.depth) for r in records] == [
        ("layer1.0", 3),
        ("layer1.1", 5),
        ("layer2.0", 7),
        ("layer2.1", 9),
        ("layer3.0", 11),
        ("layer3.1", 13),
    ]


@pytest.mark.parametrize("pre_activation", [False, True])
def test_bottlenecks_have_three_layers(pre_activation):
    records = activation_gradients(
        staged(shortcut="B", bottleneck=True, pre_activation=pre_activation), *batch(), of="blocks"
    )
    assert [(r.layer, r.depth) for r in records] == [
        ("layer1.0", 4),
        ("layer2.0", 7),
        ("layer2.1", 10),
        ("layer2.2", 13),
    ]


def test_projections_are_not_on_the_main_path():
    records = activation_gradients(models.resnet(8, width=2, shortcut="C"), *batch())
    assert [r.layer for r in records] == [
        "conv1",
        *(f"layer{s}.0.conv{c}" for s in (1, 2, 3) for c in (1, 2)),
        "fc",
    ]


def test_layers_of_a_dropped_block_are_left_out_and_the_others_keep_their_depth():
    net = models.resnet(8, width=2)
    with dropped(net, "layer2.0"):
        assert [r.depth for r in activation_gradients(net, *batch())] == [1, 2, 3, 6, 7, 8]


def test_gradients_of_a_layer_that_is_called_twice_add_up():
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data[...] = 3
    (record,) = activation_gradients(
        nn.Sequential(layer, layer),
        np.ones((1, 1), np.float32),
        [0],
        loss=lambda y, labels: y.sum(),
    )
    assert record == ("0", 1, pytest.approx((1 + 3**2) ** 0.5), pytest.approx((10 / 2) ** 0.5))


def test_vanishing_gradients_do_not_become_zero():
    """1e-30 is a float32 number, its square is not."""
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    net[1].weight.data[...] = 1e-30
    first, _ = activation_gradients(
        net, np.ones((1, 1), np.float32), [0], loss=lambda y, labels: y.sum()
    )
    assert first.norm == pytest.approx(1e-30, rel=1e-6, abs=0)


def test_unknown_parts():
    with pytest.raises(
        ConfigError,
        match="unknown of: expected one of layers, blocks, got 'block'; did you mean 'blocks'",
    ):
        activation_gradients(models.plain(8, width=2), *batch(), of="block")
    with pytest.raises(ConfigError, match="a net without blocks"):
        activation_gradients(nn.Linear(3, 2), np.ones((2, 3), np.float32), [0, 1], of="blocks")
