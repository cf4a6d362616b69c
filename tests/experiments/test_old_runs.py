"""Runs, settings and records of earlier versions are read, and interrupted runs go on to the same
end.

The fixtures were written by the version before nets were called ``resnet-20`` in tables (they were
``residual-20``). Two runs were interrupted; ``runs-expected.json`` holds the metrics of the same
runs without an interruption.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from minires import models
from minires.cli import main
from minires.errors import ConfigError, DataError
from minires.experiments import degradation, net_folders, single_net
from minires.experiments.claims.frame import laboratory
from minires.experiments.records import RunFolder, read_config, read_table
from minires.experiments.training_tables import METRICS, TEXT
from minires.serialization.old_names import current_net, previous_net
from minires.training import RunConfig, Trainer
from minires.training.settings_file import read_settings

from ..times import rows_without_times
from .tiny import tiny_preset

OLD = Path(__file__).parents[1] / "fixtures" / "old"
SMALL = tiny_preset(epochs=4, drops=(0.5, 0.75), crop_padding=1)
DEGRADATION = replace(SMALL, warmup=3, warmup_from_depth=110)
SINGLE = RunConfig.for_data(
    model="resnet-8",
    train_size=64,
    test_size=20,
    image_size=8,
    epochs=4,
    batch_size=16,
    net={"width": 2, "survival_prob": 0.5},
    crop_padding=1,
    warmup=3,
    nesterov=True,
    clip_norm=1.0,
    seed=2,
)


@pytest.fixture
def old(tmp_path):
    """A copy of an old run, to go on with."""
    return lambda name: Path(shutil.copytree(OLD / name, tmp_path / name))


def metrics(path):
    return rows_without_times(read_table(path, METRICS, TEXT))


def expected(name, tmp_path):
    """The metrics of the uninterrupted run. Bits differ between machines."""
    path = tmp_path / f"{name}-expected.csv"
    path.write_text(json.loads((OLD / "runs-expected.json").read_text())[name])
    return [
        {
            key: value if key in TEXT else pytest.approx(value, rel=1e-4)
            for key, value in row.items()
        }
        for row in metrics(path)
    ]


def test_a_run_of_one_net_goes_on(old, tmp_path):
    out = old("single-net")
    assert len(metrics(out / "metrics.csv")) == 1
    single_net.run(SINGLE, out, resume=True, progress=False)
    assert metrics(out / "metrics.csv") == expected("single-net", tmp_path)
    config = json.loads((out / "config.json").read_text())
    assert config["experiment"] == "single net" and config["net"] == {
        "width": 2,
        "survival_prob": 0.5,
    }


@pytest.mark.parametrize(
    "change, words",
    [
        ({"nesterov": False}, "nesterov True -> False"),
        ({"net": {"width": 2}}, "net.survival_prob 0.5 -> None"),
        ({"scalar_lr_scale": 0.1}, "scalar_lr_scale 1 -> 0.1"),
        ({"milestones": (3,)}, "milestones None -> "),
    ],
)
def test_a_run_of_one_net_does_not_go_on_with_other_settings(old, change, words):
    with pytest.raises(ConfigError, match=words):
        single_net.run(replace(SINGLE, **change), old("single-net"), resume=True, progress=False)


def test_a_run_of_the_degradation_experiment_goes_on_under_new_names(old, tmp_path):
    out = old("degradation")
    done = metrics(out / "metrics.csv")
    assert {row["net"] for row in done} == {"plain-8", "resnet-8", "plain-14"}
    degradation.run(DEGRADATION, out, (8, 14), resume=True, progress=False)
    found = metrics(out / "metrics.csv")
    assert found == expected("degradation", tmp_path) and found[: len(done)] == done
    assert "residual" not in (out / "metrics.csv").read_text() + (out / "gradients.csv").read_text()
    assert not (out / "checkpoints").exists()
    for net in (f"{family}-{depth}" for family in ("plain", "resnet") for depth in (8, 14)):
        its = net_folders.folder_of(out, net, 0) / "checkpoints"
        assert [path.name for path in its.iterdir()] == [f"{net}-seed0.safetensors"]


def test_the_degradation_experiment_does_not_go_on_with_other_settings(old):
    out = old("degradation")
    for change, words in (
        ({"warmup": 4}, "warmup 3 -> 4"),
        ({"net": {"width": 3}}, "net.width 2 -> 3"),
        ({"momentum": 0.5}, "momentum 0.9 -> 0.5"),
    ):
        with pytest.raises(ConfigError, match=words):
            degradation.run(
                replace(DEGRADATION, **change), out, (8, 14), resume=True, progress=False
            )


def test_old_runs_are_reported_and_drawn(old, capsys):
    out = old("degradation")
    shutil.rmtree(out / "checkpoints")
    report = degradation.report(out)
    assert "resnet-8" in report and "residual" not in report
    assert main(["plot", str(out)]) == 0 and main(["plot", str(old("single-net"))]) == 0
    assert "training.png" in capsys.readouterr().out


def test_nets_of_the_claims_are_found_again(old, tmp_path, monkeypatch):
    """Under the new names of the folder and the net, without training again."""
    monkeypatch.setattr(Trainer, "run", lambda self: pytest.fail("it was trained again"))
    place = laboratory.Laboratory(
        old("claims"), preset=replace(SMALL, epochs=2, crop_padding=0), progress=False
    )
    assert (
        place.trained("resnet-20", 0).num_parameters()
        == models.resnet(20, width=2).num_parameters()
    )
    assert {
        row["net"] for row in place.metrics("resnet-20", 0) + place.gradients("resnet-20", 0)
    } == {"resnet-20"}
    (folder,) = (place.out / "nets").iterdir()
    assert folder.name == "resnet-20" and metrics(folder / "seed0" / "metrics.csv") == expected(
        "claims", tmp_path
    )


def test_an_old_settings_file():
    given = read_settings(OLD / "settings.toml")
    assert given == {
        "model": "resnet-8",
        "dataset": "folder",
        "val_fraction": 0.25,
        "train": "head",
        "epochs": 2,
        "net": {"width": 2, "survival_prob": 0.5},
    }
    assert models.build(given["model"], **RunConfig.for_data(**given).net)


def test_old_settings_get_todays_names(tmp_path):
    config = read_config(OLD / "degradation", "degradation")
    assert (config["warmup"], config["warmup_from_depth"], config["net"]) == (3, 110, {"width": 2})
    config = read_config(OLD / "single-net", "single net")
    assert config["val_fraction"] is None and "held_out" not in config
    config = read_config(OLD / "claims" / "nets" / "residual-20" / "seed0")
    assert (config["model"], config["iterations"], config["milestones"], config["epochs"]) == (
        "resnet-20",
        8,
        [4, 6],
        None,
    )
    (tmp_path / "config.json").write_text(
        '{"experiment": "claims", "warmup_from_110": 0, "width": 8, "net": "residual-56, warm-up"}'
    )
    config = read_config(tmp_path)
    assert (config["model"], config["warmup"], config["warmup_from_depth"], config["net"]) == (
        "resnet-56, warm-up",
        0,
        None,
        {"width": 8},
    )


@pytest.mark.parametrize(
    "text", ['{"warmup_from_110": 3}', '{"recipe": 3}', '{"net": 3}', '{"experiment": []}']
)
def test_damaged_configs_get_one_clear_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DataError, match="config.json"):
        read_config(tmp_path, "degradation")


def test_names_of_nets():
    assert [
        current_net(name)
        for name in (
            "residual-20",
            "residual-56, warm-up",
            "residual-mlp-20",
            "plain-20",
            "resnet-20",
        )
    ] == ["resnet-20", "resnet-56, warm-up", "residual-mlp-20", "plain-20", "resnet-20"]
    assert [
        previous_net(name) for name in ("resnet-20", "resnet50", "residual_mlp-4", "plain-8")
    ] == ["residual-20", "resnet50", "residual_mlp-4", "plain-8"]


def test_a_checkpoint_of_todays_name_is_not_replaced(tmp_path):
    folder = RunFolder(tmp_path, {})
    path = folder.checkpoint("resnet-8", 0)
    for name, content in ((path.name, "new"), ("residual-8-seed0.safetensors", "old")):
        (path.parent / name).write_text(content)
    assert folder.checkpoint("resnet-8", 0) == path and path.read_text() == "new"
