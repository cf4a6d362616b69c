"""Training that stops when the validation error no longer falls, with the best epoch's weights."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from minires import data, models
from minires.data.parts import validation_part
from minires.errors import CheckpointError, ConfigError
from minires.serialization import safetensors
from minires.training import RunConfig, Trainer
from minires.training.early_stopping import EarlyStopping

CONFIG = RunConfig(epochs=10, batch_size=16, lr=0.1, crop_padding=2, patience=2)
ERRORS = [
    70.0,
    50.0,
    60.0,
    50.0,
    40.0,
]  # the second epoch is the best; the fourth is no better


@pytest.fixture(scope="module")
def sets():
    train, test = data.synthetic(80, 20, seed=3)
    train, val = validation_part(train.resize(8), 0.2)
    return train, test.resize(8), val


class Scripted(Trainer):
    """A Trainer whose validation errors are given in advance."""

    errors: list = ERRORS

    def evaluate(self, loader=None):
        found = super().evaluate(loader)
        return found if loader is None else self.errors[len(self.history)]


def trainer(sets, kind=Scripted, path=None, callbacks=(), **settings):
    train, test, val = sets
    return kind(
        models.resnet(8, width=4, seed=0),
        train,
        test,
        replace(CONFIG, **settings),
        path=path,
        progress=False,
        callbacks=callbacks,
        val_set=val,
    )


def weights(run):
    return {name: array.copy() for name, array in run.model.state_dict().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert np.array_equal(array, other[name]), name


def test_it_stops_after_patience_and_keeps_the_best(sets):
    seen = []
    keep = SimpleNamespace(after_epoch=lambda run, row: seen.append(weights(run)))
    run = trainer(sets, callbacks=[keep])
    history = run.run()
    assert len(history) == 4 and run.finished and run.iteration == 12
    assert run.early_stopping.best == 1
    assert_same(weights(run), seen[1])
    assert any(not np.array_equal(seen[1][name], array) for name, array in seen[3].items())


def test_a_run_that_keeps_improving_is_trained_to_the_end(sets):
    class Better(Scripted):
        errors = [90.0, 80.0, 70.0]

    run = trainer(sets, Better, epochs=3)
    assert len(run.run()) == 3 and run.early_stopping.best == 2


def test_it_uses_the_validation_set_alone(sets):
    """With another test set, the final weights and the validation errors are the same."""
    train, test, val = sets
    other = replace(test, labels=(test.labels + 1) % 10)
    runs = [trainer((train, one, val), Trainer, epochs=6) for one in (test, other)]
    first, second = runs
    assert first.run() != second.run()
    assert_same(weights(first), weights(second))
    assert first.early_stopping.rows == second.early_stopping.rows
    assert any(row["val_error"] > 0 for row in first.early_stopping.rows)


def test_the_error_is_that_of_the_validation_images(sets):
    train, test, val = sets
    run = trainer(sets, Trainer, epochs=1)
    run.run()
    alone = trainer((train, val, test), Trainer, epochs=1)
    assert alone.run()[0]["test_error"] == run.early_stopping.rows[0]["val_error"]


@pytest.mark.parametrize("steps", [3, 7, 9, 12])
def test_an_interrupted_run_goes_on_to_the_same_bits(sets, steps, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    whole = trainer(sets)
    whole.run()

    def press(run):
        if run.iteration == steps - 1:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = trainer(sets, path=path, callbacks=[SimpleNamespace(after_backward=press)])
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    resumed = trainer(sets, path=path)
    resumed.load(path)
    resumed.run()
    assert_same(weights(whole), weights(resumed))
    assert whole.early_stopping.rows == resumed.early_stopping.rows


def test_a_finished_run_is_loaded_with_its_best_weights(sets, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    run = trainer(sets, path=path)
    run.run()
    loaded = trainer(sets)
    loaded.load(path)
    assert loaded.finished
    assert_same(weights(run), weights(loaded))


def test_damage_to_the_kept_weights_is_noticed(sets, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    trainer(sets, path=path).run()

    def change(arrays, state):
        safetensors.write(path, arrays, state)
        with pytest.raises(CheckpointError) as caught:
            trainer(sets).load(path)
        return str(caught.value)

    arrays, state = safetensors.read(path)
    without = {name: array for name, array in arrays.items() if name != "best.fc.weight"}
    assert "the weights of the best epoch: fc.weight" in change(without, state)
    rows = state["validation"]
    assert "validation errors" in change(arrays, {**state, "validation": rows[:-1]})
    wrong = [{**rows[0], "val_error": 101}, *rows[1:]]
    assert "validation errors" in change(arrays, {**state, "validation": wrong})
    other = [{**rows[0], "iteration": 5}, *rows[1:]]
    assert "validation errors" in change(arrays, {**state, "validation": other})


def test_patience_and_a_validation_set_belong_together(sets):
    train, test, val = sets
    net = models.resnet(8, width=4)
    with pytest.raises(ConfigError, match="both or neither, got patience 2 and no val_set"):
        Trainer(net, train, test, CONFIG, progress=False)
    with pytest.raises(ConfigError, match="got patience None and a val_set"):
        Trainer(net, train, test, replace(CONFIG, patience=None), progress=False, val_set=val)


def test_of_equal_errors_the_first_is_the_best():
    stopping, net = EarlyStopping(2), models.resnet(8, width=2)
    for epoch, error in enumerate([30.0, 20.0, 20.0]):
        assert not stopping.stopped
        stopping.add({"iteration": epoch, "epoch": epoch, "val_error": error}, net)
    assert stopping.best == 1 and not stopping.stopped
    stopping.add({"iteration": 3, "epoch": 3, "val_error": 20.0}, net)
    assert stopping.stopped
