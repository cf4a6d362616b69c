"""The range test of learning rates: what it finds, and that it leaves no trace."""

from dataclasses import replace

import numpy as np
import pytest

from minires import models
from minires.errors import ConfigError
from minires.training import RunConfig, Trainer
from minires.training import lr_finder as module
from minires.training.lr_finder import find_lr

CONFIG = RunConfig(iterations=6, batch_size=16, lr=0.1, milestones=(), crop_padding=2)


def trainer(sets, survival_prob=1.0, **settings):
    net = models.resnet(8, width=4, seed=0, survival_prob=survival_prob)
    return Trainer(net, *sets, replace(CONFIG, **settings), progress=False)


@pytest.mark.parametrize("survival_prob, shards", [(1.0, None), (0.5, None), (1.0, 2)])
def test_the_run_after_it_has_the_same_bits(sets, survival_prob, shards):
    plain, tested = (trainer(sets, survival_prob, shards=shards) for _ in range(2))
    find_lr(tested, steps=20)
    assert tested.iteration == 0 and tested.optimizer.lr == plain.optimizer.lr
    plain.run()
    tested.run()
    for name, array in plain.model.state_dict().items():
        assert np.array_equal(array, tested.model.state_dict()[name]), name
    assert [row["train_loss"] for row in plain.history] == [
        row["train_loss"] for row in tested.history
    ]


def test_it_leaves_no_trace_in_the_middle_of_a_run_either(sets):
    plain, tested = (trainer(sets) for _ in range(2))
    for run in (plain, tested):
        for _ in range(3):
            run._step()
    find_lr(tested, steps=10)
    plain.run()
    tested.run()
    assert plain.history[-1]["train_loss"] == tested.history[-1]["train_loss"]


def test_rates_grow_by_the_same_factor(sets):
    rows = find_lr(trainer(sets), 1e-4, 1e-2, 21).rows
    rates = np.array([row["lr"] for row in rows])
    assert rates[0] == pytest.approx(1e-4) and rates[-1] == pytest.approx(1e-2)
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10 ** (1 / 10))


def test_the_first_steps_are_those_of_training_at_these_rates(sets):
    """From 0.05 to 0.0500001 all rates are nearly the same, so the losses are those of a run."""
    rows = find_lr(trainer(sets), 0.05, 0.0500001, 10).rows
    run = trainer(sets, lr=0.05, iterations=10)
    losses = []
    for _ in range(4):
        run._step()
        losses.append(run.epoch_sums["loss"] / 16)
    steps = [losses[0], *np.diff(losses)]
    np.testing.assert_allclose([row["loss"] for row in rows[:4]], steps, rtol=1e-4)


def test_gradients_are_clipped_as_in_training(sets):
    """So strongly that the weights hardly move: the loss of each batch is that of the first net."""
    still, moved = (
        [row["loss"] for row in find_lr(trainer(sets, clip_norm=norm), steps=40).rows]
        for norm in (1e-9, None)
    )
    assert len(still) == 40 and max(still) < 4
    assert max(abs(a - b) for a, b in zip(still, moved)) > 0.1


def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_mean():
    rows = [
        {"lr": lr, "smoothed_loss": loss}
        for lr, loss in ((0.001, 2.0), (0.01, 1.5), (0.4, 1.0), (1.0, 3.0))
    ]
    assert module._suggestion(rows) == pytest.approx(0.04)
    assert module._suggestion(rows[:1]) is None and module._suggestion([]) is None


def test_it_ends_when_the_loss_explodes(sets):
    """Without batch norm, a rate of 100 makes the weights explode within a few steps."""
    train, test = sets
    net = models.residual_mlp(4, width=8, image_size=8)
    config = RunConfig(iterations=5, batch_size=16, crop_padding=0, flip=False, milestones=())
    before = [p.data.copy() for p in net.parameters()]
    found = find_lr(Trainer(net, train, test, config, progress=False), 1e-3, 1e6, 60)
    assert 3 < len(found.rows) < 60
    assert all(np.array_equal(p.data, b) for p, b in zip(net.parameters(), before))


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((0, 1), "lowest: expected a number above 0"),
        ((1, 0.1), "lowest below highest"),
        ((0.1, 1, 5), "steps"),
    ],
)
def test_invalid_ranges(sets, arguments, words):
    with pytest.raises(ConfigError, match=words):
        find_lr(trainer(sets), *arguments)
