"""Dropout as a layer: when it drops, and its random numbers as part of a run."""

import copy

import numpy as np
import pytest

from minires import functional as F
from minires import nn, optim
from minires.autograd.tensor import Tensor
from minires.diagnostics import gradient_norms
from minires.errors import ConfigError
from minires.nn.state import preserve_state


def ones(*shape):
    return Tensor(np.ones(shape, np.float32))


def generator(seed=0):
    return np.random.default_rng(seed)


class Net(nn.Module):
    """Two linear layers with dropout in between, in a block that can be run again."""

    def __init__(self):
        rng = generator(1)
        self.block = nn.Sequential(nn.Linear(4, 50, rng=rng), nn.Dropout(0.5, rng=generator(2)))
        self.head = nn.Linear(50, 3, rng=rng)

    def forward(self, x):
        return self.head(self.block(x))


def test_in_training_and_in_evaluation():
    layer, x = nn.Dropout(0.25, rng=generator()), ones(100, 100)
    y = layer(x).data
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert np.array_equal(y, F.dropout(x, 0.25, rng=generator()).data)
    assert not np.array_equal(layer(x).data, y)  # a new mask for each batch
    assert layer.eval()(x) is x
    layer.train().freeze()
    assert layer(x) is x  # frozen, it computes as in evaluation
    assert repr(layer) == "Dropout(p=0.25)"


def test_without_a_generator_it_makes_its_own():
    x = ones(50)
    assert not np.array_equal(nn.Dropout()(x).data, nn.Dropout()(x).data)


def test_its_generator_is_found_under_its_name():
    net = Net()
    assert list(net.named_generators()) == [("block.1.rng", net.block[1].rng)]
    assert "rng" not in " ".join(net.state_dict())


def test_a_copy_draws_the_same_numbers_independently():
    net, x = Net(), ones(2, 4)
    twin = copy.deepcopy(net)
    assert np.array_equal(net(x).data, twin(x).data)
    again = net(x).data
    assert np.array_equal(again, twin(x).data)  # it has not moved the twin's generator


def test_a_second_run_in_backward_drops_the_same():
    """Otherwise the gradient would be that of another function, and the next mask would be another
    one."""

    def trained(again):
        net, x = Net(), ones(5, 4)
        net.block.recompute = again
        optimizer = optim.SGD(net.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(net(x), [0, 1, 2, 0, 1]).backward()
            optimizer.step()
        return [*net.state_dict().values()], net.block[1].rng.bit_generator.state

    (once, state), (twice, state_twice) = trained(False), trained(True)
    assert all(np.array_equal(a, b) for a, b in zip(once, twice)) and state == state_twice


def test_looking_at_a_net_does_not_move_its_generator():
    net, x = Net(), ones(2, 4)
    state = net.block[1].rng.bit_generator.state
    with preserve_state(net, "train"):
        first = net(x).data
    assert net.block[1].rng.bit_generator.state == state
    assert np.array_equal(net(x).data, first)


def test_gradients_of_the_layers_around_it_can_be_measured():
    net = Net()
    F.cross_entropy(net(ones(2, 4)), [0, 1]).backward()
    assert [record.layer for record in gradient_norms(net)] == ["block.0", "head"]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), True, "half"])
def test_invalid_probabilities(p):
    with pytest.raises(ConfigError, match="Dropout: p: expected a probability from 0 to 1"):
        nn.Dropout(p)


def test_another_kind_of_generator():
    with pytest.raises(ConfigError, match="an np.random.Generator"):
        nn.Dropout(rng=np.random.RandomState(0))(ones(3))
