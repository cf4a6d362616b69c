"""Photographs that stay in their files, with crops cut from all of their pixels."""

from concurrent.futures import Future
from functools import partial

import numpy as np
import pytest

from minires.data.duplicates import DuplicatePictures
from minires.data.images import decode
from minires.data.original_pixels import original_pictures
from minires.data.transforms import ImageTransform, random_box
from minires.errors import DataError

from . import photo_folders
from .loading import loader
from .pictures import drawing

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(tmp_path):
    for label, name in enumerate(("heron", "otter")):
        (tmp_path / "birds" / name).mkdir(parents=True)
        for i in range(4):
            picture = Image.fromarray(drawing(60 + 9 * i, 80 + 5 * label, seed=10 * label + i))
            picture.save(tmp_path / "birds" / name / f"{i}.png")
    return tmp_path / "birds"


load = partial(photo_folders.load, size=16)


def test_nothing_is_written_and_evaluation_is_that_of_each_file(folder):
    train, test = load(folder, original_pixels=True)
    assert not (folder.parent / "cache").exists()
    ((images, labels),) = loader(train).eval_loader(test, 500)
    expected = [ImageTransform(18, 16)(decode(name)) for name in test.names()]
    np.testing.assert_allclose(images, expected, atol=1e-6)
    assert np.array_equal(labels, test.labels)


def test_random_crops_are_cut_from_the_file_and_then_scaled(folder):
    """As torchvision's RandomResizedCrop does: crop, then resize, both by Pillow."""
    train, _ = load(folder, original_pixels=True)
    batches = loader(train, crop_scale=0.08)
    indices, rng = batches.permutation[:4].copy(), np.random.default_rng(1)
    images, _ = next(batches)
    for image, index in zip(images, indices):
        file = Image.open(train.names()[index]).convert("RGB")
        top, left, height, width = random_box(file.height, file.width, 0.08, rng)
        part = file.crop((left, top, left + width, top + height))
        part = np.array(part.resize((16, 16), Image.Resampling.BILINEAR))
        expected = (part / 255 - np.array(train.transform.mean)) / np.array(train.transform.std)
        np.testing.assert_allclose(image, expected, atol=1e-5)


def test_small_crops_are_sharper_than_from_the_cache(folder, monkeypatch):
    """Stripes of single pixels survive in a crop of the file; the cache has averaged them away."""
    stripes = np.zeros((160, 160, 3), np.uint8)
    stripes[:, ::2] = 255
    for name in ("heron", "otter"):
        for i in range(4):
            Image.fromarray(stripes).save(folder / name / f"{i}.png")
    monkeypatch.setattr(
        "minires.data.batches.random_box", lambda h, w, smallest, rng: (0, 0, h // 10, w // 10)
    )
    contrast = {}
    for original in (False, True):
        train, _ = load(folder, original_pixels=original)
        images, _ = next(loader(train, crop_scale=0.01))
        contrast[original] = float(images.std(axis=(1, 2)).max())
    assert contrast[True] > 3 * contrast[False]


@pytest.mark.slow  # starts processes
def test_the_same_batches_with_processes(folder):
    one, many = (load(folder, original_pixels=True, workers=workers)[0] for workers in (0, 2))
    batches = [loader(train, crop_scale=0.2, flip=True) for train in (one, many)]
    for _ in range(4):
        (images, labels), (others, more) = (next(some) for some in batches)
        assert np.array_equal(images, others) and np.array_equal(labels, more)


def test_a_process_gets_only_the_names_of_its_batch(folder, monkeypatch):
    train, _ = load(folder, original_pixels=True)
    sent = []

    def submit(workers, function, pictures, indices, *more):
        sent.append((pictures, indices))
        done: Future = Future()
        done.set_result(function(pictures, indices, *more))
        return done

    monkeypatch.setattr("minires.data.workers.submit", submit)
    next(loader(train))
    pictures, indices = sent[0]
    assert len(pictures) == len(indices) == 4 < len(train)


def test_a_picture_taken_with_the_camera_on_its_side(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(drawing(20, 30)).save(tmp_path / "x.jpg", exif=exif)
    pictures = original_pictures([tmp_path / "x.jpg"], progress=False)
    assert pictures.sizes.tolist() == [[30, 20]] and pictures[0].shape == (30, 20, 3)


def test_damage_behind_the_first_bytes_is_found_before_training(folder):
    """With skip_damaged such a run used to end at the first of these files, in the middle of an
    epoch."""
    whole = folder / "heron" / "whole.jpg"
    Image.fromarray(drawing(400, 300)).save(whole, quality=95)
    content = whole.read_bytes()
    (folder / "heron" / "cut.jpg").write_bytes(content[: len(content) * 3 // 4])
    Image.fromarray(drawing(30, 40)).convert("LAB").save(folder / "otter" / "lab.tif")
    with pytest.raises(DataError, match="2 of 11 cannot be read: .*cut.jpg: a dam.*mode LAB"):
        load(folder, original_pixels=True)
    with pytest.warns(UserWarning, match="left out: 2 damaged of 11 pictures"):
        train, test = load(folder, original_pixels=True, skip_damaged=True)
    assert len(train) + len(test) == 9
    pictures = original_pictures([whole], progress=False)
    assert pictures.sizes.tolist() == [[400, 300]] and pictures[0].shape == (400, 300, 3)


def test_files_that_are_not_pictures_are_named(folder):
    (folder / "heron" / "0.png").write_text("no picture")
    (folder / "otter" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match="2 of 8 cannot be read: .*0.png.*1.png: an empty file"):
        load(folder, original_pixels=True)


def test_damaged_files_can_be_skipped_and_copies_are_named(folder):
    (folder / "heron" / "0.png").write_text("no picture")
    copied = (folder / "otter" / "1.png").read_bytes()
    (folder / "heron" / "copy.png").write_bytes(copied)
    with pytest.warns(DuplicatePictures, match="a picture is in two classes"):
        train, test = load(folder, original_pixels=True, skip_damaged=True)
    assert list(train.damaged) == [str(folder / "heron" / "0.png")]
    assert str(folder / "heron" / "0.png") not in [*train.names(), *test.names()]


def test_a_picture_that_changes_during_a_run_is_noticed(folder):
    train, _ = load(folder, original_pixels=True)
    for name in train.names():
        Image.fromarray(drawing(10, 10)).save(name)
    with pytest.raises(DataError, match="has changed since the run began"):
        next(loader(train))


def test_another_size_for_testing(folder):
    train, test = load(folder, test_transform=ImageTransform(27, 24))
    assert train.input_shape == (16, 16, 3) and test.input_shape == (24, 24, 3)
    ((images, _),) = loader(train).eval_loader(test, 500)
    assert images.shape[1:] == (24, 24, 3)
    assert train.pictures.sizes.min() == 27  # the cache has the pixels that the larger size needs
