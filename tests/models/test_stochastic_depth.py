"""Stochastic depth: which blocks are left out and how often, what is then computed, and what
evaluation does instead."""

import threading

import numpy as np
import pytest

from minires import functional as F
from minires import models, no_grad
from minires.autograd.tensor import Tensor
from minires.models.shortcuts import subsample_and_pad
from minires.optim import SGD
from minires.random import stream

from ..images import images
from .reference import conv, norm, relu


class Fixed:
    """A generator that draws the same number each time."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


def computed(net, x):
    """For each block, whether its branch was computed in a forward pass."""
    seen = []
    handles = [
        block.conv2.register_forward_hook(lambda module, inputs, output: seen.append(module))
        for block in net.blocks()
    ]
    with no_grad():
        net(x)
    for handle in handles:
        handle.remove()
    return [block.conv2 in seen for block in net.blocks()]


def survival_probs(net):
    return [block.stochastic_depth.survival_prob for block in net.blocks()]


def test_survival_falls_by_equal_steps():
    """Block l of L survives with probability 1 - (1 - p) l / L."""
    assert survival_probs(models.resnet(14, width=2, survival_prob=0.4)) == pytest.approx(
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    )
    assert all(block.stochastic_depth is None for block in models.resnet(14, width=2).blocks())


def test_each_block_survives_as_often_as_it_should():
    """Within four standard deviations for every block. Blocks are drawn one by one, not all
    together."""
    net, x, batches = models.resnet(14, width=2, survival_prob=0.4), images(2, 4, 4, 3), 400
    kept = np.array([computed(net, x) for _ in range(batches)])
    survival_prob = np.array(survival_probs(net))
    assert (
        abs(kept.mean(axis=0) - survival_prob)
        <= 4 * np.sqrt(survival_prob * (1 - survival_prob) / batches)
    ).all()
    together = np.corrcoef(kept.T)[np.triu_indices(6, 1)]
    assert abs(together).max() < 0.25


def test_the_draws_depend_on_the_seed_alone():
    def drawn(seed):
        net = models.resnet(14, width=2, survival_prob=0.5, seed=seed)
        return [computed(net, images(2, 4, 4, 3)) for _ in range(8)]

    assert drawn(0) == drawn(0) != drawn(1)
    random = stream(0, "stochastic depth")
    probs = [1 - 0.5 * block / 6 for block in range(1, 7)]
    assert drawn(0) == [[random.random() < prob for prob in probs] for _ in range(8)]


@pytest.mark.parametrize("shortcut", ["A", "B"])
@pytest.mark.parametrize("pre_activation", [False, True])
def test_a_skipped_block_is_its_shortcut(pre_activation, shortcut):
    net = models.resnet(
        14, width=4, survival_prob=0.5, shortcut=shortcut, pre_activation=pre_activation
    )
    same, changes = net.layer2[1], net.layer2[0]
    same.stochastic_depth.random = changes.stochastic_depth.random = Fixed(0.999)
    x = images(2, 8, 8, 8)
    assert np.array_equal(same(x).data, x.data if pre_activation else np.maximum(x.data, 0))
    x = images(2, 8, 8, 4)
    if shortcut == "A":
        expected = subsample_and_pad(x, 2, 4).data
    elif pre_activation:
        expected = conv(relu(norm(x.data, changes.bn1)), changes.downsample[0].weight.data, 2)
    else:
        expected = norm(conv(x.data, changes.downsample[0].weight.data, 2), changes.downsample[1])
    np.testing.assert_allclose(
        changes(x).data, expected if pre_activation else relu(expected), rtol=1e-4, atol=1e-5
    )


def test_a_block_that_is_kept_computes_the_usual_output():
    net, usual = models.resnet(8, width=4, survival_prob=0.5), models.resnet(8, width=4)
    net.layer1[0].stochastic_depth.random = Fixed(survival_probs(net)[0] - 1e-9)
    x = images(2, 8, 8, 4)
    assert np.array_equal(net.layer1[0](x).data, usual.layer1[0](x).data)


def test_a_skipped_block_costs_nothing_and_is_not_touched():
    """It gets no gradient, no step and no running statistics, and all other blocks go on."""
    net = models.resnet(8, width=4, survival_prob=0.5)
    for block, number in zip(net.blocks(), (0, 0.999, 0)):
        block.stochastic_depth.random = Fixed(number)
    optimizer = SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    F.cross_entropy(net(images(4, 8, 8, 3)), [0, 1, 2, 3]).backward()
    optimizer.step()
    unmoved = [
        name for name, array in net.state_dict().items() if np.array_equal(array, before[name])
    ]
    assert unmoved == [name for name in before if name.startswith("layer2.0.")]


@pytest.mark.parametrize("pre_activation", [False, True])
def test_evaluation_takes_the_expected_value(pre_activation):
    """The branch is multiplied by its probability, and nothing is drawn."""
    net = models.resnet(14, width=4, survival_prob=0.4, pre_activation=pre_activation).eval()
    usual = models.resnet(14, width=4, pre_activation=pre_activation).eval()
    ((_, random),) = net.named_generators()
    random.random()
    state = random.bit_generator.state
    for block, other in zip(net.blocks(), usual.blocks()):
        x = Tensor(abs(images(2, 8, 8, block.conv1.weight.shape[2]).data))
        shortcut = other.shortcut(x).data
        branch = (
            other.bn2(other.conv2(F.relu(other.bn1(other.conv1(x))))).data
            if not pre_activation
            else other(x).data - shortcut
        )
        expected = block.stochastic_depth.survival_prob * branch + shortcut
        np.testing.assert_allclose(
            block(x).data,
            expected if pre_activation else np.maximum(expected, 0),
            rtol=1e-4,
            atol=1e-5,
        )
    assert random.bit_generator.state == state


def test_training_and_evaluation_agree_on_average():
    """Without the last ReLU the mean over many draws is the output of evaluation. (Batch norm uses
    the same batch in both.)"""
    net = models.resnet(14, width=4, survival_prob=0.4, pre_activation=True, batch_norm=False)
    block = net.blocks()[-1]
    x = images(2, 4, 4, 16)
    with no_grad():
        mean = sum(block(x).data for _ in range(2000)) / 2000
        expected = block.eval()(x).data
    assert abs(mean - expected).max() < 0.1 * abs(expected - x.data).max()


def test_one_stream_for_all_blocks():
    net = models.resnet(14, width=2, survival_prob=0.5)
    ((name, generator),) = net.named_generators()
    assert name == "layer1.0.stochastic_depth.random"
    assert all(block.stochastic_depth.random is generator for block in net.blocks())
    assert list(models.resnet(14, width=2).named_generators()) == []


def test_two_threads_can_evaluate_one_net():
    """Each multiplies the branches once, although both are inside the same block at the same
    time."""
    net, x = models.resnet(14, width=2, survival_prob=0.4).eval(), images(2, 8, 8, 3)
    expected, found, both_are_there = net(x).data, [], threading.Barrier(2, timeout=20)

    def wait(module, inputs, output):
        both_are_there.wait()

    net.layer2[0].conv2.register_forward_hook(wait)
    threads = [threading.Thread(target=lambda: found.append(net(x).data)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and all(np.array_equal(logits, expected) for logits in found)
