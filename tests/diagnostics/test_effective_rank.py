"""Effective rank, of matrices for which it is known and in nets."""

import numpy as np
import pytest

import minires as mr
from minires.diagnostics.effective_rank import effective_rank, effective_ranks
from minires.errors import ConfigError

RNG = np.random.default_rng(0)


def with_singular_values(values, rows=12, columns=20):
    """A matrix with these singular values, whose rows have mean 0."""
    centred = RNG.standard_normal((rows, len(values)))
    left = np.linalg.qr(centred - centred.mean(axis=0))[0]
    right = np.linalg.qr(RNG.standard_normal((columns, len(values))))[0]
    return left * np.array(values) @ right.T


@pytest.mark.parametrize("count", [1, 2, 7])
def test_equal_singular_values_count_each(count):
    rows = with_singular_values([3.0] * count)
    assert effective_rank(rows) == pytest.approx(count)
    assert effective_rank(rows + 100) == pytest.approx(count)  # around their mean


def test_unequal_singular_values():
    """Their squares, the variances, are four fifths and one fifth of the sum: exp(0.8 ln 5/4 + 0.2
    ln 5)."""
    expected = np.exp(0.8 * np.log(5 / 4) + 0.2 * np.log(5))
    assert effective_rank(with_singular_values([2.0, 1.0])) == pytest.approx(expected)
    covariance = np.cov(with_singular_values([5.0, 3.0, 2.0]).T)
    p = np.linalg.eigvalsh(covariance)[-3:] / np.trace(covariance)
    expected_of_three = np.exp(-(p * np.log(p)).sum())
    assert effective_rank(with_singular_values([5.0, 3.0, 2.0])) == pytest.approx(expected_of_three)
    assert effective_rank(with_singular_values([2e-8, 1e-8])) == pytest.approx(expected)


def test_rows_that_are_the_same():
    assert effective_rank(np.ones((5, 3))) == 0
    with pytest.raises(ConfigError, match="N of at least 2"):
        effective_rank(np.ones((1, 3)))


def test_blocks_of_a_net_and_layers_of_one_without():
    x = RNG.standard_normal((16, 8, 8, 3)).astype(np.float32)
    net = mr.models.resnet(14, width=4)
    before = {name: array.copy() for name, array in net.state_dict().items()}
    found = effective_ranks(net, x)
    assert [one.layer for one in found] == [f"layer{i}.{j}" for i in (1, 2, 3) for j in (0, 1)]
    assert [one.depth for one in found] == [3, 5, 7, 9, 11, 13]
    assert all(1 < one.rank < 15 for one in found) and net.training
    assert all(np.array_equal(before[name], one) for name, one in net.state_dict().items())
    last = net.eval().layer3(net.layer2(net.layer1(net.stem(mr.Tensor(x)))))
    expected = effective_rank(last.data.reshape(16, -1))
    assert found[-1].rank == pytest.approx(expected, rel=1e-5)
    mlp = mr.models.residual_mlp(8, image_size=8, width=6)
    assert len(effective_ranks(mlp, x)) == 8


def test_a_net_that_forgets_its_input_has_few_directions():
    x = RNG.standard_normal((16, 8, 8, 3)).astype(np.float32)
    net = mr.models.plain(14, width=4)
    last = net.layer3[1]
    last.conv2.weight.data[:, :, :, 1:] = 0  # all but one channel do not depend on the image
    last.conv2.weight.data[:2] = last.conv2.weight.data[2] = 0
    last.conv2.weight.data[1, 1, :, 0] = 1
    ranks = [one.rank for one in effective_ranks(net, x)]
    assert ranks[-1] <= 4 < ranks[-2]  # the maps have 2x2 pixels


def test_around_zero_vectors_of_one_direction_count_as_one():
    """As Daneshmand et al. 2020 count: k (1, ..., 1) + noise is one direction. Around its mean it
    has as many as the noise has."""
    direction, noise = np.ones((12, 1)) * np.ones(20), with_singular_values([1e-6] * 5)
    assert effective_rank(direction + noise, centred=False) == pytest.approx(1, abs=1e-4)
    assert effective_rank(direction + noise) == pytest.approx(5, rel=1e-4)
    lengths = np.arange(1, 13)[:, None]
    assert effective_rank(lengths * direction, centred=False) == pytest.approx(1, abs=1e-6)
    both = with_singular_values([2.0, 1.0])  # around the mean 0
    assert effective_rank(both, centred=False) == pytest.approx(effective_rank(both))


def test_the_output_of_a_block_is_counted():
    x = RNG.standard_normal((4, 8, 8, 3)).astype(np.float32)
    net = mr.models.plain(8, width=4)
    found = effective_ranks(net, x)
    assert [one.outputs for one in found] == [4 * 64, 8 * 16, 16 * 4]
    around_zero = effective_ranks(net, x, centred=False)
    assert all(a.rank != b.rank for a, b in zip(found, around_zero))
