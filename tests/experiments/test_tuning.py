"""Settings for fine-tuning on few pictures in classes of uneven size: patience, class weights,
sizes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from minires import data
from minires.cli import main
from minires.data.parts import validation_part
from minires.distributed import alone
from minires.errors import ConfigError
from minires.experiments import lr_search, single_net, sweep
from minires.experiments.records import read_config, read_table
from minires.experiments.training_sets import load_sets
from minires.experiments.validation_records import VALIDATION, how_it_ended, kept_epoch
from minires.serialization.weights import open_weights
from minires.training import RunConfig

Image = pytest.importorskip("PIL.Image")
TINY = RunConfig.for_data(
    model="resnet-8",
    net={"width": 2},
    image_size=8,
    train_size=80,
    test_size=20,
    batch_size=16,
    epochs=12,
    lr=0.05,
    patience=1,
    val_fraction=0.2,
)
WORDS = (
    "train --model resnet-8 --net width=2 --image-size 8 --train-size 80 --test-size 20 "
    "--batch-size 16 --epochs 3"
).split()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "stopped"
    single_net.run(TINY, out, progress=False)
    return out


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for label, (name, count) in enumerate((("fire", 15), ("water", 5))):
        (folder / name).mkdir()
        for i in range(count):
            pixels = np.random.default_rng(100 * label + i).integers(0, 80, (44, 50, 3), np.uint8)
            pixels[..., 2 * label] += 150
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def of_photographs(folder, **more):
    usual = {
        "model": "resnet-8",
        "net": {"width": 2},
        "dataset": "folder",
        "data": str(folder),
        "image_size": 8,
        "batch_size": 4,
        "epochs": 2,
        "workers": 0,
        "cache": str(folder.parent / "cache"),
    }
    return RunConfig.for_data(**usual | more)


def rows(out):
    return read_table(out / "validation.csv", VALIDATION, ("net",))


def test_the_run_ends_early_and_says_so(stopped):
    found, metrics = rows(stopped), read_table(stopped / "metrics.csv", ("iteration",), ("net",))
    assert len(found) == len(metrics) < 12
    assert found[-1]["val_error"] >= found[-2]["val_error"]
    best = min(found, key=lambda row: row["val_error"])
    report = single_net.report(stopped)
    assert f"stopped after epoch {found[-1]['epoch']:g}: no lower validation error" in report
    assert f"kept are the weights of epoch {best['epoch']:g}" in report
    kept = next(row for row in metrics if row["iteration"] == best["iteration"])
    assert f"test error {kept['test_error']:.1f} %" in report
    assert read_config(stopped)["validation_images"] == 20  # 2 of the 8 of each class


def test_the_evaluation_is_that_of_the_kept_weights(stopped):
    errors = json.loads((stopped / "evaluation.json").read_text())
    metrics = read_table(stopped / "metrics.csv", ("iteration",), ("net",))
    kept = kept_epoch(metrics, rows(stopped))
    assert kept["iteration"] != metrics[-1]["iteration"]
    assert errors["top_1_error_percent"] == pytest.approx(kept["test_error"])


def test_the_test_set_is_whole_and_the_validation_part_is_of_the_training_set():
    train, test = load_sets(TINY)
    whole, other = data.synthetic(80)
    assert np.array_equal(train.images, whole.resize(8).images)
    assert np.array_equal(test.images, other.take(20).resize(8).images)
    rest, part = validation_part(train, 0.2, TINY.seed)
    prepared = single_net.prepare(TINY, None, None, False, alone())
    assert np.array_equal(prepared.train_set.images, rest.images)
    assert np.array_equal(prepared.val_set.images, part.images)


def test_resuming_a_run_that_stopped_changes_nothing(stopped, capsys):
    names = ("validation.csv", "metrics.csv", "evaluation.json", "weights.safetensors")
    before = {name: (stopped / name).read_bytes() for name in names}
    single_net.run(TINY, stopped, resume=True, progress=False)
    assert {name: (stopped / name).read_bytes() for name in names} == before
    assert capsys.readouterr().err == ""


def test_how_a_run_ended():
    found = [{"epoch": e, "iteration": e, "val_error": v} for e, v in ((1, 30), (2, 20), (3, 25))]
    config = {"patience": 1, "validation_images": 1000}
    assert how_it_ended(found, config) == (
        "stopped after epoch 3: no lower validation error in 1 epoch; kept are the weights of "
        "epoch 2, validation error 20.0 % of 1,000 images"
    )
    config["patience"] = 5
    assert how_it_ended(found, config).startswith("trained to the end, epoch 3; kept")


def test_a_figure_shows_the_validation_errors_and_marks_the_lowest(stopped):
    axes = single_net.figures(stopped)["training"].axes[1]
    lines = {line.get_label(): line for line in axes.get_lines()}
    found = [row["val_error"] for row in rows(stopped)]
    assert list(lines["validation"].get_ydata()) == found
    assert list(lines["kept"].get_ydata()) == [min(found)]


def test_a_sweep_reports_the_kept_epochs(tmp_path):
    runs = sweep.configs(TINY, {"lr": [0.05]}, 1)
    sweep.run(runs, tmp_path / "out", progress=False)
    (row,) = read_table(tmp_path / "out/sweep.csv", sweep.RESULTS, ("lr",))
    folder = tmp_path / "out/lr=0.05"
    metrics = read_table(folder / "metrics.csv", ("iteration",), ("net",))
    assert row["test_error"] == kept_epoch(metrics, rows(folder))["test_error"]


def test_a_head_is_stopped_too(photographs, tmp_path):
    single_net.run(of_photographs(photographs), tmp_path / "net", progress=False)
    config = of_photographs(
        photographs,
        weights=str(tmp_path / "net/weights.safetensors"),
        train="head",
        epochs=30,
        patience=2,
        class_weights="balanced",
    )
    single_net.run(config, tmp_path / "head", progress=False)
    assert 2 < len(rows(tmp_path / "head")) <= 30


def test_only_some_classes_under_every_name(tmp_path):
    classes = data.synthetic(10)[0].classes
    config = replace(
        TINY, only=(classes[1], classes[4]), patience=None, val_fraction=None, epochs=1
    )
    single_net.run(config, tmp_path / "out", progress=False)
    assert open_weights(tmp_path / "out/weights.safetensors").classes == [classes[1], classes[4]]
    assert read_config(tmp_path / "out")["training_images"] == 80  # taken after the choice


def test_photographs_tested_at_another_size(photographs, tmp_path):
    """The weights record the preparation of the test, for use."""
    config = of_photographs(photographs, test_image_size=12, patience=5)
    prepared = single_net.prepare(config, None, None, False, alone())
    assert [one.input_shape[0] for one in prepared[2:5]] == [8, 12, 12]
    single_net.run(config, tmp_path / "out", progress=False)
    transform = open_weights(tmp_path / "out/weights.safetensors").transform
    assert (transform["resize"], transform["crop"]) == (14, 12)


def test_photographs_from_their_files(photographs, tmp_path):
    """There is no cache, and the crops differ from those of the smaller copies."""
    runs = {}
    for original in (False, True):
        config = of_photographs(
            photographs, original_pixels=original, cache=str(tmp_path / f"cache-{original}")
        )
        single_net.run(config, tmp_path / f"{original}", progress=False)
        metrics = read_table(tmp_path / f"{original}/metrics.csv", ("train_loss",), ("net",))
        runs[original] = [row["train_loss"] for row in metrics]
    assert (tmp_path / "cache-False").exists() and not (tmp_path / "cache-True").exists()
    assert runs[False] != runs[True]


@pytest.mark.parametrize("name, value", [("test_image_size", 12), ("original_pixels", True)])
def test_settings_for_photographs_only(name, value, tmp_path):
    with pytest.raises(ConfigError, match=f"{name}: is for photographs"):
        single_net.run(replace(TINY, **{name: value}), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_the_learning_rate_command(tmp_path, capsys):
    out = tmp_path / "lr"
    assert main([*WORDS, "--find-lr", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    found = read_table(out / "lr_finder.csv", lr_search.TABLE)
    best = min(found, key=lambda row: row["smoothed_loss"])
    suggestion = float(f"{best['lr'] / 10:.1g}")
    assert f"suggested: --lr {suggestion:g}" in printed
    assert f"drawn: {out / 'lr_finder.png'}" in printed and len(found) > 50
    (out / "lr_finder.png").unlink()
    assert main(["plot", str(out)]) == 0 and (out / "lr_finder.png").stat().st_size > 1000


@pytest.mark.parametrize(
    "words, message",
    [
        (["--find-lr", "--seeds", "2"], "tests the learning rates of one net"),
        (["--find-lr", "--resume"], "one process, without --resume, got --resume"),
        (["--only", "disk"], "two or more"),
        (["--only", "discs", "cross"], "unknown class"),
        (["--class-weights", "1", "2"], "class_weights: numbers: expected 10"),
        (["--class-weights", "even"], "class_weights: expected balanced, or a number above 0"),
        (["--patience", "1", "--train-size", "5", "--batch-size", "1"], "validation part"),
    ],
)
def test_each_error_is_one_line(words, message, tmp_path, capsys):
    assert main([*WORDS, *words, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_lines_of_progress_say_how_long_it_will_take(tmp_path, capsys):
    assert main([*WORDS, "--patience", "9", "--out", str(tmp_path / "out")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "iteration" in line]
    assert len(lines) == 3 and all("validation error" in line for line in lines)
    assert ["left at most" in line for line in lines] == [True, True, False]
