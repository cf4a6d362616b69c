"""Callbacks: called at the right moments, in the order of the list, and refused if a Trainer would
never call them."""

from types import SimpleNamespace

import pytest

from minires import data, models
from minires.errors import ConfigError
from minires.training import Callback, RunConfig, Trainer
from minires.training.callbacks import EVENTS, check_callbacks

CONFIG = RunConfig(iterations=3, batch_size=16, crop_padding=0)


class Log(Callback):
    """Notes each call, and the iteration at which it came."""

    def __init__(self):
        self.seen = []

    def __getattribute__(self, name):
        if name in EVENTS:
            return lambda trainer, *row: self.seen.append(
                (name, trainer.iteration, *(r["epoch"] for r in row))
            )
        return super().__getattribute__(name)


@pytest.fixture(scope="module")
def sets():
    train, test = data.synthetic(32, 20, seed=3)
    return train.resize(8), test.resize(8)


def trainer(sets, callbacks, **more):
    return Trainer(
        models.resnet(8, width=2), *sets, CONFIG, callbacks=callbacks, progress=False, **more
    )


def test_when_each_is_called(sets):
    log = Log()
    trainer(sets, [log]).run()
    assert log.seen == [
        ("before_training", 0),
        ("after_backward", 0),
        ("after_step", 1),
        ("after_backward", 1),
        ("after_step", 2),
        ("after_epoch", 2, 1.0),
        ("after_backward", 2),
        ("after_step", 3),
        ("after_epoch", 3, 1.5),
        ("after_training", 3),
    ]


def test_the_end_is_reported_however_it_comes(sets):
    log = Log()

    def stop(trainer):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        trainer(sets, [log, SimpleNamespace(after_step=stop)]).run()
    assert [event for event, *_ in log.seen] == [
        "before_training",
        "after_backward",
        "after_step",
        "after_training",
    ]


def test_they_are_called_in_order_and_before_the_checkpoint_is_written(sets, tmp_path):
    order = []
    run = trainer(
        sets,
        [
            SimpleNamespace(
                after_epoch=lambda trainer, row, name=name: order.append(
                    (name, trainer.saved_iteration)
                )
            )
            for name in "ab"
        ],
        path=tmp_path / "net.safetensors",
    )
    run.run()
    assert order == [("a", 0), ("b", 0), ("a", 2), ("b", 2)] and run.saved_iteration == 3


def test_the_base_class_does_nothing(sets):
    assert len(trainer(sets, [Callback()]).run()) == 2


@pytest.mark.parametrize(
    "callbacks, words",
    [
        (print, "expected a list of callbacks, got builtin_function_or_method"),
        (
            [print],
            "objects with a method before_training, .* or after_training, got a "
            "builtin_function_or_method with none of them",
        ),
        (Log(), "expected a list of callbacks, got Log"),
        ([SimpleNamespace(after_epochs=print)], "got a SimpleNamespace with none of them"),
        ([SimpleNamespace(after_step=3)], "with none of them"),
    ],
)
def test_callbacks_that_would_never_be_called_are_refused(sets, callbacks, words):
    with pytest.raises(ConfigError, match=words):
        trainer(sets, callbacks)


def test_a_warm_up_for_deep_nets_needs_the_depth(sets):
    with pytest.raises(ConfigError, match="warmup_from_depth.*config.for_depth"):
        Trainer(
            models.resnet(8, width=2),
            *sets,
            RunConfig(iterations=3, warmup=2, warmup_from_depth=110),
            progress=False,
        )


def test_a_class_is_not_a_callback():
    with pytest.raises(
        ConfigError, match=r"expected objects, got the class Callback; make one: Callback\(\)"
    ):
        check_callbacks([Callback])
