"""Nets with blocks dropped or exchanged."""

from math import comb

import numpy as np
import pytest

from minires import functional as F, models
from minires.diagnostics import drop_each, drop_random, drop_sets, dropped, evaluate, swap_each, swapped
from minires.errors import ConfigError
from minires.models.blocks import subsample_and_pad
from minires.tensor import Tensor, no_grad

from .nets import batch, in_float64, lived_in


def logits(net, x):
    with no_grad():
        return net.eval()(Tensor(x)).data


def silence(block):
    """F(x) = 0."""
    block.bn2.weight.data[...] = block.bn2.bias.data[...] = 0


def block_of(net, name):
    return dict(net.named_modules())[name]


NAMES = [f"layer{s}.{i}" for s in (1, 2, 3) for i in (0, 1)]


@pytest.mark.parametrize("shortcut", "ABC")
@pytest.mark.parametrize("name", NAMES)
def test_dropping_a_block_that_adds_nothing_changes_nothing(shortcut, name):
    """Nor does dropping it do more than to silence its branch."""
    net, (x, _) = lived_in(models.resnet(14, width=2, shortcut=shortcut)), batch()
    whole = logits(net, x)
    with dropped(net, name):
        without = logits(net, x)
    silence(block_of(net, name))
    silent = logits(net, x)
    assert np.array_equal(silent, without) and not np.allclose(whole, without)
    with dropped(net, name):
        assert np.array_equal(logits(net, x), silent)


def test_a_block_of_a_plain_net_becomes_the_identity_or_subsamples_and_pads():
    net, (x, _) = lived_in(models.plain(14, width=2)), batch()
    for name in NAMES:
        block = block_of(net, name)
        h = Tensor(abs(batch(size=6)[0][..., :1] * np.ones(block.conv1.weight.shape[2], np.float32)))
        with dropped(net, name):
            expected = subsample_and_pad(h, 2, h.shape[3]) if name in ("layer2.0", "layer3.0") else h
            assert np.array_equal(block(h).data, expected.data)
            assert logits(net, x).shape == (6, 10)
        assert block(h).shape == expected.shape and not np.array_equal(block(h).data, expected.data)


def test_dropped_in_the_residual_net_is_what_the_definition_says():
    """relu(S(x)), also for an x below 0, which the blocks themselves never see."""
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


@pytest.mark.parametrize("build", [models.plain, models.resnet])
def test_swapping_is_exchanging_the_weights(build):
    net, (x, _) = lived_in(build(20, width=2)), batch()
    whole = logits(net, x)
    with swapped(net, "layer2.1", "layer2.2"):
        found = logits(net, x)
        with swapped(net, "layer2.1", "layer2.2"):                     # and back
            assert np.array_equal(logits(net, x), whole)
    state = {name: array.copy() for name, array in net.state_dict().items()}
    there = {"layer2.1.": "layer2.2.", "layer2.2.": "layer2.1."}
    net.load_state_dict({there.get(name[:9], name[:9]) + name[9:]: array for name, array in state.items()})
    assert np.array_equal(logits(net, x), found) and not np.allclose(found, whole)


def test_dropped_and_swapped_nest():
    """Names are places in the net; what is exchanged is what stands there at the moment, a dropped block or its neighbour."""
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
    assert (records[0].loss, records[0].error) == pytest.approx(whole) and records[4][1:] == pytest.approx(whole)
    for record, name in zip(records[1:], NAMES):
        with dropped(net, name):
            assert record[1:] == pytest.approx(evaluate(net, [(x, y)]))
    assert len({round(r.loss, 9) for r in records}) == len(NAMES)      # the silent block's loss is that of the whole net


def test_drop_random():
    net, batches = lived_in(models.resnet(14, width=2)), [batch(10)]
    records = drop_random(net, batches, counts=(0, 2, 6), draws=40, seed=1)
    assert [len(r.blocks) for r in records] == [0] * 40 + [2] * 40 + [6] * 40
    assert {r.blocks for r in records[80:]} == {tuple(NAMES)} and all(set(r.blocks) <= set(NAMES) for r in records)
    assert comb(6, 2) / 2 < len({r.blocks for r in records[40:80]}) <= comb(6, 2)
    assert all(len(set(r.blocks)) == 2 for r in records[40:80])
    assert records == drop_random(net, batches, (0, 2, 6), 40, seed=1) != drop_random(net, batches, (0, 2, 6), 40, seed=2)
    assert records[45].loss == drop_sets(net, batches, [records[45].blocks])[0].loss


def test_swap_each():
    net, batches = lived_in(models.resnet(20, width=2)), [batch(10)]
    records = swap_each(net, batches)
    assert [r.blocks for r in records] == [("layer1.0", "layer1.1"), ("layer1.1", "layer1.2"),
                                           ("layer2.1", "layer2.2"), ("layer3.1", "layer3.2")]
    with swapped(net, "layer3.1", "layer3.2"):
        assert records[-1][1:] == evaluate(net, batches)
    same, = swap_each(net, batches, pairs=[("layer1.0", "layer1.0")])
    assert same[1:] == evaluate(net, batches) != records[0][1:]


def test_in_either_mode():
    net, batches = models.resnet(14, width=2), [batch(10)]
    for mode in ("train", "eval"):
        whole = evaluate(net, batches, mode)
        assert drop_each(net, batches, mode)[0][1:] == drop_random(net, batches, [0], 1, mode=mode)[0][1:] == whole
        assert swap_each(net, batches, [("layer1.0", "layer1.0")], mode)[0][1:] == whole


def test_errors():
    net = models.resnet(14, width=2)
    with pytest.raises(ConfigError, match="dropped: unknown block: .*got 'layer1.2'; did you mean 'layer1"):
        with dropped(net, "layer1.2"):
            pass
    with pytest.raises(ConfigError, match=r"layer1.1 and layer2.1: expected two blocks of one shape, got filters \(3, 3, 2, 2\), s"):
        with swapped(net, "layer1.1", "layer2.1"):
            pass
    with pytest.raises(ConfigError, match="count: expected 0 to 6, for so many blocks there are, got 7"):
        drop_random(net, [batch()], [7])
    with pytest.raises(ConfigError, match="a net without blocks: expected one of models.plain or models.resnet, got Linear"):
        drop_each(net.fc, [batch()])
    for measure in (drop_each, swap_each):
        with pytest.raises(ConfigError, match="an iterator"):
            measure(net, iter([batch()]))
    assert all("forward" not in vars(module) for module in net.modules())
