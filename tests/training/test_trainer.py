"""The training loop: what it records, that it resumes to the same bits, and how it stops after an
error."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from minires import Tensor, data, functional, models, optim, save
from minires.errors import CheckpointError, ConfigError, DivergenceError
from minires.serialization import safetensors
from minires.training import RunConfig, Trainer
from minires.training.divergence import first_nonfinite

from ..times import rows_without_times

CONFIG = RunConfig(
    iterations=10, batch_size=16, lr=0.1, milestones=(6, 8), warmup=2, crop_padding=2, nesterov=True
)


def trainer(sets, path=None, config=CONFIG, seed=0, **more):
    return Trainer(
        models.resnet(8, width=4, seed=seed),
        *sets,
        replace(config, seed=seed),
        path=path,
        progress=False,
        **more,
    )


def on(**methods):
    """A callback with these methods."""
    return [SimpleNamespace(**methods)]


def weights(trainer):
    return {name: array.copy() for name, array in trainer.model.state_dict().items()}


def assert_same_state(a, b):
    """To the bit: weights, running statistics, velocities, random streams, and the history without
    its times."""
    for name, array in weights(a).items():
        assert np.array_equal(array, weights(b)[name]), name
    assert len(a.optimizer.velocities) == len(b.optimizer.velocities)
    assert all(map(np.array_equal, a.optimizer.velocities, b.optimizer.velocities))
    assert a.train_loader.shuffle.bit_generator.state == b.train_loader.shuffle.bit_generator.state
    assert a.train_loader.augment.bit_generator.state == b.train_loader.augment.bit_generator.state
    assert rows_without_times(a.history) == rows_without_times(b.history)


def interrupt_after(steps):
    """Ctrl-C in the middle of a step, when gradients are there and weights have not moved yet."""

    def press(trainer):
        if trainer.iteration == steps - 1:
            os.kill(os.getpid(), signal.SIGINT)

    return on(after_backward=press)


def test_one_row_an_epoch(sets):
    run = trainer(sets)
    history = run.run()
    assert [row["iteration"] for row in history] == [
        4,
        8,
        10,
    ]  # 64 images in batches of 16, then the rest
    assert [row["epoch"] for row in history] == [1, 2, 2.5]
    assert history[0]["lr"] == pytest.approx(0.1) and history[-1]["lr"] == pytest.approx(0.001)
    for row in history:
        assert 0 <= row["train_error"] <= 100 and 0 <= row["test_error"] <= 100
        assert row["train_loss"] > 0 and row["images_per_second"] > 0
    assert history[0]["seconds"] < history[-1]["seconds"]
    assert run.finished


def test_it_learns(sets):
    history = trainer(
        sets, config=RunConfig(iterations=120, batch_size=32, lr=0.1, milestones=(), crop_padding=0)
    ).run()
    assert history[-1]["train_loss"] < 0.6 * history[0]["train_loss"]


def test_the_training_error_counts_each_batch_before_its_step(sets):
    met = []
    run = trainer(
        sets,
        config=RunConfig(
            iterations=4, batch_size=16, lr=1e-9, milestones=(), crop_padding=0, flip=False
        ),
    )
    forward = run.model.forward

    def spy(x):
        y = forward(x)
        if run.model.training:
            met.append(y.data.argmax(axis=1))
        return y

    run.model.forward = spy
    labels = sets[0].labels[run.train_loader.permutation]
    history = run.run()
    assert history[0]["train_error"] == pytest.approx(100 * np.mean(np.concatenate(met) != labels))


def test_everything_stays_float32(sets):
    run = trainer(
        sets,
        config=RunConfig(
            iterations=3,
            batch_size=16,
            clip_norm=1.0,
            warmup=2,
            nesterov=True,
            decay_batch_norm=False,
        ),
    )
    run.run()
    arrays = [
        *run.model.state_dict().values(),
        *run.optimizer.velocities,
        *(p.grad for p in run.model.parameters()),
    ]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_same_seed_same_bits_other_seed_other(sets):
    first, again, other = trainer(sets), trainer(sets), trainer(sets, seed=1)
    for run in (first, again, other):
        run.run()
    assert_same_state(first, again)
    assert not np.array_equal(weights(first)["conv1.weight"], weights(other)["conv1.weight"])


@pytest.mark.parametrize("steps", [1, 4, 6, 10])  # within an epoch, at its end, at the very end
def test_interrupted_and_resumed_ends_in_the_same_bits(sets, tmp_path, steps):
    whole = trainer(sets)
    whole.run()

    path, handler = tmp_path / "net.safetensors", signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trainer(sets, path, callbacks=interrupt_after(steps)).run()
    assert signal.getsignal(signal.SIGINT) is handler  # restored

    resumed = trainer(sets, path)
    resumed.load(path)
    assert resumed.iteration == steps
    resumed.run()
    assert_same_state(whole, resumed)


def test_checkpoint_of_each_epoch_and_of_the_start(sets, tmp_path):
    path, seen = tmp_path / "net.safetensors", []
    trainer(
        sets,
        path,
        callbacks=on(after_backward=lambda t: seen.append(safetensors.read(path)[1]["iteration"])),
    ).run()
    assert seen == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]
    assert safetensors.read(path)[1]["iteration"] == 10


def test_resume_with_other_settings_names_them(sets, tmp_path):
    path = tmp_path / "net.safetensors"
    trainer(sets, path).run()
    with pytest.raises(CheckpointError, match=r"lr 0.1 -> 0.2.*seed 0 -> 1"):
        trainer(sets, seed=1, config=replace(CONFIG, lr=0.2)).load(path)


def test_resume_of_another_net_changes_nothing(sets, tmp_path):
    path = tmp_path / "net.safetensors"
    trainer(sets, path).run()
    other = Trainer(models.resnet(14, width=4), *sets, CONFIG, progress=False)
    before = weights(other)
    with pytest.raises(CheckpointError, match="a checkpoint of another net: .*depth 8 -> 14"):
        other.load(path)
    assert all(np.array_equal(array, weights(other)[name]) for name, array in before.items())


def test_truncated_checkpoint_is_one_clear_line(sets, tmp_path):
    path = tmp_path / "net.safetensors"
    trainer(sets, path).run()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        CheckpointError, match="net.safetensors: not a whole safetensors file"
    ) as error:
        trainer(sets).load(path)
    assert "\n" not in str(error.value)


def test_a_file_of_weights_is_not_a_training_checkpoint(sets, tmp_path):
    save(models.resnet(8, width=4), tmp_path / "weights.safetensors")
    with pytest.raises(CheckpointError, match="not a checkpoint of a training run"):
        trainer(sets).load(tmp_path / "weights.safetensors")


def test_divergence_says_when_and_where_and_keeps_the_last_good_checkpoint(sets, tmp_path):
    path = tmp_path / "net.safetensors"

    def poison(trainer):
        if trainer.iteration == 6:
            trainer.model.layer2[0].conv2.weight.grad[0, 0, 0, 0] = np.nan

    with pytest.raises(
        DivergenceError,
        match=r"loss is nan at iteration 7 \(lr 0.01\); first non-finite value: parameter "
        r"layer2.0.conv2.weight",
    ):
        trainer(sets, path, callbacks=on(after_backward=poison)).run()
    arrays, state = safetensors.read(path)
    assert state["iteration"] == 4 and all(np.isfinite(array).all() for array in arrays.values())


def test_the_first_nonfinite_layer_is_named(sets):
    net = models.plain(8, width=4)
    net.layer2[0].bn1.bias.data[:] = 3e38  # finite, but its sum is not
    images = np.ones((2, 8, 8, 3), np.float32)
    assert "layer2.0.conv2 (Conv2d)" in first_nonfinite(net, images)


def test_gradient_clipping_bounds_the_step(sets):
    norms = []
    run = trainer(
        sets,
        config=RunConfig(
            iterations=1,
            batch_size=16,
            lr=1.0,
            momentum=0.0,
            weight_decay=0.0,
            clip_norm=1e-3,
            drops=(),
        ),
    )
    before = weights(run)
    run.run()
    for name, p in run.model.named_parameters():
        norms.append(np.linalg.norm(p.data - before[name]))
    assert np.linalg.norm(norms) == pytest.approx(1e-3, rel=1e-3)


def test_no_decay_on_batch_norm(sets):
    run = trainer(
        sets,
        config=RunConfig(iterations=1, batch_size=16, decay_batch_norm=False, weight_decay=0.5),
    )
    assert {p.ndim > 1: d for p, d in zip(run.optimizer.params, run.optimizer.decays)} == {
        True: 0.5,
        False: 0.0,
    }


def test_batch_larger_than_the_set(sets):
    with pytest.raises(
        ConfigError, match="a batch larger than the training set: expected at most 64, got 65"
    ):
        trainer(sets, config=RunConfig(batch_size=65))


def test_a_line_an_epoch_where_there_is_no_terminal(sets, capsys):
    Trainer(models.resnet(8, width=4), *sets, CONFIG, name="net, seed 0").run()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("net, seed 0: iteration 4/10, loss ")


# The net's own random streams, and callbacks after each step


def stochastic(sets, path=None, survival_prob=0.5, **more):
    net = models.resnet(14, width=4, seed=0, survival_prob=survival_prob)
    return Trainer(net, *sets, CONFIG, path=path, progress=False, **more)


@pytest.mark.parametrize("steps", [1, 4, 6, 10])
def test_stochastic_depth_interrupted_and_resumed_ends_in_the_same_bits(sets, tmp_path, steps):
    """The stream that decides which blocks are left out goes on where it stopped."""
    whole, path = stochastic(sets), tmp_path / "net.safetensors"
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        stochastic(sets, path, callbacks=interrupt_after(steps)).run()
    resumed = stochastic(sets, path)
    resumed.load(path)
    resumed.run()
    assert_same_state(whole, resumed)
    (_, one), (_, other) = (*whole.model.named_generators(), *resumed.model.named_generators())
    assert one.bit_generator.state == other.bit_generator.state


def test_a_checkpoint_with_the_old_name_of_the_random_stream(sets, tmp_path):
    """Before stochastic depth was a module of its own, the generator belonged to the block."""
    whole, path = stochastic(sets), tmp_path / "net.safetensors"
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        stochastic(sets, path, callbacks=interrupt_after(6)).run()
    arrays, state = safetensors.read(path)
    ((name, generator),) = state["generators"].items()
    state["generators"] = {name.replace(".stochastic_depth", ""): generator}
    assert list(state["generators"]) == ["layer1.0.random"]
    safetensors.write(path, arrays, state)
    resumed = stochastic(sets, path)
    resumed.load(path)
    resumed.run()
    assert_same_state(whole, resumed)


def test_resume_with_other_random_streams_changes_nothing(sets, tmp_path):
    path = tmp_path / "net.safetensors"
    stochastic(sets, path).run()
    other = stochastic(sets, survival_prob=1.0)
    before = weights(other)
    with pytest.raises(
        CheckpointError,
        match="random streams of the net: expected none, got those of "
        "layer1.0.stochastic_depth.random; is it the same net",
    ):
        other.load(path)
    assert all(np.array_equal(array, weights(other)[name]) for name, array in before.items())

    stochastic(sets, path, survival_prob=1.0).run()
    with pytest.raises(
        CheckpointError, match="expected those of layer1.0.stochastic_depth.random, got none"
    ):
        stochastic(sets).load(path)


def test_a_checkpoint_from_before_nets_had_random_streams(sets, tmp_path):
    whole, path = trainer(sets), tmp_path / "net.safetensors"
    whole.run()
    whole.save(path)
    arrays, state = safetensors.read(path)
    del state["generators"]
    safetensors.write(path, arrays, state)
    loaded = trainer(sets)
    loaded.load(path)
    assert_same_state(whole, loaded)


def test_after_step_sees_the_weights_moved(sets):
    seen, before = [], []
    run = trainer(
        sets,
        callbacks=on(
            after_backward=lambda t: before.append((t.iteration, t.model.fc.weight.data.copy())),
            after_step=lambda t: seen.append((t.iteration, t.model.fc.weight.data.copy())),
        ),
    )
    run.run()
    assert [iteration for iteration, _ in before] == list(range(10)) and [
        iteration for iteration, _ in seen
    ] == list(range(1, 11))
    assert all(not np.array_equal(a, b) for (_, a), (_, b) in zip(before, seen))
    assert np.array_equal(seen[-1][1], run.model.fc.weight.data)
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(seen, before[1:]))


def test_norms_kept_through_a_run_that_is_resumed(sets, tmp_path):
    def start(path=None, callbacks=()):
        net = models.plain(8, width=4)
        return Trainer(
            net,
            *sets,
            CONFIG,
            path=path,
            progress=False,
            callbacks=[optim.KeepNorms(net), *callbacks],
        )

    whole, path, fresh = start(), tmp_path / "net.safetensors", models.plain(8, width=4)
    whole.run()
    for name, array in weights(whole).items():
        if "conv" in name:
            assert np.linalg.norm(array) == pytest.approx(
                np.linalg.norm(fresh.state_dict()[name]), rel=1e-6
            ), name
    with pytest.raises(KeyboardInterrupt):
        start(path, callbacks=interrupt_after(6)).run()
    resumed = start(path)
    resumed.load(path)
    resumed.run()
    assert_same_state(whole, resumed)


def test_a_checkpoint_from_before_a_setting_existed_is_resumed(sets, tmp_path):
    """It was trained with today's default."""
    path = tmp_path / "net.safetensors"
    trainer(sets, path).run()
    arrays, state = safetensors.read(path)
    for new in ("schedule", "label_smoothing", "crop_scale"):
        del state["recipe"][new]
    safetensors.write(path, arrays, state)
    trainer(sets).load(path)
    with pytest.raises(CheckpointError, match="label_smoothing 0.0 -> 0.1"):
        trainer(sets, config=replace(CONFIG, label_smoothing=0.1)).load(path)


@pytest.mark.parametrize(
    "config, saved",
    [
        (replace(CONFIG, schedule="cosine", milestones=None), [6, 32_000]),
        (replace(CONFIG, drops=(), milestones=None), [32_000]),
        (replace(CONFIG, milestones=(6, 8, 20)), [6, 8, 10]),
    ],
    ids=["cosine", "no drop", "beyond the end"],
)
def test_milestones_that_never_come_do_not_prevent_a_resume(sets, tmp_path, config, saved):
    """Earlier checkpoints held the paper's milestones, whatever the schedule and the length of the
    run."""
    path = tmp_path / "net.safetensors"
    trainer(sets, path, config).run()
    arrays, state = safetensors.read(path)
    state["recipe"]["milestones"] = saved
    safetensors.write(path, arrays, state)
    trainer(sets, config=config).load(path)
    with pytest.raises(CheckpointError, match="milestones"):
        trainer(sets, config=replace(config, schedule="steps", milestones=(3,))).load(path)


def test_the_fields_of_a_checkpoint(sets, tmp_path):
    path = tmp_path / "net.safetensors"
    trainer(sets, path).run()
    _, state = safetensors.read(path)
    assert list(state) == [
        "recipe",
        "seed",
        "iteration",
        "history",
        "epoch_sums",
        "seconds",
        "batches",
        "schedule",
        "generators",
        "net",
    ]
    assert state["recipe"] == {
        "iterations": 10,
        "batch_size": 16,
        "lr": 0.1,
        "schedule": "steps",
        "milestones": [6, 8],
        "warmup": 2,
        "optimizer": "sgd",
        "muon_lr_scale": 0.2,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 1e-4,
        "decay_batch_norm": True,
        "scalar_lr_scale": 1.0,
        "clip_norm": None,
        "label_smoothing": 0.0,
        "crop_padding": 2,
        "crop_scale": None,
        "flip": True,
    }


def test_a_cosine_schedule_ends_at_zero_and_resumes_to_the_same_bits(sets, tmp_path):
    config = replace(CONFIG, schedule="cosine", milestones=())
    whole = trainer(sets, config=config)
    history = whole.run()
    assert history[0]["lr"] > history[1]["lr"] > history[2]["lr"] > 0 and whole.optimizer.lr == 0
    path = tmp_path / "net.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trainer(sets, path, config, callbacks=interrupt_after(5)).run()
    resumed = trainer(sets, path, config)
    resumed.load(path)
    resumed.run()
    assert_same_state(whole, resumed)


def test_unknown_schedule(sets):
    with pytest.raises(ConfigError, match="did you mean 'cosine'"):
        trainer(sets, config=replace(CONFIG, schedule="cosin"))


def test_label_smoothing_is_in_the_loss(sets):
    """In the loss of the first batch, before weights have moved."""

    def first(smoothing):
        return trainer(
            sets,
            config=replace(CONFIG, label_smoothing=smoothing, iterations=1, milestones=()),
        )

    images, labels = next(first(0.5).train_loader)
    logits = first(0.5).model(Tensor(images))
    expected = functional.cross_entropy(logits, labels, label_smoothing=0.5).item()
    assert (
        first(0.5).run()[0]["train_loss"]
        == pytest.approx(expected)
        != pytest.approx(first(0.0).run()[0]["train_loss"])
    )


def test_a_run_on_photographs_resumes_to_the_same_bits(tmp_path):
    """Although the workers had prepared batches that the interrupted run did not use."""
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(9):
            Image.fromarray(rng.integers(0, 256, (12 + i, 14, 3), np.uint8)).save(
                tmp_path / "photos" / name / f"{i}.png"
            )
    sets = data.image_folder(
        tmp_path / "photos", size=8, workers=1, cache=tmp_path / "cache", progress=False
    )
    config = RunConfig(
        iterations=9, batch_size=4, lr=0.01, schedule="cosine", crop_padding=0, crop_scale=0.2
    )
    whole = trainer(sets, config=config)
    whole.run()
    path = tmp_path / "net.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trainer(sets, path, config, callbacks=interrupt_after(5)).run()
    resumed = trainer(sets, path, config)
    resumed.load(path)
    assert resumed.iteration == 5
    resumed.run()
    assert_same_state(whole, resumed)


def test_ctrl_c_in_the_record_of_the_last_epoch_also_stops_the_program(sets, tmp_path):
    stopped = trainer(sets, tmp_path / "a", callbacks=on(after_epoch=interrupt_at(10)))
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    assert stopped.finished
    stopped.evaluate()  # returns normally: the interrupt belonged to the run


def interrupt_at(iteration):
    def after_epoch(trainer, row):
        if trainer.iteration == iteration:
            os.kill(os.getpid(), signal.SIGINT)

    return after_epoch


def test_time_counts_only_while_it_trains(sets):
    one = trainer(sets)
    one.run()
    seconds = one.seconds()
    assert seconds > 0 and one.seconds() == seconds


def test_a_callback_that_fails_at_the_start_ends_like_any_other(sets):
    def fail(trainer):
        raise RuntimeError("no disk")

    ended = []
    callbacks = on(before_training=fail, after_training=ended.append)
    with pytest.raises(RuntimeError):
        trainer(sets, callbacks=callbacks).run()
    assert len(ended) == 1


@pytest.mark.parametrize(
    "other, words",
    [
        (lambda sets: models.plain(8, width=4), "another net.*shortcut A -> None"),
        (lambda sets: models.resnet(8, width=2), "another net.*width 4 -> 2"),
    ],
)
def test_a_checkpoint_of_another_net_changes_nothing(sets, tmp_path, other, words):
    trainer(sets, tmp_path / "net").run()
    one = Trainer(other(sets), *sets, CONFIG, progress=False)
    before, order = weights(one), one.train_loader.state_dict()
    with pytest.raises(CheckpointError, match=words):
        one.load(tmp_path / "net")
    assert all(np.array_equal(array, before[name]) for name, array in weights(one).items())
    assert np.array_equal(one.train_loader.state_dict()["permutation"], order["permutation"])


def test_a_checkpoint_of_another_data_set_changes_nothing(sets, tmp_path):
    trainer(sets, tmp_path / "net").run()
    one = trainer((sets[0].take(48), sets[1]))
    before = weights(one)
    with pytest.raises(CheckpointError, match="does not fit this data set"):
        one.load(tmp_path / "net")
    assert all(np.array_equal(array, before[name]) for name, array in weights(one).items())


def test_arrays_are_not_a_data_set():
    """It was an AttributeError of an array without classes."""
    net, arrays = models.resnet(8, width=2), np.ones(3)
    with pytest.raises(ConfigError, match="Trainer: train_set: this is no data set: .* ndarray"):
        Trainer(net, arrays, arrays, RunConfig(iterations=1))
