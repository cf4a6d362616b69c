"""Settings of a run of one net: from a file, checked, and completed by what suits the data."""

from dataclasses import replace

import pytest

from minires.errors import ConfigError
from minires.experiments.settings import Settings, read_settings


def written(tmp_path, text):
    (tmp_path / "settings.toml").write_text(text)
    return read_settings(tmp_path / "settings.toml")


def test_a_file_gives_what_it_says(tmp_path):
    given = written(tmp_path, 'model = "plain-56"\nlr = 1\nbatch-size = 64\ndrops = [0.3, 0.6]\nflip = false\n[net]\nwidth = 8\nshortcut = "B"\n')
    assert given == {"model": "plain-56", "lr": 1, "batch_size": 64, "drops": (0.3, 0.6), "flip": False, "net": {"width": 8, "shortcut": "B"}}
    assert Settings(**given).net["width"] == 8


@pytest.mark.parametrize("text, words", [
    ('modle = "plain-56"', "unknown setting.*did you mean 'model'"), ("lr = -1", "lr: expected a number above 0, got -1"), ('lr = "fast"', "a number above 0, got 'fast'"),
    ("epochs = nan", "epochs"), ("batch_size = 1.5", "a whole number of at least 1, got 1.5"), ("batch_size = true", "batch_size"), ("flip = 1", "true or false, got 1"),
    ("drops = [0.5, 0.2]", "rising numbers between 0 and 1"), ("drops = [0.5, 1.0]", "drops"), ("drops = 0.5", "drops"), ('dataset = "cifar"', "one of synthetic, cifar10, folder"),
    ("net = 3", r"a table \[net\]"), ("[lr]\nx = 1", "a table"), ("lr = ", "not TOML"), ("momentum = 1", "below 1"), ("inf = 1", "unknown setting"), ("lr = inf", "lr"),
    ('model = ""', "a word"),
])
def test_files_with_mistakes(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        written(tmp_path, text)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_settings(tmp_path / "nothing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "bytes.toml")


def test_what_is_missing_suits_the_data():
    small, photographs = Settings().completed(), Settings(dataset="folder", data="photos").completed()
    assert (small.batch_size, small.lr, small.schedule, small.crop_padding, small.crop_scale, small.image_size) == (128, 0.1, "steps", 4, None, None)
    assert (photographs.batch_size, photographs.schedule, photographs.crop_padding, photographs.crop_scale, photographs.image_size) == (32, "cosine", 0, 0.08, 224)
    assert replace(Settings(), lr=0.3, crop_padding=0).completed().lr == 0.3 and Settings(crop_padding=0).completed().crop_padding == 0
    probe = Settings(dataset="folder", train="head").completed()
    assert (probe.crop_scale, probe.crop_padding, probe.flip) == (None, 0, False)


def test_the_recipe():
    recipe = Settings(epochs=2, batch_size=50, weight_decay=0.01, label_smoothing=0.2, clip_norm=3).completed().recipe(1000)
    assert (recipe.iterations, recipe.milestones, recipe.batch_size) == (40, (20, 30), 50)
    assert (recipe.weight_decay, recipe.label_smoothing, recipe.clip_norm, recipe.momentum) == (0.01, 0.2, 3, 0.9)
    assert Settings(iterations=7, schedule="cosine").completed().recipe(1000).milestones == ()
    assert Settings(epochs=0.5, batch_size=100).completed().recipe(1000).iterations == 5
    with pytest.raises(ConfigError, match="at most 100"):
        Settings().completed().recipe(100)


def test_epochs_or_iterations():
    with pytest.raises(ConfigError, match="one of them"):
        Settings(epochs=3, iterations=4)


def test_where_a_run_computes_does_not_decide_what_comes_out():
    deciding = Settings(net={"width": 4}).deciding()
    assert not {"device", "threads", "workers", "cache", "out", "data", "recompute"} & set(deciding)
    assert deciding["net"] == {"width": 4} and {"lr", "seed", "weights", "train", "crop_scale"} <= set(deciding)
