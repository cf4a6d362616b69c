"""Nets with blocks dropped or swapped."""

from math import comb

import numpy as np
import pytest

from minires import functional as F
from minires import models, nn
from minires.autograd import Tensor, no_grad
from minires.diagnostics import (
    drop_each,
    drop_random,
    drop_sets,
    dropped,
    evaluate,
    swap_each,
    swappable_pairs,
    swapped,
)
from minires.diagnostics.parts import blocks
from minires.errors import ConfigError
from minires.models.block_config import BlockConfig
from minires.models.blocks import Bottleneck, PreActivation
from minires.models.fixup_block import FixupBlock
from minires.models.shortcuts import ProjectionShortcut, subsample_and_pad
from minires.nn.overriding import is_overridden

from .nets import KINDS, NETS, batch, in_float64, lived_in, staged


def logits(net, x):
    with no_grad():
        return net.eval()(Tensor(x)).data


def silence(block):
    """F(x) = 0."""
    if isinstance(block, FixupBlock):
        silent = block.scale, block.bias2b
    elif isinstance(block, PreActivation) or isinstance(block.bn2, nn.Identity):
        last = block.conv3 if hasattr(block, "conv3") else block.conv2
        silent = last.weight, *([] if last.bias is None else [last.bias])
    else:
        last = block.bn3 if isinstance(block, Bottleneck) else block.bn2
        silent = last.weight, *([last.bias] if isinstance(last, nn.BatchNorm2d) else [])
    for parameter in silent:
        parameter.data[...] = 0


def block_of(net, name):
    return dict(net.named_modules())[name]


NAMES = [f"layer{s}.{i}" for s in (1, 2, 3) for i in (0, 1)]


@pytest.mark.parametrize("shortcut", "ABC")
@pytest.mark.parametrize("name", NAMES)
def test_dropping_a_block_that_adds_nothing_changes_nothing(shortcut, name):
    """And dropping any block has the same effect as silencing its branch."""
    net, (x, _) = lived_in(models.resnet(14, width=2, shortcut=shortcut)), batch()
    whole = logits(net, x)
    with dropped(net, name):
        without = logits(net, x)
    silence(block_of(net, name))
    silent = logits(net, x)
    assert np.array_equal(silent, without) and not np.allclose(whole, without)
    with dropped(net, name):
        assert np.array_equal(logits(net, x), silent)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shortcut_of_every_kind_of_block_stays(kind):
    """Compared with a calculation by hand, for an x of both signs; in the net, compared with a
    silent branch."""
    net, (x, _) = lived_in(KINDS[kind]()), batch()
    whole = logits(net, x)
    for name, block in blocks(net).items():
        h = Tensor(
            np.random.default_rng(1)
            .standard_normal((2, 6, 6, block.conv1.weight.shape[2]))
            .astype(np.float32)
        )
        shortcut, pre_activation = h, "pre-activation" in kind
        if isinstance(block.shortcut, ProjectionShortcut):
            convolution, norm = block.shortcut
            shortcut = norm(convolution(F.relu(block.bn1(h)) if pre_activation else h))
        elif "2.0" in name or "3.0" in name:
            shortcut = subsample_and_pad(h, 2, block.conv1.weight.shape[2])
        shortcut = shortcut * (0.5 if "halved" in kind else 1.0)
        with dropped(net, name):
            assert np.array_equal(
                block(h).data, shortcut.data if pre_activation else F.relu(shortcut).data
            )
            without = logits(net, x)
        before = {key: array.copy() for key, array in net.state_dict().items()}
        silence(block)
        assert np.array_equal(logits(net, x), without) and not np.allclose(whole, without)
        net.load_state_dict(before)
    assert np.array_equal(logits(net, x), whole)


@pytest.mark.parametrize("pre_activation", [False, True])
def test_lesions_of_a_net_with_stochastic_depth(pre_activation):
    """In evaluation F(x) is multiplied by its block's probability, which a block brings along to
    its new place."""
    net = lived_in(
        models.resnet(20, width=2, survival_prob=0.5, pre_activation=pre_activation)
    ).eval()
    one, two = net.layer2[1], net.layer2[2]
    assert [block.stochastic_depth.survival_prob for block in (one, two)] == pytest.approx(
        [1 - 0.5 * 5 / 9, 1 - 0.5 * 6 / 9]
    )
    h = Tensor(batch(size=6)[0][..., :1] * np.ones(4, np.float32))
    with dropped(net, "layer2.1"):
        assert np.array_equal(one(h).data, h.data if pre_activation else F.relu(h).data)
    with swapped(net, "layer2.1", "layer2.2"):
        found = one(h).data
    if pre_activation:
        expected = h + two.stochastic_depth.survival_prob * two.conv2(
            F.relu(two.bn2(two.conv1(F.relu(two.bn1(h)))))
        )
    else:
        expected = F.relu(
            h
            + two.stochastic_depth.survival_prob * two.bn2(two.conv2(F.relu(two.bn1(two.conv1(h)))))
        )
    assert found == pytest.approx(expected.data, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("build", [models.resnet18, models.plain18, models.resnet50])
def test_nets_for_large_images(build):
    net, batches = build(num_classes=10), [batch(2, size=32)]
    depth = {models.resnet18: 2, models.plain18: 2, models.resnet50: 3}[build]
    names = [
        f"layer{s}.{i}"
        for s, n in enumerate((2, 2, 2, 2) if depth == 2 else (3, 4, 6, 3), 1)
        for i in range(n)
    ]
    records = drop_sets(net, batches, [(), names[:1], names[-2:], names], "train")
    assert list(blocks(net)) == names and len({r.loss for r in records}) == 4
    same = [r.blocks for r in swap_each(net, batches, mode="train")]
    first = (
        [("layer1.0", "layer1.1")] if depth == 2 else [("layer1.1", "layer1.2")]
    )  # bottlenecks widen in their first block
    assert same == first + [
        (a, b)
        for a, b in zip(names, names[1:])
        if a[:6] == b[:6] != "layer1" and not a.endswith(".0")
    ]


def test_a_block_of_a_plain_net_becomes_the_identity_or_subsamples_and_pads():
    net, (x, _) = lived_in(models.plain(14, width=2)), batch()
    for name in NAMES:
        block = block_of(net, name)
        h = Tensor(
            abs(batch(size=6)[0][..., :1] * np.ones(block.conv1.weight.shape[2], np.float32))
        )
        with dropped(net, name):
            expected = (
                subsample_and_pad(h, 2, h.shape[3]) if name in ("layer2.0", "layer3.0") else h
            )
            assert np.array_equal(block(h).data, expected.data)
            assert logits(net, x).shape == (6, 10)
        assert block(h).shape == expected.shape and not np.array_equal(block(h).data, expected.data)


@pytest.mark.parametrize("activation", ["relu", "tanh", "crelu"])
@pytest.mark.parametrize("name", NAMES)
def test_a_block_of_a_bare_net_becomes_the_identity_for_inputs_of_both_signs(activation, name):
    """Its input is the output of a convolution. What is below 0 used to be lost as well."""
    net, (x, _) = models.bare(14, width=2, activation=activation).eval(), batch()
    with no_grad():
        h = net.conv1(Tensor(x))
        for own_name, block in blocks(net).items():
            if own_name != name:
                h = block(h)
            elif name in ("layer2.0", "layer3.0"):
                h = subsample_and_pad(h, 2, h.shape[3])
        expected = net.fc(F.global_avg_pool2d(net.activation(h))).data
    with dropped(net, name):
        assert np.array_equal(logits(net, x), expected)


def test_dropped_in_the_residual_net_is_what_the_definition_says():
    """relu(S(x)), also for an x below 0, which blocks in a net never see."""
    net = lived_in(models.resnet(8, width=2, shortcut="C"))
    x, block = Tensor(batch(size=6)[0][..., :2]), net.layer1[0]
    for mode in (True, False):
        net.train(mode)
        with dropped(net, "layer1.0"):
            found = block(x).data
        assert np.array_equal(found, F.relu(block.downsample(x)).data)


def test_dropping_all_blocks_leaves_stem_and_classifier():
    net, (x, _) = lived_in(models.resnet(14, width=2)), batch()
    with dropped(net, *NAMES), no_grad():
        found = net.eval()(Tensor(x)).data
        h = subsample_and_pad(subsample_and_pad(F.relu(net.bn1(net.conv1(Tensor(x)))), 2, 2), 2, 4)
        assert found == pytest.approx(net.fc(F.global_avg_pool2d(h)).data, rel=1e-5)


def test_swapping_a_block_with_itself_changes_nothing():
    net, (x, _) = lived_in(models.resnet(14, width=2)), batch()
    whole = logits(net, x)
    with swapped(net, "layer1.1", "layer1.1"):
        assert np.array_equal(logits(net, x), whole)


@pytest.mark.parametrize(
    "build",
    [
        lambda: models.plain(20, width=2),
        lambda: models.resnet(20, width=2),
        lambda: models.resnet(20, width=2, shortcut="C", pre_activation=True),
        lambda: models.resnet(20, width=2, batch_norm=False, init="fixup"),
        lambda: models.resnet(20, width=2, batch_norm=False, init="skipinit"),
        lambda: staged(shortcut="B", bottleneck=True, groups=2),
        lambda: staged(shortcut="A", bottleneck=True, pre_activation=True),
    ],
)
def test_swapping_two_blocks_is_swapping_their_weights(build):
    net, (x, _) = lived_in(build()), batch()
    whole = logits(net, x)
    with swapped(net, "layer2.1", "layer2.2"):
        found = logits(net, x)
        with swapped(net, "layer2.1", "layer2.2"):  # and back
            assert np.array_equal(logits(net, x), whole)
    state = {name: array.copy() for name, array in net.state_dict().items()}
    there = {"layer2.1.": "layer2.2.", "layer2.2.": "layer2.1."}
    net.load_state_dict(
        {there.get(name[:9], name[:9]) + name[9:]: array for name, array in state.items()}
    )
    assert np.array_equal(logits(net, x), found) and not np.allclose(found, whole)


def test_dropped_and_swapped_nest():
    """Names are places in the net. What is swapped is the block that stands there at the moment: a
    dropped block, or its neighbour."""
    net, (x, _) = lived_in(models.resnet(20, width=2)), batch()
    with dropped(net, "layer2.1"):
        one = logits(net, x)
        with swapped(net, "layer2.1", "layer2.2"):
            two = logits(net, x)
        assert np.array_equal(logits(net, x), one)
    with swapped(net, "layer2.1", "layer2.2"):
        with dropped(net, "layer2.2"):
            three = logits(net, x)
        with dropped(net, "layer2.1"):
            four = logits(net, x)
    assert np.array_equal(one, two) and np.array_equal(one, three) and not np.allclose(one, four)


def test_drop_each():
    net, (x, y) = lived_in(in_float64(models.resnet(14, width=2))), batch(20, dtype=np.float64)
    silence(net.layer2[1])
    records = drop_each(net, [(x[:15], y[:15]), (x[15:], y[15:])])
    assert [r.blocks for r in records] == [(), *((name,) for name in NAMES)]
    whole = evaluate(net, [(x, y)])
    assert (records[0].loss, records[0].error) == pytest.approx(whole) and records[4][
        1:
    ] == pytest.approx(whole)
    for record, name in zip(records[1:], NAMES):
        with dropped(net, name):
            assert record[1:] == pytest.approx(evaluate(net, [(x, y)]))
    assert len({round(r.loss, 9) for r in records}) == len(
        NAMES
    )  # the silent block's loss is that of the whole net


def test_drop_random():
    net, batches = lived_in(models.resnet(14, width=2)), [batch(10)]
    records = drop_random(net, batches, counts=(0, 2, 6), draws=40, seed=1)
    assert [len(r.blocks) for r in records] == [0] * 40 + [2] * 40 + [6] * 40
    assert {r.blocks for r in records[80:]} == {tuple(NAMES)} and all(
        set(r.blocks) <= set(NAMES) for r in records
    )
    assert comb(6, 2) / 2 < len({r.blocks for r in records[40:80]}) <= comb(6, 2)
    assert all(len(set(r.blocks)) == 2 for r in records[40:80])
    assert (
        records
        == drop_random(net, batches, (0, 2, 6), 40, seed=1)
        != drop_random(net, batches, (0, 2, 6), 40, seed=2)
    )
    assert records[45].loss == drop_sets(net, batches, [records[45].blocks])[0].loss


@pytest.mark.parametrize("kind", [*NETS, *KINDS])
def test_the_pairs_that_can_be_swapped_are_those_that_raise_no_error(kind):
    net = (NETS | KINDS)[kind]()
    names = list(blocks(net))
    for pair in zip(names, names[1:]):
        try:
            with swapped(net, *pair):
                can_be_swapped = True
        except ConfigError:
            can_be_swapped = False
        assert (pair in swappable_pairs(net)) == can_be_swapped, pair
    assert {*swappable_pairs(net)} <= {*zip(names, names[1:])}


def test_swap_each():
    net, batches = lived_in(models.resnet(20, width=2)), [batch(10)]
    records = swap_each(net, batches)
    assert [r.blocks for r in records] == [
        ("layer1.0", "layer1.1"),
        ("layer1.1", "layer1.2"),
        ("layer2.1", "layer2.2"),
        ("layer3.1", "layer3.2"),
    ]
    with swapped(net, "layer3.1", "layer3.2"):
        assert records[-1][1:] == evaluate(net, batches)
    (same,) = swap_each(net, batches, pairs=[("layer1.0", "layer1.0")])
    assert same[1:] == evaluate(net, batches) != records[0][1:]


def test_in_either_mode():
    net, batches = models.resnet(14, width=2), [batch(10)]
    for mode in ("train", "eval"):
        whole = evaluate(net, batches, mode)
        assert (
            drop_each(net, batches, mode)[0][1:]
            == drop_random(net, batches, [0], 1, mode=mode)[0][1:]
            == whole
        )
        assert swap_each(net, batches, [("layer1.0", "layer1.0")], mode)[0][1:] == whole


def bottleneck(out_channels, stride=1):
    rng = np.random.default_rng(0)
    return Bottleneck(
        16, out_channels, stride, BlockConfig("C", bottleneck=True, width_per_group=16), rng, rng
    )


@pytest.mark.parametrize(
    "one, other, words",
    [
        (
            "0",
            "1",
            r"conv3 Conv2d\(1, 16, .* and Conv2d\(1, 20,",
        ),  # the first two convolutions are alike
        ("0", "2", r"conv2 Conv2d\(1, 1, .*stride=\(1, 1\), .* and .*stride=\(2, 2\), "),
    ],
)
def test_all_convolutions_count(one, other, words):
    net = nn.Sequential(bottleneck(16), bottleneck(20), bottleneck(16, stride=2), bottleneck(16))
    with pytest.raises(ConfigError, match=words):
        with swapped(net, one, other):
            pass
    with swapped(net, "0", "3"):
        pass


def test_the_first_pre_activation_block_is_of_its_own_kind():
    """Its first batch norm is not inside the block."""
    net = models.resnet(20, width=2, pre_activation=True)
    with pytest.raises(ConfigError, match=r"bn1 Identity\(\) and BatchNorm2d\(2, "):
        with swapped(net, "layer1.0", "layer1.1"):
            pass
    assert [r.blocks[0] for r in swap_each(net, [batch()])] == ["layer1.1", "layer2.1", "layer3.1"]


def test_errors():
    net = models.resnet(14, width=2)
    with pytest.raises(
        ConfigError, match="dropped: unknown block: .*got 'layer1.2'; did you mean 'layer1"
    ):
        with dropped(net, "layer1.2"):
            pass
    with pytest.raises(
        ConfigError,
        match=r"layer1.1 and layer2.1: expected two blocks with the same layers, got conv1 "
        r"Conv2d\(2, 2, "
        r".* and Conv2d\(4, 4",
    ):
        with swapped(net, "layer1.1", "layer2.1"):
            pass
    with pytest.raises(ConfigError, match="count: expected 0 to 6, the number of blocks, got 7"):
        drop_random(net, [batch()], [7])
    with pytest.raises(
        ConfigError,
        match="a net without blocks: expected a plain or residual net of convolutions, .*, got "
        "Linear",
    ):
        drop_each(net.fc, [batch()])
    with pytest.raises(ConfigError, match="^swappable_pairs: a net without blocks"):
        swappable_pairs(net.fc)
    with pytest.raises(ConfigError, match="^swap_each: a net without blocks"):
        swap_each(net.fc, [batch()])
    for measure in (drop_each, swap_each):
        with pytest.raises(ConfigError, match="an iterator"):
            measure(net, iter([batch()]))
    assert not any(is_overridden(module) for module in net.modules())


@pytest.mark.parametrize("kind", KINDS)
def test_layers_before_a_lesion_are_computed_once_and_no_number_changes(kind):
    """The numbers are those of each lesion alone, in a `with` block around the whole net; two
    batches of different sizes."""
    net, (x, y) = lived_in(KINDS[kind]()), batch()
    batches = [(x, y), (x[:1], y[:1])]
    names = list(blocks(net))
    sets = [(), *((name,) for name in names), (names[1], names[-1])]
    for lesion, chosen in zip(drop_sets(net, batches, sets), sets, strict=True):
        with dropped(net, *chosen):
            found = evaluate(net, batches)
        assert lesion.blocks == tuple(chosen) and lesion.error == pytest.approx(found.error)
        assert lesion.loss == pytest.approx(found.loss, rel=1e-12)
    for lesion in swap_each(net, batches):
        with swapped(net, *lesion.blocks):
            found = evaluate(net, batches)
        assert lesion.loss == pytest.approx(found.loss, rel=1e-12)
