"""The error of weights on CIFAR-10 and on photographs; and the command."""

import json
from pathlib import Path

import numpy as np
import pytest

import minires as mr
from minires import data, nn
from minires.cli import main
from minires.diagnostics import evaluate
from minires.errors import ConfigError, DataError, WeightsWarning
from minires.experiments import confidence, evaluation, evaluation_records
from minires.experiments.evaluation_images import class_order
from minires.experiments.records import read_config, read_table
from minires.experiments.trained_net import trained_net
from minires.models import registry, vgg
from minires.serialization.conventions import kept_with
from minires.serialization.weights import WeightsFile, open_weights
from minires.training import predict

TRANSFORM = {"resize": 32, "crop": 32, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]}


@pytest.fixture
def weights(tmp_path):
    net = mr.models.resnet(8, width=2, seed=3)
    built = {"model": "resnet-8", "net": {"width": 2}}
    mr.save(net, tmp_path / "net.safetensors", transform=TRANSFORM, built=built)
    return net, tmp_path / "net.safetensors"


def test_the_error_is_that_of_the_net(weights, tmp_path):
    net, path = weights
    evaluation.run(
        open_weights(path), tmp_path / "out", dataset="synthetic", batch_size=300, progress=False
    )
    found = evaluation.results(tmp_path / "out")
    _, test = data.synthetic()
    x = (test.images.astype(np.float32) / 255 - np.float32([0.5, 0.4, 0.3])) / np.float32(
        [0.2, 0.25, 0.3]
    )
    right = evaluate(net, [(x, test.labels)])
    assert found["top_1_error_percent"] == pytest.approx(right.error)
    low, high = found["top_1_error_interval"]
    assert low < right.error < high and found["images"] == len(test) == 2000
    assert sum(row["images"] for row in found["classes"]) == 2000
    of_class = read_table(tmp_path / "out/classes.csv", evaluation.PER_CLASS, ("class",))
    mean = np.average(
        [row["error_percent"] for row in of_class], weights=[row["images"] for row in of_class]
    )
    assert mean == pytest.approx(right.error)
    predictions = read_table(tmp_path / "out/predictions.csv", ("image",), ("right", "taken_for"))
    wrong = sum(row["right"] != row["taken_for"] for row in predictions)
    assert 100 * wrong / 2000 == pytest.approx(right.error)


NETS = (*registry.OF_ONE_DEPTH, *(registry.examples(one)[0] for one in registry.OF_ANY_DEPTH))


@pytest.mark.parametrize("name", NETS)
def test_weights_of_every_net_find_back_to_their_net(name, monkeypatch):
    """As `minires train` writes them: with the name of the net and its settings, but without the
    number of classes, which the head shows. For a VGG a net of 1,000 classes used to be built, and
    no weights of another number could be used."""
    monkeypatch.setattr(nn.init, "normal", lambda shape, rng, std: np.zeros(shape, np.float32))
    monkeypatch.setattr(vgg, "HIDDEN", 8)
    size = {"image_size": 32} if "image_size" in registry.settings_of(name) else {}
    net = mr.models.build(name, num_classes=3, **size)
    built = {"model": name, "net": {}}
    file = WeightsFile(
        Path("net"), net.state_dict(), ["a", "b", "c"], TRANSFORM, built, is_own=True
    )
    again = trained_net(file).model
    assert file.num_classes == 3 and list(again.state_dict()) == list(net.state_dict())
    assert kept_with(again).classes == ["a", "b", "c"]  # the next file has them too


@pytest.mark.parametrize("out", ["full", "full/file", "full/file/more"])
def test_an_unwritable_folder_is_reported_before_the_work(weights, tmp_path, out):
    """It used to be reported after all pictures had been decoded and evaluated."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    places = {"folder": tmp_path / "nowhere", "cache": tmp_path / "cache"}
    with pytest.raises(ConfigError, match="not empty|cannot write here"):
        evaluation.run(open_weights(weights[1]), tmp_path / out, **places)


@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_a_net_that_diverged(weights, tmp_path, capsys, command):
    """It used to get 100 % error, 0 % on the first class, and an interval of nan points."""
    net, path = weights
    net.fc.weight.data[:] = np.nan
    mr.save(net, path, transform=TRANSFORM, built={"model": "resnet-8", "net": {"width": 2}})
    words = [command, "--weights", str(path), "--dataset", "synthetic", "--json"]
    words += ["--images", "20", "--paths", "1"] if command == "diagnose" else []
    assert main([*words, "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "outputs of the net: expected finite numbers, got " in printed.err and not printed.out


@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_no_message_advises_resume_where_it_is_impossible(weights, tmp_path, capsys, command):
    (tmp_path / "config.json").write_text("{}")
    words = [command, "--weights", str(weights[1]), "--dataset", "synthetic"]
    assert main([*words, "--out", str(tmp_path)]) == 1
    assert "got files of an earlier run; choose another folder" in capsys.readouterr().err


def test_the_interval_of_a_proportion():
    """Wilson's interval for 10 of 100, as in R's prop.test(10, 100, correct=FALSE)."""
    low, high = confidence.of_a_part(10, 100)
    assert (low, high) == pytest.approx((0.05522914, 0.17436566), abs=1e-7)
    assert confidence.of_a_part(0, 5)[0] == 0 and confidence.of_a_part(5, 5)[1] == 1


@pytest.fixture
def photographs(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(3):
            pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    return tmp_path / "photos"


def test_photographs_of_some_of_the_nets_classes(photographs, tmp_path):
    net = mr.models.resnet(8, width=2, num_classes=3)
    names = ["bird", "dog", "cat"]  # in another order than the folders
    mr.save(net, tmp_path / "net.safetensors", classes=names, transform=TRANSFORM)
    file = open_weights(tmp_path / "net.safetensors")
    settings = {"model": "resnet-8", "net": {"width": 2}, "progress": False, "cache": tmp_path}
    evaluation.run(file, tmp_path / "out", folder=photographs, **settings)
    rows = read_table(tmp_path / "out/predictions.csv", ("image",), ("image", "right", "taken_for"))
    assert [row["right"] for row in rows] == ["cat"] * 3 + ["dog"] * 3
    paths = sorted(photographs.rglob("*.png"))
    made = predict(net, paths, classes=names, transform=TRANSFORM, progress=False)
    assert [row["taken_for"] for row in rows] == [one.top[0].name for one in made]
    (photographs / "dog").rename(photographs / "horse")
    with pytest.raises(ConfigError, match="classes that the net does not know.*horse"):
        evaluation.run(file, tmp_path / "other", folder=photographs, **settings)


def test_a_net_of_a_thousand_classes_on_two_of_them(tmp_path, photographs):
    """confusion.csv used to have a million rows, and its figure was an empty page."""
    net = mr.models.resnet(8, width=2, num_classes=1000)
    built = {"model": "resnet-8", "net": {"width": 2}}
    mr.save(net, tmp_path / "net.safetensors", transform=TRANSFORM, built=built)
    file = open_weights(tmp_path / "net.safetensors")
    places = {"cache": tmp_path / "cache", "progress": False}
    for folder, name in (("cat", "tabby"), ("dog", "Moving van")):
        (photographs / folder).rename(photographs / name)
    with pytest.raises(ConfigError, match="got Moving van; .*: perhaps Moving van -> moving van"):
        evaluation.run(file, tmp_path / "out", folder=photographs, **places)
    (photographs / "Moving van").rename(photographs / "moving van")
    evaluation.run(file, tmp_path / "out", folder=photographs, **places)
    rows = read_table(tmp_path / "out/confusion.csv", ("images",), ("right", "taken_for"))
    seen = {row["right"] for row in rows}
    assert {"tabby", "moving van"} <= seen and len(rows) == len(seen) ** 2 <= 20**2
    matrix, classes = evaluation_records.read_matrix(
        tmp_path / "out", read_config(tmp_path / "out")
    )
    assert {*classes} == seen and matrix.sum() == sum(row["images"] for row in rows)
    assert matrix.sum(axis=1).max() < matrix.sum()
    lines = (tmp_path / "out/confusion.csv").read_text().splitlines(True)
    for damaged in (lines[:-1], [*lines[:-1], lines[-1].replace(lines[-1].split(",")[0], "tench")]):
        (tmp_path / "out/confusion.csv").write_text("".join(damaged))
        with pytest.raises(DataError, match="rows are missing or were changed"):
            evaluation.figures(tmp_path / "out")


def test_the_assumed_order_of_unnamed_classes_is_stated(weights, photographs, tmp_path):
    images = data.datasets.image_folder.photographs_to_test(
        photographs, data.ImageTransform(8, 8), cache=tmp_path / "cache", progress=False
    )
    file = WeightsFile(tmp_path / "x.pth", {"fc.weight": np.zeros((4, 2), np.float32)})
    with pytest.warns(WeightsWarning, match="does not name its classes: .* photos.*: cat, dog$"):
        assert class_order(file, images)[0] == ["cat", "dog"]


def test_the_folders_of_imagenet_have_wordnets_numbers_as_names(tmp_path, photographs):
    for folder, name in (("cat", "n01440764"), ("dog", "n15075141")):
        (photographs / folder).rename(photographs / name)
    images = data.datasets.image_folder.photographs_to_test(
        photographs, data.ImageTransform(8, 8), cache=tmp_path / "cache", progress=False
    )
    head = {"fc.weight": np.zeros((4, 1000), np.float32)}
    classes, order = class_order(WeightsFile(tmp_path / "x.pth", head), images)
    assert [classes[i] for i in order] == ["tench", "toilet tissue"]


def test_the_command(weights, tmp_path, capsys):
    _, path = weights
    words = ["evaluate", "--weights", str(path), "--dataset", "synthetic"]
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(evaluation.results(tmp_path / "out")))
    for name in ("confusion.png", "calibration.png", "confusion.csv", "config.json"):
        assert (tmp_path / "out" / name).stat().st_size > 100
    assert main([*words, "--out", str(tmp_path / "text")]) == 0
    text = capsys.readouterr().out
    assert f"top-1 error {found['top_1_error_percent']:.2f} %" in text
    assert main(["plot", str(tmp_path / "out")]) == 0
    assert "calibration.png" in capsys.readouterr().out


def test_both_views_of_each_image(weights, tmp_path, capsys):
    """--flip adds numbers and changes none of the others."""
    _, path = weights
    words = ["evaluate", "--weights", str(path), "--dataset", "synthetic", "--json"]
    found = []
    for i, more in enumerate(([], ["--flip"])):
        assert main([*words, *more, "--out", str(tmp_path / str(i))]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [one["flip"] for one in found] == [False, True]
    assert found[0]["calibration_error_points"] != found[1]["calibration_error_points"]
    assert "each seen twice" in evaluation.report(tmp_path / "1")
    assert "twice" not in evaluation.report(tmp_path / "0")


@pytest.mark.parametrize(
    "words, message",
    [
        ([], ": no images: expected --dataset"),
        (["--dataset", "synthetic", "--std", "0", "1", "1"], "standard deviations"),
        (["--dataset", "synthetic", "--net", "zeros=before"], "zeros"),
        (["--data", "nowhere"], "no such folder"),
    ],
)
def test_bad_input(weights, tmp_path, capsys, words, message):
    _, path = weights
    status = main(["evaluate", "--weights", str(path), "--out", str(tmp_path / "out"), *words])
    error = capsys.readouterr().err
    assert status == 1 and error.count("\n") == 1
    assert any(part in error for part in message.split("|")), error
    assert not (tmp_path / "out").exists()


def test_fusing_changes_no_prediction(weights):
    net, _ = weights
    x = np.random.default_rng(0).standard_normal((8, 32, 32, 3)).astype(np.float32)
    before = net.eval()(mr.Tensor(x)).data.argmax(1)
    assert (nn.fuse(net)(mr.Tensor(x)).data.argmax(1) == before).all()
