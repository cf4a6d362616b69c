"""The degradation experiment, at the smallest size that still has every part of it."""

import os
import signal
from dataclasses import replace

import pytest

from minires import plot
from minires.errors import CheckpointError, ConfigError, DataError
from minires.experiments import degradation, net_folders, training_tables
from minires.experiments.records import read_table
from minires.training import trainer

from ...times import rows_without_times
from ..tiny import tiny_preset

TINY = tiny_preset(iterations=14)


def run(out, config=TINY, depths=(8, 14), **more):
    degradation.run(config, out, depths, progress=False, **more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "finished"
    run(out)
    return out


def tables(out):
    metrics = read_table(out / "metrics.csv", training_tables.METRICS, training_tables.TEXT)
    return rows_without_times(metrics), read_table(
        out / "gradients.csv", training_tables.GRADIENTS, training_tables.TEXT
    )


def test_metrics_have_a_row_for_each_epoch_and_net(finished):
    metrics, _ = tables(finished)
    assert [(row["net"], row["iteration"]) for row in metrics] == [
        (net, iteration)
        for net in ("plain-8", "resnet-8", "plain-14", "resnet-14")
        for iteration in (4, 8, 12, 14)
    ]
    assert (finished / "metrics.csv").read_text().splitlines()[
        0
    ] == "net,seed,iteration,epoch,lr,train_loss,train_error,test_error,seconds,images_per_second"


def test_gradients_of_every_layer_at_the_start_then_regularly(finished):
    _, gradients = tables(finished)
    of_net = [row for row in gradients if row["net"] == "plain-14"]
    assert sorted({row["iteration"] for row in of_net}) == list(
        range(14)
    )  # 0 to 10, then every iterations // 20, here 1
    assert [row["depth"] for row in of_net if row["iteration"] == 0] == list(range(1, 15))
    assert all(
        row["ratio"] == pytest.approx(row["gradient_norm"] / row["weight_norm"], rel=1e-4)
        for row in of_net
    )


def test_twins_start_from_the_same_weights(finished):
    _, gradients = tables(finished)
    first = {
        (row["net"], row["layer"]): row["weight_norm"] for row in gradients if row["iteration"] == 0
    }
    assert all(
        norm == first["resnet-14", layer]
        for (net, layer), norm in first.items()
        if net == "plain-14"
    )


def test_resuming_a_finished_run_changes_nothing(finished):
    before = {
        path: path.read_bytes()
        for path in finished.rglob("*")
        if path.is_file() and path.name != "config.json"
    }
    run(finished, resume=True)
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("stop", [2, 4 + 14])  # in the first net, and in the second
def test_interrupted_and_resumed_writes_the_same_tables(finished, tmp_path, monkeypatch, stop):
    steps, one_step = [0], trainer.Trainer._step

    def step_then_interrupt(trainer):
        one_step(trainer)
        steps[0] += 1
        if steps[0] == stop:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(trainer.Trainer, "_step", step_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    run(tmp_path, resume=True)
    assert tables(tmp_path) == tables(finished)


def test_killed_and_resumed_writes_the_same_tables(finished, tmp_path, monkeypatch):
    """After the kill, tables hold rows beyond the last checkpoint. They are dropped and written
    again."""
    one_step = trainer.Trainer._step

    def step_or_die(trainer):
        if trainer.name.startswith("resnet-8") and trainer.iteration == 6:
            raise MemoryError
        one_step(trainer)

    monkeypatch.setattr(trainer.Trainer, "_step", step_or_die)
    with pytest.raises(MemoryError):
        run(tmp_path)
    monkeypatch.undo()
    run(tmp_path, resume=True)
    assert tables(tmp_path) == tables(finished)


def test_seeds_and_depths_may_be_added(finished, tmp_path):
    run(tmp_path, depths=(8,))
    run(tmp_path, seeds=2, resume=True)
    metrics, _ = tables(tmp_path)
    assert {(row["net"], row["seed"]) for row in metrics} == {
        (f"{family}-{depth}", seed)
        for family in ("plain", "resnet")
        for depth in (8, 14)
        for seed in (0, 1)
    }
    assert [row for row in metrics if row["net"] == "plain-14" and row["seed"] == 0] == [
        row for row in tables(finished)[0] if row["net"] == "plain-14"
    ]


def test_a_damaged_checkpoint_stops_the_resume(finished, tmp_path):
    run(tmp_path, depths=(8,))
    its = net_folders.folder_of(tmp_path, "plain-8", 0) / "checkpoints"
    (its / "plain-8-seed0.safetensors").write_bytes(b"\0damaged")
    with pytest.raises(CheckpointError, match="plain-8, seed 0.*not a whole safetensors file"):
        run(tmp_path, depths=(8,), resume=True)


def test_report(finished):
    text = degradation.report(finished)
    for word in (
        "plain-8",
        "resnet-14",
        "training error",
        "test error",
        "time",
        "Degradation:",
        "Shortcuts:",
        "1 seed",
    ):
        assert word in text


def test_figures_are_redrawn_from_the_tables_alone(finished, tmp_path):
    for name in ("config.json", "metrics.csv", "gradients.csv"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    drawn = degradation.plot(tmp_path)
    assert [path.name for path in drawn] == ["degradation.png", "gradients.png"]
    for path in drawn:
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000
    first = drawn[0].read_bytes()
    degradation.plot(tmp_path)
    assert drawn[0].read_bytes() == first  # same numbers, same picture
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    (tmp_path / "metrics.csv").write_text("\n".join(lines[:-2]) + "\n")
    degradation.plot(tmp_path)
    assert drawn[0].read_bytes() != first


def test_drops_of_the_learning_rate_are_drawn_where_they_happened_or_not_at_all(
    finished, tmp_path, monkeypatch
):
    """A run of 3.5 epochs of which 3 are done: lr was divided at 60 % of the whole; 85 % is epoch
    2.975."""
    for name in ("config.json", "gradients.csv"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    lines, drawn = (finished / "metrics.csv").read_text().splitlines(), []
    monkeypatch.setattr(plot, "save", lambda figure, path: path)
    monkeypatch.setattr(
        plot, "error_curves", lambda metrics, caption, drops, classes: drawn.append(drops)
    )
    for epochs, expected in ((1, []), (3, [2.1, 2.975])):
        (tmp_path / "metrics.csv").write_text("\n".join(lines[: 1 + epochs]) + "\n")
        degradation.plot(tmp_path)
        assert drawn.pop() == pytest.approx(expected)


@pytest.mark.parametrize("content", ["{}", "[]", "nonsense", '{"experiment": "another"}'])
def test_a_settings_file_of_another_program(finished, tmp_path, content):
    for name in ("metrics.csv", "gradients.csv"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(DataError, match="config.json"):
        degradation.plot(tmp_path)


def test_nothing_to_draw_yet(finished, tmp_path):
    (tmp_path / "config.json").write_bytes((finished / "config.json").read_bytes())
    for name in ("metrics.csv", "gradients.csv"):
        (tmp_path / name).write_text((finished / name).read_text().splitlines()[0] + "\n")
    with pytest.raises(DataError, match="nothing to show yet"):
        degradation.plot(tmp_path)


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"depths": (8, 21)}, ConfigError, "got 21; the nearest is 20"),
        ({"seeds": 0}, ConfigError, "seeds: expected a whole number of at least 1, got 0"),
        ({"config": replace(TINY, batch_size=65)}, ConfigError, "at most 64"),
        ({"config": replace(TINY, image_size=7)}, ConfigError, "got 7"),
    ],
)
def test_impossible_settings_leave_no_folder(tmp_path, change, error, words):
    with pytest.raises(error, match=words):
        run(tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


def test_device_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="expected one of cpu, gpu, got 'tpu'"):
        run(tmp_path / "out", replace(TINY, device="tpu"))
    assert not (tmp_path / "out").exists()
