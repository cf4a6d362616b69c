"""Batch norm of a batch in shards is that of the whole batch: forward, backward and running
averages, for shards of different sizes and empty ones.

Mistakes of other libraries are planted, and must be found.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import numpy as np
import pytest

from minires import Tensor, functional, kernels, nn
from minires.distributed import lockstep
from minires.errors import ConfigError, ShapeError
from minires.kernels import shards
from minires.kernels.cpu import channels, normalization
from minires.kernels.shards import Shard, computing

EDGES = {
    "even": [0, 4, 8, 12],
    "uneven": [0, 1, 8, 12],
    "empty": [0, 5, 5, 12, 12],
    "one": [0, 12],
}


def batch(dtype=np.float64):
    rng = np.random.default_rng(0)
    shift = np.linspace(-3, 3, 12).reshape(12, 1, 1, 1)  # each shard has a different mean
    x, shortcut, dy = rng.standard_normal((3, 12, 4, 3, 5)) + [[[[[1.0]]]]]
    arrays = x + shift, 1 + rng.random(5), rng.standard_normal(5), shortcut, dy
    return [array.astype(dtype) for array in arrays]


def whole(kernel, x, weight, bias, shortcut, dy):
    """(y, dx, dweight, dbias, running mean, running var) of the batch in one piece."""
    layer = nn.BatchNorm2d(5)
    for tensor in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
        tensor.data = tensor.data.astype(x.dtype)
    layer.weight.data[:], layer.bias.data[:] = weight, bias
    input, other = Tensor(x, requires_grad=True), Tensor(shortcut)
    y = layer(input) if kernel == "batch_norm" else nn.norm_relu(layer, input, other)
    y.backward(dy)
    stats = layer.running_mean.data, layer.running_var.data
    return y.data, input.grad, layer.weight.grad, layer.bias.grad, *stats


def in_shards(kernel, edges, x, weight, bias, shortcut, dy):
    """The same from shards: outputs and dx concatenated, gradients of parameters added up."""

    def task(first, last):
        def work(exchange):
            own = slice(first, last)
            with computing(Shard(first, last, len(x), exchange)):
                return whole(kernel, x[own], weight, bias, shortcut[own], dy[own])

        return work

    tasks = [task(*pair) for pair in zip(edges, edges[1:])]
    with ThreadPoolExecutor(len(tasks)) as threads:
        found = lockstep.run(tasks, list, threads)
    y, dx, dweight, dbias, *stats = zip(*found)
    for one in stats:
        assert all(np.array_equal(other, one[0]) for other in one)
    return np.concatenate(y), np.concatenate(dx), sum(dweight), sum(dbias), *(s[0] for s in stats)


def check(kernel, edges, dtype=np.float64, tolerance=1e-12):
    names = "y", "dx", "dweight", "dbias", "running_mean", "running_var"
    pairs = zip(whole(kernel, *batch(dtype)), in_shards(kernel, edges, *batch(dtype)))
    for name, (expected, got) in zip(names, pairs):
        np.testing.assert_allclose(got, expected, tolerance, tolerance, err_msg=name)


@pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
@pytest.mark.parametrize("kernel", ["batch_norm", "batch_norm_relu"])
def test_shards_give_what_the_batch_gives(kernel, edges):
    check(kernel, edges)
    check(kernel, edges, np.float32, 2e-5)


def test_one_shard_gives_the_same_bits():
    for expected, got in zip(
        whole("batch_norm_relu", *batch(np.float32)),
        in_shards("batch_norm_relu", EDGES["one"], *batch(np.float32)),
    ):
        assert np.array_equal(got, expected)


def _local_count(count, mean, squares):
    _, mean, squares_of_all = normalization_moments(count, mean, squares)
    return count, mean, squares_of_all


def _local_statistics(count, mean, squares):
    normalization_moments(count, mean, squares)
    return count, mean, squares


def _mean_of_means(count, mean, squares):
    """Treats all shards as if they had one size."""
    shard = shards.current()
    if shard is None:
        return count, mean, squares
    parts = shard.exchange(np.array([np.full_like(mean, max(count, 1)), mean, squares]))
    parts = [(1, part[1], part[2] / part[0]) for part in parts if part[0, 0]]
    _, mean, squares = reduce(channels.merge, parts)
    return count * len(parts), mean, squares / len(parts) * count * len(parts)


def _local_sums(total, moment):
    normalization_sums(total, moment)
    return total, moment


def _sums_per_shard(total, moment):
    shard = shards.current()
    return np.mean(shard.exchange(np.array([total, moment])), axis=0) if shard else (total, moment)


normalization_moments = normalization._moments_of_all_shards
normalization_sums = normalization._sums_of_all_shards
MISTAKES = [
    ("_moments_of_all_shards", _local_count, "even"),  # pytorch #22192
    ("_moments_of_all_shards", _local_statistics, "even"),  # not synchronised at all
    ("_moments_of_all_shards", _mean_of_means, "uneven"),
    ("_moments_of_all_shards", _mean_of_means, "empty"),
    ("_sums_of_all_shards", _local_sums, "uneven"),  # wrong dX: pytorch #36382
    ("_sums_of_all_shards", _sums_per_shard, "even"),  # averaged
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name, mistake, edges", MISTAKES)
def test_a_planted_mistake_is_found(monkeypatch, name, mistake, edges):
    monkeypatch.setattr(normalization, name, mistake)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        check("batch_norm", EDGES[edges])


def test_running_averages_by_the_count_of_a_shard_are_found(monkeypatch):
    """For the unbiased variance the divisor is M - 1 of the whole batch."""
    update = functional.device_function("update_running_stats", "cpu")

    def local(mean, var, batch_mean, batch_var, momentum, unbiased):
        update(mean, var, batch_mean, batch_var, momentum, 48 / 47)  # of 4 images of 12 pixels

    monkeypatch.setattr(functional, "device_function", lambda name, device: local)
    with pytest.raises(AssertionError):
        in_three = in_shards("batch_norm", EDGES["even"], *batch())
        monkeypatch.undo()
        np.testing.assert_allclose(in_three[5], whole("batch_norm", *batch())[5], 1e-12)


def test_shards_of_one_value_are_no_error_and_a_batch_of_one_is():
    x, weight, bias, shortcut, dy = (a[:3, :1, :1] if a.ndim == 4 else a for a in batch())
    in_shards("batch_norm", [0, 1, 2, 3], x, weight, bias, shortcut, dy)
    with pytest.raises(ShapeError, match="one value for each channel"):
        in_shards("batch_norm", [0, 1], x[:1], weight, bias, shortcut[:1], dy[:1])


def test_a_kernel_that_sees_its_shard_only_is_refused():
    for pair in (kernels.naive.batch_norm, kernels.use(backend="naive")):
        block = pair if isinstance(pair, kernels.use) else kernels.use(batch_norm=pair)
        with block, pytest.raises(ConfigError, match="each shard of the batch on its own"):
            in_shards("batch_norm", EDGES["even"], *batch())


def test_an_empty_batch_is_refused_as_ever():
    with pytest.raises(ShapeError, match="none of them empty"):
        nn.BatchNorm2d(5)(Tensor(np.zeros((0, 4, 4, 5), np.float32)))
