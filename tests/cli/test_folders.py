"""Folders of photographs as people have them, through finetune, evaluate and predict: damaged,
renamed and hidden files are counted and reported."""

import json

import pytest

import minires as mr
from minires.cli import main
from minires.experiments.evaluation_records import DAMAGED
from minires.experiments.records import read_table

from ..data.photo_folders import CUT, classes, draw

pytest.importorskip("PIL.Image")
SMALL = ["--image-size", "8", "--batch-size", "8", "--epochs", "1", "--workers", "0"]


@pytest.fixture
def photos(tmp_path):
    """30 photographs of three classes, ten of them renamed, beside ten damaged and ten hidden
    files."""
    folder = classes(tmp_path / "photos", ("cat", "dog", "emu"), 10, ".jpg")
    for i in range(10):
        (folder / "cat" / f"cut{i}.jpg").write_bytes(CUT)
        name = ("a.png", "b.heic", "c", "d.dat", "e.tif")[i % 5]
        (folder / "dog" / f"{i}.jpg").rename(folder / "dog" / f"{i}{name}")
        (folder / "emu" / f"._{i}.jpg").write_bytes(CUT)
    draw(folder / ".git" / "cat" / "0.jpg")
    for i in range(3):
        (folder / "emu" / f"phone{i}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    return folder


@pytest.fixture
def weights(tmp_path):
    net = mr.models.resnet(8, width=2, num_classes=3)
    transform = {"resize": 8, "crop": 8, "mean": [0.5] * 3, "std": [0.25] * 3}
    built = {"model": "resnet-8", "net": {"width": 2}}
    names = ["cat", "dog", "emu"]
    mr.save(net, tmp_path / "w.safetensors", classes=names, transform=transform, built=built)
    return tmp_path / "w.safetensors"


def check_said(errors, photos):
    """Check the line that says which files are left out."""
    (line,) = (line for line in errors.splitlines() if f"{photos}: left out: " in line)
    assert line.startswith("minires: note: ")
    assert "10 hidden files, 3 .heic (export them as JPEG, or: " in line
    assert ", 1 hidden folder; 6 files are pictures though their names do not end like one" in line


@pytest.mark.parametrize("command", ["finetune", "evaluate"])
def test_with_and_without_the_damaged_ones(command, photos, weights, tmp_path, capsys):
    out = tmp_path / "out"
    words = [command, "--weights", str(weights), "--data", str(photos), "--out", str(out)]
    words += ["--cache", str(tmp_path / "cache"), *(SMALL if command == "finetune" else ())]
    assert main(words) == 1
    printed = capsys.readouterr()
    check_said(printed.err, photos)
    errors = [line for line in printed.err.splitlines() if line.startswith("minires: error: ")]
    assert len(errors) == 1 and "pictures: 10 of 40 cannot be read: got " in errors[0]
    assert errors[0].count("a damaged picture") == 5 and "and 5 more; mend them" in errors[0]
    assert "--skip-damaged" in errors[0] and not out.exists()
    assert main([*words, "--skip-damaged"]) == 0
    printed = capsys.readouterr()
    check_said(printed.err, photos)
    assert "note: left out: 10 damaged of 40 pictures: " in printed.err
    assert f"written: {out / 'damaged.csv'}" in printed.out
    rows = read_table(out / "damaged.csv", DAMAGED, DAMAGED)
    assert [row["picture"] for row in rows] == [
        str(photos / "cat" / f"cut{i}.jpg") for i in range(10)
    ]
    assert all(row["reason"].startswith("a damaged picture") for row in rows)
    images = {"evaluate": ("test_images", 30), "finetune": ("training_images", 24)}[command]
    assert json.loads((out / "config.json").read_text())[images[0]] == images[1]


def test_predict(photos, weights, capsys):
    words = ["predict", str(photos), "--weights", str(weights), "--top", "1"]
    assert main(words) == 1
    printed = capsys.readouterr()
    check_said(printed.err, photos)
    assert printed.err.count("minires: error: ") == 10 and printed.out.count(" %  ") == 30
    assert "minires: 10 of 40 pictures could not be read" in printed.err
    assert main([*words, "--skip-damaged"]) == 0
    printed = capsys.readouterr()
    check_said(printed.err, photos)
    assert "note: left out: 10 damaged of 40 pictures: " in printed.err
    assert "error" not in printed.err and printed.out.count(" %  ") == 30


def test_a_clean_folder_gets_no_line(tmp_path, weights, capsys):
    folder = classes(tmp_path / "photos", ("cat", "dog", "emu"), 4)
    assert main(["predict", str(folder), "--weights", str(weights), "--skip-damaged"]) == 0
    words = ["evaluate", "--weights", str(weights), "--data", str(folder), "--skip-damaged"]
    words += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    assert main(words) == 0
    assert capsys.readouterr().err == "" and not (tmp_path / "out" / "damaged.csv").exists()


def test_skipping_is_for_photographs(tmp_path, capsys):
    words = ["train", "--model", "resnet-8", "--train-size", "32", "--test-size", "16"]
    words += ["--iterations", "1", "--batch-size", "16", "--image-size", "8", "--skip-damaged"]
    assert main([*words, "--net", "width=2", "--out", str(tmp_path / "out")]) == 0
    assert "skip_damaged changes nothing: only photographs" in capsys.readouterr().err
