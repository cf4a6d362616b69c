"""The description of a run: checked, completed by defaults that suit the data, in plain numbers,
and read from a file."""

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from minires.errors import ConfigError
from minires.training import RunConfig
from minires.training.settings_file import read_settings


def written(tmp_path, text):
    (tmp_path / "settings.toml").write_text(text)
    return read_settings(tmp_path / "settings.toml")


def test_a_file_gives_what_it_says(tmp_path):
    given = written(
        tmp_path,
        'model = "plain-56"\nlr = 1\nbatch-size = 64\ndrops = [0.3, 0.6]\nflip = false\n'
        '[net]\nwidth = 8\nshortcut = "B"\n',
    )
    assert given == {
        "model": "plain-56",
        "lr": 1,
        "batch_size": 64,
        "drops": (0.3, 0.6),
        "flip": False,
        "net": {"width": 8, "shortcut": "B"},
    }
    assert RunConfig(**given).net["width"] == 8


MISTAKES = [
    ('modle = "plain-56"', "unknown setting.*did you mean 'model'"),
    ("lr = -1", "lr: expected a finite number above 0, got -1"),
    ('lr = "fast"', "a finite number above 0, got 'fast'"),
    ("epochs = nan", "epochs"),
    ("batch_size = 1.5", "a whole number of at least 1, got 1.5"),
    ("batch_size = true", "batch_size"),
    ("flip = 1", "true or false, got 1"),
    ("drops = [0.5, 0.2]", "rising numbers between 0 and 1"),
    ("drops = [0.5, 1.0]", "drops"),
    ("drops = 0.5", "drops"),
    ("milestones = [5, 2]", "rising whole numbers"),
    ("milestones = [2.5]", "milestones"),
    ('dataset = "cifar"', "one of synthetic, cifar10, folder.*did you mean 'cifar10'"),
    ("net = 3", r"a table \[net\]"),
    ("[lr]\nx = 1", "lr: expected a finite number above 0"),
    ("lr = ", "not TOML"),
    ("momentum = 1", "below 1"),
    ("inf = 1", "unknown setting"),
    ("lr = inf", "lr"),
    ('model = ""', "a word"),
]


@pytest.mark.parametrize("text, words", MISTAKES)
def test_files_with_mistakes(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        written(tmp_path, text)


def test_invalid_files(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_settings(tmp_path / "nothing.toml")
    with pytest.raises(ConfigError, match="a pipe or a device"):
        read_settings("/dev/null")
    for content, words in (
        (b"\xff\xfe", "cannot be read: expected text in UTF-8"),
        (b"seed = " + b"9" * 5000, "not TOML"),
        (b"drops = " + b"[" * 5000, "not TOML"),
    ):
        (tmp_path / "bytes.toml").write_bytes(content)
        with pytest.raises(ConfigError, match=words):
            read_settings(tmp_path / "bytes.toml")


def test_the_defaults_are_those_of_the_paper():
    config = RunConfig().resolve(50_000)
    assert (config.iterations, config.milestones, config.batch_size, config.lr) == (
        64_000,
        (32_000, 48_000),
        128,
        0.1,
    )
    assert (config.momentum, config.weight_decay, config.crop_padding, config.flip) == (
        0.9,
        1e-4,
        4,
        True,
    )


def test_defaults_suit_the_data():
    small, photographs = RunConfig.for_data(), RunConfig.for_data(dataset="folder", data="photos")
    assert small.resolve(1000).batch_size == 128 and (small.lr, small.schedule, small.epochs) == (
        0.1,
        "steps",
        10,
    )
    assert (small.crop_padding, small.crop_scale, small.val_fraction) == (4, None, None)
    assert photographs.resolve(1000).batch_size == 32 and (
        photographs.lr,
        photographs.schedule,
    ) == (0.01, "cosine")
    assert (photographs.crop_padding, photographs.crop_scale, photographs.label_smoothing) == (
        0,
        0.08,
        0.1,
    )
    assert photographs.val_fraction == 0.2
    given = RunConfig.for_data(
        dataset="folder", lr=0.3, crop_scale=0.5, iterations=7, flip=False, batch_size=None
    )
    assert (given.lr, given.crop_scale, given.iterations, given.epochs, given.flip) == (
        0.3,
        0.5,
        7,
        None,
        False,
    )
    probe = RunConfig.for_data(dataset="folder", train="head")
    assert (probe.crop_scale, probe.crop_padding, probe.flip, probe.epochs) == (None, 0, False, 100)


def test_none_counts_as_not_given():
    assert RunConfig.for_data(lr=None, flip=None) == RunConfig.for_data()
    given = {"dataset": "folder", "data": "photos"}
    assert RunConfig.for_data(**given, lr=None).lr == 0.01


def test_a_setting_that_does_not_exist():
    for name, words in (("learning_rate", "did you mean 'lr'"), ("lrate", "unknown setting")):
        for value in (0.1, None):
            with pytest.raises(ConfigError, match=words):
                RunConfig.for_data(**{name: value})


def test_the_default_batch_is_no_larger_than_the_set():
    assert RunConfig.for_data().resolve(100).batch_size == 100
    for config in (RunConfig(), RunConfig.for_data(batch_size=128)):
        with pytest.raises(ConfigError, match="at most 100, got 128"):
            config.resolve(100)


def test_plain_numbers_for_a_training_set():
    config = RunConfig(epochs=2, batch_size=50).resolve(1000)
    assert (config.iterations, config.milestones, config.epochs) == (40, (20, 30), None)
    assert config.resolve(1000) == config
    assert RunConfig(iterations=7, schedule="cosine").resolve(1000).milestones == ()
    assert RunConfig(epochs=0.5, batch_size=100).resolve(1000).iterations == 5
    assert RunConfig(iterations=7, milestones=[3, 5]).resolve(1000).milestones == (3, 5)
    assert RunConfig(iterations=7, drops=()).resolve(1000).milestones == ()


def test_a_warm_up_for_deep_nets_only():
    config = RunConfig(warmup=400, warmup_from_depth=110)
    assert [config.for_depth(depth).warmup for depth in (56, 109, 110, 1202)] == [0, 0, 400, 400]
    assert (
        config.for_depth(56).warmup_from_depth is None
        and RunConfig(warmup=3).for_depth(8).warmup == 3
    )


def test_settings_that_contradict_each_other():
    with pytest.raises(ConfigError, match="one of them"):
        RunConfig(epochs=3, iterations=4)
    with pytest.raises(
        ConfigError, match='milestones: expected none, or schedule "steps", got schedule "cosine"'
    ):
        RunConfig(schedule="cosine", milestones=(3,))
    with pytest.raises(ConfigError, match="with train 'fc' the last layer is trained on new crops"):
        RunConfig.for_data(dataset="folder", train="head", flip=True)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("lr", None, "lr: expected a finite number above 0, got None"),
        ("flip", None, "true or false, got None"),
        ("dataset", "cifar100", "did you mean 'cifar10'"),
        ("schedule", "cosin", "did you mean 'cosine'"),
        ("batch_size", True, "a whole number"),
        ("batch_size", np.float32(3), "a whole number"),
        ("seed", -1, "at least 0"),
        ("milestones", (np.int64(3), True), "rising whole numbers"),
    ],
)
def test_values_that_a_setting_cannot_have(name, value, words):
    with pytest.raises(ConfigError, match=words):
        RunConfig(**{name: value})


def test_numpy_arrays_become_lists_and_numbers():
    config = RunConfig(milestones=np.arange(1, 3), lr=np.array(0.5))
    assert config.milestones == (1, 2) and config.lr == 0.5 and type(config.lr) is float
    with pytest.raises(ConfigError, match=r"batch_size: .*got \[8, 9\]"):
        RunConfig(batch_size=np.array([8, 9]))


def test_numpys_numbers_become_pythons():
    config = RunConfig(
        batch_size=np.int64(8),
        lr=np.float32(0.5),
        milestones=np.arange(3).tolist(),
        seed=np.uint8(3),
        drops=(np.float64(0.5),),
        net={"width": np.int32(4), "survival_prob": np.float64(0.5)},
    )
    assert config == RunConfig(
        batch_size=8,
        lr=0.5,
        milestones=(0, 1, 2),
        seed=3,
        drops=(0.5,),
        net={"width": 4, "survival_prob": 0.5},
    )
    assert type(config.batch_size) is type(config.net["width"]) is type(config.seed) is int
    assert json.loads(json.dumps(asdict(config)))["net"] == {"width": 4, "survival_prob": 0.5}


def test_a_config_keeps_its_own_settings_of_the_net():
    net = {"width": 4}
    config = RunConfig(net=net)
    net["width"] = 8
    assert config.net == {"width": 4}


def test_the_place_of_a_run_does_not_decide_its_results():
    deciding = RunConfig(net={"width": 4}).deciding()
    assert not {"device", "threads", "workers", "cache", "out", "data", "recompute"} & set(deciding)
    assert deciding["net"] == {"width": 4} and {
        "lr",
        "seed",
        "weights",
        "train",
        "crop_scale",
        "milestones",
    } <= set(deciding)


def test_every_setting_has_a_description():
    for one in fields(RunConfig):
        assert one.name == "net" or one.metadata["meaning"] and one.metadata["kind"].words
        if one.name != "net" and one.default is not None:
            assert replace(RunConfig(), **{one.name: one.default}) == RunConfig()
