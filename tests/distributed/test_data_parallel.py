"""The gradients of a batch in shards are those of the batch, with the same bits on any number of
ranks. Here ranks are threads."""

from types import SimpleNamespace

import numpy as np
import pytest

from minires import Tensor, functional, models, nn
from minires.distributed import DataParallel, alone, data_parallel
from minires.errors import ConfigError

from .worlds import on_ranks

BATCH = 13


class WithDropout(nn.Module):
    def __init__(self):
        rng = np.random.default_rng(0)
        self.fc1 = nn.Linear(48, 16, rng=rng)
        self.norm = nn.BatchNorm2d(16)
        self.dropout = nn.Dropout(0.5, rng=np.random.default_rng(1))
        self.fc2 = nn.Linear(16, 10, rng=rng)

    def forward(self, x):
        return self.fc2(self.dropout(nn.norm_relu(self.norm, self.fc1(x.reshape(-1, 48)))))


def recomputed(net):
    net.recompute = True
    return net


NETS = {
    "resnet": lambda: models.resnet(8, width=4, seed=0),
    "projection": lambda: models.resnet(8, width=4, seed=0, shortcut="B"),
    "stochastic depth": lambda: models.resnet(14, width=4, seed=2, survival_prob=0.5),
    "recomputed": lambda: recomputed(models.resnet(8, width=4, seed=0)),
    "dropout": WithDropout,
    "group norm": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, rng=np.random.default_rng(0)),
        nn.GroupNorm(2, 4),
        nn.GlobalAvgPool2d(),
        nn.Linear(4, 10, rng=np.random.default_rng(0)),
    ),
}


def batch():
    rng = np.random.default_rng(5)
    return rng.standard_normal((BATCH, 4, 4, 3)), rng.integers(0, 10, BATCH)


def built(name, dtype):
    net = NETS[name]()
    for tensor in [*net.parameters(), *(buffer for _, buffer in net.named_buffers())]:
        tensor.data = tensor.data.astype(dtype)
    return net


def state(net):
    grads = {name: None if p.grad is None else p.grad for name, p in net.named_parameters()}
    return grads | {name: buffer.data for name, buffer in net.named_buffers()}


def ordinary(name, dtype=np.float64):
    images, labels = batch()
    net = built(name, dtype).train()
    loss = functional.cross_entropy(net(Tensor(images.astype(dtype))), labels, label_smoothing=0.1)
    loss.backward()
    return loss.item(), state(net)


def parallel(name, shards, ranks=1, dtype=np.float64, steps=1):
    """(outcome, state) of each rank."""
    images, labels = batch()

    def work(world):
        net = built(name, dtype)
        both = DataParallel(net, world, BATCH, shards, label_smoothing=0.1)
        for _ in range(steps):
            own = both.gradients(images[both.part].astype(dtype), labels[both.part])
        return own, state(net), net

    return [work(alone())] if ranks == 1 else on_ranks(ranks, work)


def assert_close(found, expected, tolerance=1e-9):
    for name, array in expected.items():
        if array is None:
            assert found[name] is None, name
        else:
            scale = max(1e-3, np.abs(array).max())
            np.testing.assert_allclose(found[name], array, 0, tolerance * scale, err_msg=name)


def assert_same_bits(found, expected):
    for name, array in expected.items():
        assert found[name] is array or np.array_equal(found[name], array), name


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_shards_give_the_gradients_of_the_batch(name, shards):
    loss, expected = ordinary(name)
    (outcome, found, _), *_ = parallel(name, shards)
    assert outcome.loss == pytest.approx(loss, abs=1e-12)
    assert_close(found, expected)


@pytest.mark.parametrize("shards", [1, 3])
def test_class_weights_are_those_of_the_whole_batch(shards):
    """A shard with other classes weighs more or less than its number of images says."""
    images, labels = batch()
    weights = [0.1, 5, 0.3, 2, 1, 0.2, 3, 0.5, 1, 4]
    net = built("resnet", np.float64).train()
    loss = functional.cross_entropy(net(Tensor(images)), labels, weights)
    loss.backward()
    both = DataParallel(
        found := built("resnet", np.float64), alone(), BATCH, shards, class_weights=weights
    )
    outcome = both.gradients(images, labels)
    assert outcome.loss == pytest.approx(loss.item(), abs=1e-12)
    assert_close(state(found), state(net))


@pytest.mark.parametrize("name", ["resnet", "stochastic depth", "dropout"])
def test_the_same_bits_on_one_to_four_ranks(name):
    (outcome, expected, _), *_ = parallel(name, 5, dtype=np.float32, steps=2)
    for ranks in (2, 3, 4):
        for own, found, _ in parallel(name, 5, ranks, np.float32, steps=2):
            assert own == outcome
            assert_same_bits(found, expected)


@pytest.mark.parametrize("name", NETS)
def test_one_shard_gives_the_bits_of_an_ordinary_step(name):
    loss, expected = ordinary(name, np.float32)
    (outcome, found, _), *_ = parallel(name, 1, dtype=np.float32)
    assert outcome.loss == loss
    assert_same_bits(found, expected)


def test_other_shards_give_other_bits():
    """Otherwise the tests above would compare nothing."""
    (_, two, _), *_ = parallel("resnet", 2, dtype=np.float32)
    (_, five, _), *_ = parallel("resnet", 5, dtype=np.float32)
    assert any(not np.array_equal(two[name], five[name]) for name in two)


def test_gradients_averaged_per_shard_are_found(monkeypatch):
    """Shards of 3 and 2 images: each must be weighted by its images."""
    even = SimpleNamespace(**vars(np))
    even.full_like = lambda array, value: np.full_like(array, 1 / 5)
    monkeypatch.setattr(data_parallel, "np", even)
    with pytest.raises(AssertionError):
        assert_close(parallel("resnet", 5)[0][1], ordinary("resnet")[1])


def test_dropout_drawn_for_each_shard_is_found(monkeypatch):
    monkeypatch.setattr(
        functional, "_drawn_for_the_batch", lambda shape, rng: rng.random(shape, np.float32)
    )
    with pytest.raises(AssertionError):
        assert_close(parallel("dropout", 5)[0][1], ordinary("dropout")[1])


def test_a_loss_that_is_not_finite_leaves_the_tape_alone():
    images, labels = batch()
    net = built("resnet", np.float64)
    outcome = DataParallel(net, alone(), BATCH, 4).gradients(images * np.nan, labels)
    assert np.isnan(outcome.loss) and all(p.grad is None for p in net.parameters())


def test_a_flag_of_one_rank_reaches_all():
    images, labels = batch()

    def work(world):
        both = DataParallel(NETS["resnet"](), world, BATCH, 3)
        own = images[both.part].astype(np.float32), labels[both.part]
        return [both.gradients(*own, flag).flagged for flag in (False, world.rank == 1)]

    assert on_ranks(2, work) == [[False, True]] * 2


def test_more_shards_than_images():
    with pytest.raises(ConfigError, match="more parts of a batch than images in it"):
        DataParallel(NETS["resnet"](), alone(), 4, 5)
