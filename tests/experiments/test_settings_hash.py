"""A short hash of the settings that decide a run's numbers."""

from dataclasses import replace

import pytest

from minires.errors import ConfigError
from minires.experiments.records import RunFolder, read_config
from minires.experiments.records.settings_hash import differences, settings_hash
from minires.training import RunConfig

CONFIG = RunConfig(lr=0.2, net={"width": 8}, epochs=3)


def of(config, **more):
    return settings_hash({"experiment": "degradation", **config.deciding(), **more})


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.1},
        {"net": {"width": 9}},
        {"drops": (0.5,)},
        {"flip": False},
        {"dataset": "cifar10"},
    ],
)
def test_settings_that_decide_the_numbers_count(change):
    assert of(replace(CONFIG, **change)) != of(CONFIG)
    assert of(CONFIG, dataset_name="drawn") != of(CONFIG, dataset_name="CIFAR-10")


@pytest.mark.parametrize(
    "more",
    [
        {"seed": 7},
        {"seeds": [30, 31]},
        {"device": "gpu"},
        {"threads": 1},
        {"data": "elsewhere"},
        {"environment": {"numpy": "2.0"}},
        {"sources": [1]},
        {"settings_hash": "1"},
    ],
)
def test_seeds_machines_and_folders_do_not_count(more):
    assert of(CONFIG, **more) == of(CONFIG)


def test_equal_settings_written_in_another_way_are_the_same():
    first = {"lr": 1, "drops": [0.5, 1.0], "net": {"width": 8}}
    assert settings_hash(first) == settings_hash(
        {"net": {"width": 8.0}, "drops": (0.5, 1), "lr": 1.0}
    )


def test_a_run_from_before_a_setting_existed_has_the_same_hash():
    new = {"experiment": "degradation", **CONFIG.deciding()}
    old = {name: its for name, its in new.items() if name not in ("nesterov", "milestones")}
    assert settings_hash(old) == settings_hash(new)
    assert settings_hash(old) != settings_hash({**new, "nesterov": True})


def test_a_sweep_from_before_a_setting_existed_has_the_same_hash():
    common = {"lr": 0.2, "momentum": 0.9, "nesterov": False}
    new = {"experiment": "sweep", "common": common}
    old = {"experiment": "sweep", "common": {"lr": 0.2, "momentum": 0.9}}
    assert settings_hash(old) == settings_hash(new)
    assert settings_hash(old) != settings_hash({**new, "common": {**common, "nesterov": True}})


def test_a_sweep_from_before_a_setting_existed_is_resumed(tmp_path):
    common = {"lr": 0.2, "net": {"width": 8}}
    with RunFolder(tmp_path, {"experiment": "sweep", "common": common}):
        pass
    now = {**common, "nesterov": False, "class_weights": None}
    with RunFolder(tmp_path, {"experiment": "sweep", "common": now}, resume=True):
        pass
    other = {**now, "nesterov": True, "net": {"width": 16}}
    with pytest.raises(ConfigError, match="got net.width 8 -> 16, nesterov False -> True;"):
        RunFolder(tmp_path, {"experiment": "sweep", "common": other}, resume=True)
    bare = {**now, "net": {}}
    with pytest.raises(ConfigError, match="got net.width 8 -> None;"):
        RunFolder(tmp_path, {"experiment": "sweep", "common": bare}, resume=True)


def test_every_run_writes_its_hash(tmp_path):
    with RunFolder(tmp_path, {"lr": 0.2, "seeds": [3]}):
        config = read_config(tmp_path)
    assert (
        config["settings_hash"] == settings_hash({"lr": 0.2}) and len(config["settings_hash"]) == 16
    )


def test_differences_are_named_one_by_one():
    one = {"lr": 0.1, "net": {"width": 8}, "common": {"momentum": 0.5}, "seeds": [1]}
    other = {"lr": 0.2, "net": {"width": 9, "init": "he"}, "common": {"momentum": 0.6}}
    assert sorted(differences(one, other)) == [
        "lr 0.2 (not 0.1)",
        "momentum 0.6 (not 0.5)",
        "net.init he (not None)",
        "net.width 9 (not 8)",
    ]
    assert differences({}, {"lr": 0.1, "flip": True}) == []  # their default values
