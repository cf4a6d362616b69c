"""Every kind of folder of a run is read, and for other folders one line says what is wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from minires.errors import ConfigError, DataError
from minires.experiments import explorer, sweep
from minires.training.config import RunConfig

from . import made_up

RESULTS = Path(__file__).parents[3] / "results"


def trained(run):
    return [(one.net, one.seed) for one in run.trainings]


def change(folder, **settings):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_a_run_of_degradation(tmp_path):
    run = explorer.read(made_up.degradation(tmp_path / "run"))
    nets = ["plain-8", "resnet-8", "plain-14", "resnet-14"]
    assert trained(run) == [(net, seed) for seed in (0, 1) for net in nets]
    deep = run.trainings[2]
    assert [row["train_error"] for row in deep.metrics] == [
        made_up.error("plain-14", 0, epoch, "train") for epoch in (1, 2, 3)
    ]
    assert len(deep.gradients) == 4 * 14 and run.notes == [] and run.kind == "degradation"
    assert run.caption == "synthetic, 80 images, 8x8 pixels, batch 16, lr 0.1, 15 steps, width 2"


def test_the_recorded_runs():
    for name, nets in (("degradation-quick-cifar10", 12), ("degradation-quick-synthetic", 12)):
        run = explorer.read(RESULTS / name)
        assert len(run.trainings) == nets and run.notes == []
    run = explorer.read(RESULTS / "sweep-small" / "base")
    assert trained(run) == [("resnet-20", 0), ("resnet-56", 0)]
    assert "no gradients.csv" in run.notes[0]


def test_one_net_of_a_run(tmp_path):
    """In nets/plain-8/seed0, where the settings name the net."""
    made_up.degradation(tmp_path)
    for name in ("metrics", "gradients", "updates"):
        lines = (tmp_path / f"{name}.csv").read_text().splitlines()
        own = [line for line in lines if line.startswith(("net,", "plain-8,0,"))]
        (tmp_path / f"{name}.csv").write_text("\n".join(own) + "\n")
    config = json.loads((tmp_path / "config.json").read_text())
    del config["depths"], config["seeds"]
    (tmp_path / "config.json").write_text(json.dumps(config | {"model": "plain-8", "seed": 0}))
    assert trained(explorer.read(tmp_path)) == [("plain-8", 0)]


def test_a_run_of_one_net(tmp_path):
    run = explorer.read(made_up.single(tmp_path / "run", "resnet-14", 7))
    assert trained(run) == [("resnet-14", 7)] and run.kind == "single net"


def test_the_runs_of_a_sweep_are_named_after_their_differences(tmp_path):
    names = [f"model={net},lr={lr},seed={seed}" for net in ("plain-8", "resnet-8")
             for lr in (0.1, 0.2) for seed in (0, 1)]  # fmt: skip
    run = explorer.read(made_up.sweep(tmp_path / "run", names))
    assert trained(run)[:3] == [("plain-8, lr 0.1", 0), ("plain-8, lr 0.1", 1),
                                ("plain-8, lr 0.2", 0)]  # fmt: skip
    only_seeds = explorer.read(made_up.sweep(tmp_path / "seeds", ["seed=0", "seed=1"]))
    assert trained(only_seeds) == [("resnet-8", 0), ("resnet-8", 1)]


def test_a_sweep_that_minires_has_trained(tmp_path):
    config = RunConfig(
        model="resnet-8",
        net={"width": 2},
        image_size=8,
        train_size=32,
        test_size=16,
        batch_size=16,
        iterations=4,
        crop_padding=0,
    )
    sweep.run(sweep.configs(config, {"lr": [0.1, 0.2]}), tmp_path / "run", progress=False)
    run = explorer.read(tmp_path / "run")
    assert trained(run) == [("lr 0.1", 0), ("lr 0.2", 0)] and run.notes == []
    assert run.trainings[1].gradients[0]["layer"] == "conv1"
    assert trained(explorer.read(tmp_path / "run" / "lr=0.2")) == [("resnet-8", 0)]


def test_a_pooled_run_says_so(tmp_path):
    made_up.degradation(tmp_path)
    change(tmp_path, sources=[{"folder": "a"}, {"folder": "b"}])
    assert explorer.read(tmp_path).pooled == 2


def test_a_run_that_is_still_going_on(tmp_path):
    out = made_up.degradation(tmp_path / "run", depths=(8,), done=2)
    lines = (out / "metrics.csv").read_text().splitlines()
    left = [line for line in lines if not line.startswith("resnet-8,1,")]
    # an incomplete last line
    (out / "metrics.csv").write_text("\n".join(left) + "\nresnet-8,1,5,1,0.1,2")
    run = explorer.read(out)
    assert trained(run) == [("plain-8", 0), ("resnet-8", 0), ("plain-8", 1)]
    assert run.notes == [
        "Still going on when this was read: plain-8 seed 0 (at step 10 of 15), resnet-8 seed 0 "
        "(at step 10 of 15), plain-8 seed 1 (at step 10 of 15), resnet-8 seed 1 (no epoch yet)."
    ]


def test_a_sweep_that_is_still_going_on(tmp_path):
    names = [f"lr=0.{i}" for i in range(1, 8)]
    run = explorer.read(made_up.sweep(tmp_path / "run", names, begun=names[:1], done=1))
    assert run.notes[0].startswith(
        "Still going on when this was read: lr 0.1 seed 0 (at step 5 of 15), lr=0.2 (not begun), "
    )
    assert run.notes[0].endswith(", and 3 more.")


def test_a_run_that_was_stopped_early_is_finished(tmp_path):
    out = made_up.single(tmp_path / "run", done=2, patience=1, val_fraction=0.1)
    assert len(explorer.read(out).notes) == 1
    (out / "evaluation.json").write_text("{}")
    assert explorer.read(out).notes == []


@pytest.mark.parametrize("missing", [None, "empty", "notes.txt"])
def test_a_folder_that_is_not_a_run(missing, tmp_path):
    folder = tmp_path / "folder"
    if missing is not None:
        folder.mkdir()
    if missing == "notes.txt":
        (folder / missing).write_text("hello")
    with pytest.raises(
        DataError, match=r"folder: not a run: expected the output folder of a run \(its --out\)"
    ):
        explorer.read(folder)


@pytest.mark.parametrize(("name", "kind"), [("claims", "claims"), ("public-weights", "diagnose")])
def test_a_kind_of_run_without_error_curves(name, kind):
    words = f"no error curves in this kind of run: .*got '{kind}'; minires plot draws it"
    with pytest.raises(ConfigError, match=words):
        explorer.read(RESULTS / name)


def test_settings_that_name_no_experiment(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="got a config.json without the name of an experiment"):
        explorer.read(tmp_path)


def test_a_run_without_an_epoch(tmp_path):
    with pytest.raises(DataError, match="nothing to show yet: expected at least one finished"):
        explorer.read(made_up.degradation(tmp_path / "run", done=0))
    with pytest.raises(DataError, match="nothing to show yet"):
        explorer.read(made_up.sweep(tmp_path / "sweep", ["lr=0.1"], begun=[]))


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ("metrics", "plain-8,0,5,1,0.1,2,high,80,1,1", "train_error: expected a number, got 'hi"),
        ("metrics", "plain-8,0,5,1,0.1,2,180,80,1,1", "expected a number from 0 to 100, got 180"),
        ("metrics", "plain-8,0", "wrong number of entries"),
        ("metrics", "plain-32,0,5,1,0.1,2,80,80,1,1", "a row of another net"),
        ("gradients", "plain-8,0,0,conv1,0,1,1,1", "depth: expected a whole number of at least 1"),
    ],
)
def test_a_damaged_table(table, line, words, tmp_path):
    made_up.degradation(tmp_path)
    with open(tmp_path / f"{table}.csv", "a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=words) as raised:
        explorer.read(tmp_path)
    assert "\n" not in str(raised.value) and f"{table}.csv" in str(raised.value)


@pytest.mark.parametrize("name", ["../other", "..", "a\\b"])
def test_a_sweep_cannot_name_a_folder_outside_of_its_own(name, tmp_path):
    made_up.single(tmp_path / "other")
    run = made_up.sweep(tmp_path / "run", ["lr=0.1"])
    change(run, runs=[name])
    with pytest.raises(DataError, match="runs: expected names of folders"):
        explorer.read(run)


def test_a_missing_table_of_metrics(tmp_path):
    out = made_up.single(tmp_path / "run")
    (out / "metrics.csv").unlink()
    with pytest.raises(DataError, match="no such file"):
        explorer.read(out)


def test_the_same_folder_twice(tmp_path):
    out = made_up.single(tmp_path / "run")
    with pytest.raises(ConfigError, match="the same folder twice"):
        explorer.write([out, tmp_path / "." / "run"], tmp_path / "x.html")
    copy = shutil.copytree(out, tmp_path / "copy")
    explorer.write([out, copy], tmp_path / "x.html")


def test_a_single_folder_is_no_list(tmp_path):
    folder = made_up.degradation(tmp_path / "a")
    for one in (folder, str(folder)):
        with pytest.raises(ConfigError, match="explore: folders: expected a list of paths"):
            explorer.write(one, tmp_path / "x.html")


def test_made_up_runs_have_the_settings_of_real_ones():
    """Otherwise these tests would read something that no run writes."""
    known = set(vars(replace(RunConfig())))
    assert {*made_up.BASE} - known == {"dataset_name"}
