"""Cosines by class and linear probes, on features for which both are known."""

import numpy as np
import pytest

from minires import models, nn
from minires.diagnostics import class_cosines, memory, pooled, probe_error
from minires.errors import ConfigError, ShapeError

from .nets import batch, mlp

RNG = np.random.default_rng(0)


def test_cosines_of_two_classes_by_hand():
    """Around the mean 0 one class points left and the other right, each a little up and down."""
    features = np.array([[2, 1], [2, -1], [-2, 1], [-2, -1]]) + 7.0
    same, different = class_cosines(features, [0, 0, 1, 1])
    assert same == pytest.approx((4 - 1) / 5)
    assert different == pytest.approx((-3 / 5 + -1) / 2)


@pytest.mark.parametrize("counts", [(3, 3), (5, 2, 4)])
def test_cosines_pair_by_pair(counts):
    labels = np.repeat(range(len(counts)), counts)
    features = RNG.standard_normal((len(labels), 6)) * RNG.uniform(1, 9, (len(labels), 1))
    rows = features - features.mean(axis=0)
    pairs = {True: [], False: []}
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
                pairs[labels[i] == labels[j]].append(cosine)
    expected = np.mean(pairs[True]), np.mean(pairs[False])
    assert class_cosines(features, labels) == pytest.approx(expected)


def test_images_that_all_look_alike_have_no_direction():
    assert class_cosines(np.ones((4, 3)), [0, 0, 1, 1]) == (0, 0)


def test_a_probe_separates_linearly_separable_classes_and_guesses_the_rest():
    labels = RNG.integers(0, 4, 400)
    signal = np.eye(4)[labels] + 0.1 * RNG.standard_normal((400, 4))
    noise = RNG.standard_normal((400, 4))
    for features, low, high in ((signal, 0, 1), (noise, 65, 85), (np.zeros((400, 4)), 65, 85)):
        error = probe_error(features[:200], labels[:200], features[200:], labels[200:])
        assert low <= error <= high


def test_a_probe_against_least_squares_by_hand():
    """With standardised features, the ridge acts like that many more images of norm sqrt(N ridge)
    without a class. NumPy's least squares then gives the same answers."""
    x, labels = RNG.standard_normal((30, 5)) * [1, 9, 2, 3, 4] + 5, RNG.integers(0, 3, 30)
    new_x, ridge = RNG.standard_normal((200, 5)) * 5 + 5, 0.5
    z, new_z = ((one - x.mean(axis=0)) / x.std(axis=0) for one in (x, new_x))
    y = np.eye(3)[labels]
    extended = np.vstack([z, np.sqrt(30 * ridge) * np.eye(5)])
    w = np.linalg.lstsq(extended, np.vstack([y - y.mean(axis=0), np.zeros((5, 3))]), rcond=None)[0]
    guesses = (new_z @ w + y.mean(axis=0)).argmax(axis=1)
    assert probe_error(x, labels, new_x, guesses, ridge) == 0
    assert probe_error(x, labels, new_x, (guesses + 1) % 3, ridge) == 100


def test_pooling():
    x = RNG.standard_normal((2, 6, 4, 3))
    means = pooled(x, grid=2).reshape(2, 2, 2, 3)
    assert means[1, 1, 0] == pytest.approx(x[1, 3:, :2].mean(axis=(0, 1)))
    assert pooled(x, grid=9) == pytest.approx(x.reshape(2, -1))
    assert pooled(x[:, 0, 0]) == pytest.approx(x[:, 0, 0])


def test_layers_that_keep_rotate_and_forget():
    """A rotation keeps cosines and probes, a layer of rank one keeps a single direction, and zeros
    forget everything."""
    labels = np.arange(200) % 4
    x = (np.eye(4)[labels] + 0.3 * RNG.standard_normal((200, 4))).astype(np.float32)
    net = nn.Sequential(*[nn.Linear(4, 4, bias=False, rng=RNG) for _ in range(4)])
    net[0].weight.data[...] = np.eye(4)
    net[1].weight.data[...] = nn.init.orthogonal((4, 4), RNG)
    net[2].weight.data[...] = np.outer(net[1].weight.data.T[:, 0], [1, 2, 3, 4])
    net[3].weight.data[...] = 0
    kept, turned, one, gone = memory(net, x[:100], labels[:100], x[100:], labels[100:])
    assert [kept.layer, turned.depth] == ["0", 2]
    assert turned.same == pytest.approx(kept.same, abs=1e-5)
    assert turned.different == pytest.approx(kept.different, abs=1e-5)
    assert kept.same - kept.different > 0.8 and kept.probe_error < 5 and turned.probe_error < 5
    assert one.probe_error > 25
    assert gone.probe_error == 75 and (gone.same, gone.different) == (0, 0)


def test_probes_are_tested_on_images_they_were_not_fitted_to():
    """Twenty images of noise can be learnt by heart, which says nothing about twenty others."""
    x, labels = RNG.standard_normal((40, 60)).astype(np.float32), np.arange(40) % 2
    layer = nn.Linear(60, 60, bias=False)
    layer.weight.data[...] = np.eye(60)
    net = nn.Sequential(layer)
    (same,) = memory(net, x[:20], labels[:20], x[:20], labels[:20], ridge=1e-3)
    (other,) = memory(net, x[:20], labels[:20], x[20:], labels[20:], ridge=1e-3)
    assert same.probe_error == 0 and other.probe_error > 20
    assert same.same != other.same


@pytest.mark.parametrize("relu, factor", [(True, np.pi / (2 * (np.pi - 1))), (False, 1.0)])
def test_correlations_shrink_from_layer_to_layer_as_theory_says(relu, factor):
    """Wide layers with batch norm, and two opposite classes that can hardly be told apart. With
    ReLU each layer leaves 0.733 of what a pair has in common; without it, all."""
    rng, labels = np.random.default_rng(0), np.arange(600) % 2
    x = (rng.standard_normal((600, 512)) + 0.2 * (2 * labels[:, None] - 1)).astype(np.float32)
    net = mlp([512] * 7, batch_norm=True, relu=relu)
    found = memory(net, x[:300], labels[:300], x[300:], labels[300:], mode="train")
    gaps = [one.same - one.different for one in found]
    assert (gaps[-1] / gaps[0]) ** (1 / (len(gaps) - 1)) == pytest.approx(factor, abs=0.1)


def test_the_blocks_of_a_net_which_is_not_changed():
    net, (x, labels) = models.plain(8, width=2), batch(24)
    labels = np.arange(24) % 3
    before = {name: array.copy() for name, array in net.state_dict().items()}
    found = memory(net, x[:12], labels[:12], x[12:], labels[12:], mode="train")
    assert [one.layer for one in found] == ["layer1.0", "layer2.0", "layer3.0"]
    assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())
    other = memory(net, x[:12], labels[:12], x[12:], labels[12:], mode="eval")
    assert other[0].same != found[0].same


def test_invalid_arguments():
    with pytest.raises(ConfigError, match="two classes"):
        class_cosines(np.ones((3, 2)), [0, 0, 0])
    with pytest.raises(ConfigError, match="two classes"):
        class_cosines(np.ones((3, 2)), [0, 1, 2])
    with pytest.raises(ConfigError, match="above 0"):
        probe_error(np.ones((3, 2)), [0, 1, 2], np.ones((3, 2)), [0, 1, 2], ridge=0)
    with pytest.raises(ShapeError, match="new_features"):
        probe_error(np.ones((3, 2)), [0, 1, 2], np.ones((3, 4)), [0, 1, 2])
