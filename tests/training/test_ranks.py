"""A Trainer that shares its batches with other ranks: the same bits on any number of ranks, also
when a run goes on with another number.

Ranks are threads here; tests/distributed/test_mpiexec.py starts processes.
"""

from dataclasses import replace

import numpy as np
import pytest

from minires import data, models
from minires.distributed import alone
from minires.errors import CheckpointError, ConfigError, DivergenceError
from minires.training import Callback, RunConfig, Trainer

from ..distributed.worlds import on_ranks

CONFIG = RunConfig(
    iterations=8, batch_size=13, shards=4, lr=0.1, crop_padding=2, clip_norm=5.0, nesterov=True
)


@pytest.fixture(scope="module")
def sets():
    train, test = data.synthetic(40, 530, seed=3)  # the second batch of the test set has 30 images
    return train.resize(8), test.resize(8)


def trainer(sets, world, config=CONFIG, path=None, net=None, **more):
    net = net or models.resnet(8, width=4, seed=0, survival_prob=0.8)
    return Trainer(net, *sets, config, path=path, progress=False, world=world, **more)


def state(trainer):
    weights = {name: array.copy() for name, array in trainer.model.state_dict().items()}
    history = [
        (row["train_loss"], row["train_error"], row["test_error"]) for row in trainer.history
    ]
    generators = [g.bit_generator.state for _, g in trainer.model.named_generators()]
    return weights, trainer.optimizer.velocities, history, generators


def trained(sets, ranks, config=CONFIG, **more):
    def work(world):
        one = trainer(sets, world, config, **more)
        one.run()
        return state(one)

    return [work(alone())] if ranks == 1 else on_ranks(ranks, work)


def assert_same(found, expected):
    for name, array in expected[0].items():
        assert np.array_equal(found[0][name], array), name
    assert len(found[1]) == len(expected[1])
    assert all(map(np.array_equal, found[1], expected[1]))
    assert found[2:] == expected[2:]


def test_the_same_bits_on_one_to_four_ranks(sets):
    expected = trained(sets, 1)[0]
    for ranks in (2, 3, 4):
        for found in trained(sets, ranks):
            assert_same(found, expected)


def test_one_shard_is_an_ordinary_run(sets):
    assert_same(
        trained(sets, 1, replace(CONFIG, shards=1))[0],
        trained(sets, 1, replace(CONFIG, shards=None))[0],
    )


def test_by_default_there_is_a_shard_for_each_rank(sets):
    found = trained(sets, 2, replace(CONFIG, shards=None))[0]
    assert_same(found, trained(sets, 1, replace(CONFIG, shards=2))[0])


@pytest.mark.parametrize("before, after", [(3, 1), (1, 4)])
def test_a_run_goes_on_with_another_number_of_ranks(sets, tmp_path, before, after):
    """The file is on the disk of rank 0 alone."""
    path = tmp_path / "run.safetensors"

    class Stop(Callback):
        def after_step(self, trainer):
            # on rank 0, which tells the others
            trainer._interrupt.requested = trainer.iteration >= 4

    def first(world):
        one = trainer(sets, world, path=path, callbacks=[Stop()])
        with pytest.raises(KeyboardInterrupt):
            one.run()
        return one.iteration

    stopped = [first(alone())] if before == 1 else on_ranks(before, first)
    assert len(set(stopped)) == 1 and stopped[0] < 8

    def second(world):
        one = trainer(sets, world, path=path)
        one.load(path if world.rank == 0 else "nowhere")
        assert one.iteration == stopped[0]
        one.run()
        return state(one)

    expected = trained(sets, 1)[0]
    for found in [second(alone())] if after == 1 else on_ranks(after, second):
        assert_same(found, expected)


def test_a_checkpoint_of_other_shards_is_refused(sets, tmp_path):
    path = tmp_path / "run.safetensors"
    trainer(sets, alone(), path=path).save(path)
    with pytest.raises(CheckpointError, match="shards 4 -> 2"):
        trainer(sets, alone(), replace(CONFIG, shards=2)).load(path)
    with pytest.raises(CheckpointError, match="shards 4 -> None"):
        trainer(sets, alone(), replace(CONFIG, shards=None)).load(path)
    trainer(sets, alone(), replace(CONFIG, shards=None)).save(path)
    with pytest.raises(CheckpointError, match="shards None -> 4"):
        trainer(sets, alone()).load(path)


def test_callbacks_are_those_of_rank_0(sets):
    called = []

    class Watch(Callback):
        def after_backward(self, trainer):
            assert all(p.grad is not None for p in trainer.model.fc.parameters())
            called.append(trainer.world.rank)

    trained(sets, 3, callbacks=[Watch()])
    assert called == [0] * 8


def test_ranks_that_start_differently(sets):
    def settings(world):
        trainer(sets, world, replace(CONFIG, lr=0.1 + 0.1 * world.rank))

    def seeds(world):
        trainer(sets, world, replace(CONFIG, seed=123456 * world.rank))

    def weights(world):
        trainer(sets, world, net=models.resnet(8, width=4, seed=world.rank))

    def images(world):
        train, test = sets
        trainer((train.take(40 - world.rank), test), world)

    def pixels(world):
        train, test = data.synthetic(40, 530, seed=3)
        train, test = train.resize(8), test.resize(8)
        train.images[0, 0, 0, 0] ^= world.rank
        trainer((train, test), world)

    for work, words in (
        (settings, "rank 1 of 2: another lr than rank 0: expected 0.1, got 0.2"),
        (weights, "another initial weights than rank 0: expected digest .{8}, got digest .{8};"),
        (seeds, "another seed than rank 0: expected 0, got 123456;"),
        (images, "another training set than rank 0: expected .*40, 'digest [0-9a-f]{8}'.*"),
        (pixels, "another training set than rank 0"),
    ):
        with pytest.raises(ConfigError, match=words):
            on_ranks(2, work)


def test_weights_that_drift_apart_are_found(sets):
    class Meddle(Callback):
        def after_step(self, trainer):
            trainer.model.fc.bias.data[0] += 1

    with pytest.raises(DivergenceError, match="rank 1 of 2: its weights at iteration 3"):
        trained(sets, 2, callbacks=[Meddle()])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_an_error_on_all_ranks(sets):
    def work(world):
        with pytest.raises(DivergenceError, match="loss is"):
            trainer(sets, world, replace(CONFIG, lr=1e30, clip_norm=None)).run()
        return "met"

    assert on_ranks(3, work) == ["met"] * 3


def test_more_ranks_than_shards_or_images(sets):
    with pytest.raises(ConfigError, match="more ranks than parts of a batch: expected at most 1"):
        on_ranks(2, lambda world: trainer(sets, world, replace(CONFIG, shards=1)))
    with pytest.raises(ConfigError, match="more parts of a batch than images in it"):
        on_ranks(3, lambda world: trainer(sets, world, replace(CONFIG, shards=None, batch_size=2)))


def test_a_gpu_is_refused(sets, gpu):
    with pytest.raises(ConfigError, match="a net on the GPU"):
        trainer(sets, alone(), replace(CONFIG, device="gpu"))
