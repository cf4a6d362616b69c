"""``~`` is the home folder everywhere: in each option that takes a path, and in each Python
function that does. No folder called ~ appears in the current one."""

import argparse

import numpy as np
import pytest

import minires as mr
from minires import data
from minires.cli import _parser, main
from minires.cli.arguments import path as path_argument
from minires.course import grade
from minires.data import ImageTransform, class_names, images, picture_files
from minires.data.cache import PictureCache
from minires.data.datasets.image_folder import photographs_to_test
from minires.errors import MiniresError
from minires.experiments import (
    degradation,
    evaluation,
    evaluation_records,
    pooling,
    records,
    single_net,
    sweep,
)
from minires.serialization import safetensors, weights
from minires.training import predict
from minires.training.settings_file import read_settings

from .data.photo_folders import classes

PATHS = {"DIR", "FILE", "PATH", "IMAGE", "NOTEBOOK", "FOLDER", "RUN"}
# options of train: expanded where they are used
SETTINGS = {"--data", "--weights", "--cache", "--out"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home folder, and an empty current folder that must stay empty."""
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "home"
    assert list((tmp_path / "here").iterdir()) == []


def options():
    """(command, option, type) of every option and argument that takes a path."""
    parsers = [("minires", _parser())]
    while parsers:
        name, parser = parsers.pop()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += [(f"{name} {word}", its) for word, its in action.choices.items()]
            elif action.metavar in PATHS:
                yield name, (action.option_strings or [action.dest])[0], action.type


def test_every_option_that_takes_a_path_expands_home():
    found = list(options())
    assert len(found) > 25
    others = {(name, option) for name, option, kind in found if kind is not path_argument}
    own = {(f"minires {name}", one) for name in ("train", "finetune") for one in SETTINGS}
    assert others == own


def net():
    return mr.models.resnet(8, width=2)


READERS = {
    "load": lambda path: mr.load(net(), path),
    "open_weights": weights.open_weights,
    "safetensors.read": safetensors.read,
    "data.cifar10": data.cifar10,
    "data.load": lambda path: data.load("cifar10", path),
    "image_folder": data.image_folder,
    "photographs_to_test": lambda path: photographs_to_test(path, ImageTransform()),
    "find_pictures": picture_files.find_pictures,
    "decode": images.decode,
    "read_classes": class_names.read_classes,
    "read_settings": read_settings,
    "degradation.report": degradation.report,
    "degradation.plot": degradation.plot,
    "single_net.report": single_net.report,
    "single_net.plot": single_net.plot,
    "sweep.report": sweep.report,
    "evaluation.results": evaluation.results,
    "evaluation.plot": evaluation.plot,
    "read_errors": evaluation_records.read_errors,
    "read_table": lambda path: records.read_table(path, ()),
    "read_config": records.read_config,
    "merge": lambda path: pooling.merge([path, "~/more"], "~/pooled"),
    "course.grade": lambda path: grade.grade(path, "~/graded"),
}


@pytest.mark.parametrize("name", READERS)
def test_files_are_read_from_home(name, home):
    with pytest.raises(MiniresError) as refused:
        READERS[name]("~/nothing")
    assert str(home / "nothing") in str(refused.value) and "~" not in str(refused.value)


def test_a_cache_is_searched_for_at_home(home):
    with pytest.raises(FileNotFoundError) as refused:
        PictureCache("~/nothing")
    assert str(refused.value.filename).startswith(str(home))


def test_a_picture_is_read_from_home(home):
    (found,) = predict(net(), ["~/nothing.png"], progress=False)
    assert str(home / "nothing.png") in found.error


def test_files_are_written_to_home(home):
    model = net()
    mr.save(model, "~/net.safetensors")
    safetensors.write("~/arrays.safetensors", {"x": np.zeros(2)})
    figure = mr.plot.training_curves(
        [{"epoch": 1, "train_loss": 1.0, "train_error": 50.0, "test_error": 60.0}]
    )
    mr.plot.save(figure, "~/curves.png")
    records.save_figures({"more": figure}, "~")
    model.graph(mr.Tensor(np.zeros((1, 8, 8, 3), np.float32))).save("~/graph.svg")
    with records.RunFolder("~/run", {"experiment": "x"}):
        pass
    expected = {"net.safetensors", "arrays.safetensors", "curves.png", "more.png", "graph.svg"}
    assert expected | {"run"} <= {path.name for path in home.iterdir()}


def test_the_settings_of_a_run(home, tmp_path, capsys):
    """Given as flags and in a file. The cache has its limit and its command there too."""
    pytest.importorskip("PIL.Image")
    classes(home / "pets")
    mr.save(net(), home / "net.safetensors", built={"model": "resnet-8", "net": {"width": 2}})
    (home / "s.toml").write_text('data = "~/pets"\ncache = "~/kept"\nweights = "~/net.safetensors"')
    shared = ["--image-size", "8", "--batch-size", "2", "--epochs", "1", "--workers", "0"]
    assert main(["finetune", "--config", "~/s.toml", "--out", "~/one", *shared]) == 0
    flags = ["--data", "~/pets", "--cache", "~/kept", "--weights", "~/net.safetensors"]
    assert main(["finetune", *flags, "--out", "~/two", *shared]) == 0
    assert main(["cache", "--cache", "~/kept"]) == 0
    weights_of = ["--weights", "~/two/weights.safetensors"]
    assert main(["predict", "~/pets", *weights_of]) == 0
    assert (
        main(
            ["evaluate", "--data", "~/pets", "--cache", "~/kept", *weights_of]
            + ["--out", "~/three"]
        )
        == 0
    )
    assert main(["plot", "~/two"]) == 0
    assert "1 set of decoded pictures" in capsys.readouterr().out
    made = {path.name for path in home.iterdir() if path.name[0] != "."}
    assert made == {"pets", "net.safetensors", "s.toml", "one", "two", "three", "kept"}


def test_the_folder_of_the_data_sets_in_the_environment(home, monkeypatch):
    monkeypatch.setenv("MINIRES_DATA", "~/sets")
    from minires.data.paths import download_folder, search_path

    assert download_folder() == home / "sets" and search_path()[0] == home / "sets"
