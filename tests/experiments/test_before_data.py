"""Mistakes that can be seen in the settings are reported before an image is drawn, read or
decoded."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import minires as mr
from minires import data
from minires.cli import main
from minires.data.datasets import cifar10, image_folder
from minires.errors import ConfigError
from minires.experiments import degradation, small_images
from minires.experiments.before_data import expected_images
from minires.experiments.training_sets import split_validation
from minires.training import RunConfig


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with photographs, weights, a CIFAR-10 that must not be read, and a text file."""
    folder = tmp_path_factory.mktemp("place")
    for label, name in enumerate(("fire", "water")):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(3):
            pixels = np.full((9 + i, 10, 3), 90 * label + i, np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name / f"{i}.png")
    (folder / "cifar" / "cifar-10-batches-bin").mkdir(parents=True)
    for name in cifar10.BATCHES:
        (folder / "cifar" / "cifar-10-batches-bin" / f"{name}.bin").touch()
    mr.save(
        mr.models.resnet(8, width=2),
        folder / "net.safetensors",
        classes=cifar10.CLASSES,
        built={"model": "resnet-8", "net": {"width": 2}},
    )
    (folder / "text.txt").write_text("words")
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").touch()
    return folder


@pytest.fixture
def no_images(monkeypatch):
    """No image may be drawn, read or decoded."""

    def never(*arguments, **settings):
        raise AssertionError("too late")

    for where, name in (
        (data, "synthetic"),
        (cifar10, "read"),
        (data, "load"),
        (image_folder, "_decoded"),
    ):
        monkeypatch.setattr(where, name, never)


CIFAR, PHOTOS = "--dataset cifar10 --data {}/cifar", "--dataset folder --data {}/photos"
TRAIN = {
    "--crop-scale 0.5": "crop_scale is for photographs of any size",
    f"--crop-scale 0.5 {CIFAR}": "crop_scale is for photographs of any size",
    f"--crop-padding 4 {PHOTOS}": "crop_padding is for images of one size",
    "--image-size 7": "a divisor of 32",
    f"--image-size 64 {CIFAR}": "a divisor of 32",
    "--test-image-size 64": "is for photographs",
    f"--train-size 50001 {CIFAR}": "expected 1 to 50000",
    "--test-size 2001": "expected 1 to 2000",
    f"--train-size 5 {PHOTOS}": "expected 1 to 4",
    "--batch-size 10001": "at most 10000",
    f"--batch-size 50001 {CIFAR}": "at most 50000",
    "--batch-size 9001 --val-fraction 0.1": "at most 9000",
    "--batch-size 9001 --patience 2": "at most 9000",
    "--batch-size 8001 --patience 2 --val-fraction 0.2": "at most 8000",
    "--batch-size 22 --patience 2 --train-size 31": "at most 21",
    "--patience 2 --train-size 10": "too few training images for a validation part",
    f"--batch-size 45011 --patience 2 {CIFAR}": "at most 45010",
    f"--batch-size 5 {PHOTOS}": "at most 4",
    f"--batch-size 3 --patience 2 {PHOTOS}": "at most 2",
    f"--batch-size 3 --only fire water --val-fraction 0.6 {PHOTOS}": "at most 2",
    "--shards 200": "at most 128",
    "--only cat dog": "unknown class",
    f"--only cat dgo {CIFAR}": "did you mean 'dog'",
    f"--only fire sea {PHOTOS}": "expected one of fire, water, got 'sea'",
    f"--only fire {PHOTOS}": "two or more",
    "--class-weights 1 2 3": "10, one for each of disk",
    "--class-weights 1 2 3 --only disk ring": "2, one for each of disk, ring",
    f"--class-weights 1 2 3 {PHOTOS}": "2, one for each of fire, water",
    "--net width=0": "width: expected a whole number",
    "--net widht=4": "did you mean 'width'",
    "--net num_classes=7": "expected 10, got 7",
    "--train layer3": "of a net with random weights",
    "--weights {}/net.safetensors --train layer9": "unknown part of the net",
    "--weights {}/net.safetensors --train head --optimizer muon": "muon moves",
    "--recompute --model residual_mlp-20": "no blocks that can be run again",
    "--find-lr --out {}/full": "the folder is not empty",
    "--find-lr --image-size 7": "a divisor of 32",
    "--sweep lr=0.1,0.2 --image-size 7": "a divisor of 32",
    "--sweep batch_size=4,10001": "at most 10000",
    "--sweep net.widht=2,4": "did you mean 'width'",
    "--sweep net.width=2,0": "width: expected a whole number",
    "--sweep lr=0.1,0.2 --out {}/full": "the folder is not empty",
}
OTHERS = {
    "degradation --image-size 7": "a divisor of 32",
    "degradation --batch-size 10001": "at most 10000",
    "degradation --depths 20 21": "the nearest is 20",
    "degradation --out {}/full": "the folder is not empty",
    f"degradation --train-size 50001 {CIFAR}": "expected 1 to 50000",
    f"claims degradation --out {{}}/full {CIFAR}": "the folder is not empty",
    "claims --decide 3 --seeds 2": "which seeds?",
    "evaluate --weights {}/net.safetensors --dataset synthetic": "classes that the net does not",
    "evaluate --weights {}/net.safetensors --data {}/photos": "classes that the net does not",
    "diagnose --weights {}/net.safetensors --dataset synthetic": "classes that the net does not",
    "diagnose --weights {}/net.safetensors --data {}/photos": "classes that the net does not",
}
LINES = {f"train {words}": message for words, message in TRAIN.items()} | OTHERS


@pytest.mark.parametrize("line", LINES)
def test_mistakes_are_refused_before_any_image_is_read(
    line, place, no_images, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(line.replace("{}", str(place)).split()) in (1, 2)
    said = capsys.readouterr().err
    assert LINES[line] in said and said.count("error: ") == 1, said
    assert not list(tmp_path.iterdir())  # and no folder was made


TINY = RunConfig(train_size=60, test_size=20, batch_size=10, epochs=1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"image_size": 8},
        {"val_fraction": 0.25},
        {"val_fraction": 0.25, "patience": 2},
        {"only": ("disk", "star"), "train_size": 15, "test_size": 6, "batch_size": 4},
        {"class_weights": (1.0, 2.0), "only": ("star", "disk"), "train_size": 30, "test_size": 8},
        {"batch_size": None},
        {"patience": 2, "train_size": 37},
    ],
)
def test_the_expected_set_is_the_one_that_is_loaded(settings, monkeypatch):
    """Settings that are not refused before the data are not refused after it either."""
    draw = data.synthetic
    monkeypatch.setattr(data, "synthetic", lambda train, test: draw(min(train, 200), min(test, 40)))
    config = replace(TINY, **settings)
    expected = expected_images(config)
    train, _ = split_validation(config, *small_images.load_sets(config))
    assert expected.input_shape == train.input_shape and expected.classes == train.classes
    assert expected.images == len(train)


@pytest.mark.parametrize("seed", range(20))
def test_what_only_the_files_can_tell_refuses_no_batch_that_fits(seed, monkeypatch):
    """CIFAR-10's labels are in its files: the most that validation can leave is expected."""
    rng = np.random.default_rng(seed)
    images = int(rng.integers(20, 300))
    labels = rng.choice(10, images, p=rng.dirichlet([0.3] * 10))
    given = data.ImageDataset(np.zeros((images, 32, 32, 3), np.uint8), labels, cifar10.CLASSES, "x")
    monkeypatch.setattr(cifar10, "find", lambda folder: None)
    config = replace(
        TINY,
        dataset="cifar10",
        train_size=images,
        patience=1,
        val_fraction=float(rng.uniform(0.02, 0.98)),
    )
    left = len(split_validation(config, given, given)[0])
    assert left <= expected_images(config).images <= left + 20


def test_a_depth_of_many_nets_knows_no_patience(tmp_path, no_images):
    with pytest.raises(ConfigError, match="^degradation: patience: expected None, got 3; "):
        degradation.run(replace(TINY, patience=3), tmp_path / "run", progress=False)


def test_a_stand_in_takes_little_memory():
    config = replace(TINY, train_size=10**7, batch_size=None)
    assert expected_images(config).images == 10**7


def test_sets_that_are_given_are_not_guessed_at(tmp_path):
    """A caller who passes images need not describe them."""
    from minires.experiments import single_net

    sets = [one.resize(8) for one in data.synthetic(40, 10)]
    config = RunConfig.for_data(
        model="resnet-8", net={"width": 2}, only=("a", "b"), epochs=1, batch_size=20, image_size=5
    )
    single_net.run(config, tmp_path / "run", progress=False, sets=sets)
    assert (tmp_path / "run" / "weights.safetensors").exists()


def test_degradation_still_takes_all_that_fits(tmp_path):
    config = replace(TINY, image_size=8, net={"width": 2}, crop_padding=1)
    degradation.run(config, tmp_path / "run", depths=(8,), progress=False)
    assert (tmp_path / "run" / "metrics.csv").exists()
