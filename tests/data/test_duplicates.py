"""The same picture twice, found by its pixels: in both sets, or in two classes."""

import shutil
import warnings

import numpy as np
import pytest

from minires.data import duplicates
from minires.data.duplicates import DuplicatePictures

from .photo_folders import classes, load

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def root(tmp_path):
    """train/ and val/ with six and three pictures in each of two classes."""
    classes(tmp_path / "pets" / "train", count=6)
    classes(tmp_path / "pets" / "val", count=3)
    return tmp_path / "pets"


def test_no_duplicates(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(root)


def test_a_picture_that_differs_in_a_corner_is_another_one(root):
    with Image.open(root / "train/cat/0.png") as image:
        image.paste((255, 0, 0), (16, 12, 20, 16))
        image.save(root / "val/cat/other.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(root)


def test_test_pictures_that_were_trained_on(root):
    """Found by content: under other names, in another format, with other EXIF data."""
    shutil.copy(root / "train/cat/0.png", root / "val/cat/copy.png")
    with Image.open(root / "train/dog/5.png") as image:
        exif = Image.Exif()
        exif[0x010F] = "a camera"
        image.save(root / "val/dog/saved again.webp", lossless=True, exif=exif)
        image.resize((10, 8)).save(root / "val/dog/smaller.png")  # not the same pixels
    with pytest.warns(DuplicatePictures) as said:
        load(root)
    (line,) = (str(one.message) for one in said)
    assert line.startswith(f"{root}: 2 of 9 test pictures are in the training set too, so ")
    assert "train/cat/0.png = val/cat/copy.png, " in line
    assert "train/dog/5.png = val/dog/saved again.webp" in line


def test_one_picture_in_two_classes(root):
    for i in range(5):
        shutil.copy(root / f"train/cat/{i}.png", root / f"train/dog/copy{i}.png")
    with pytest.warns(DuplicatePictures) as said:
        load(root)
    (line,) = (str(one.message) for one in said)
    assert ": 5 pictures are in two classes: train/cat/0.png = train/dog/copy0.png" in line
    assert line.endswith(", and 2 more")


def test_one_duplicate_of_each_kind(root):
    shutil.copy(root / "train/cat/0.png", root / "val/dog/copy.png")
    with pytest.warns(DuplicatePictures) as said:
        load(root)
    pair = "train/cat/0.png = val/dog/copy.png"
    assert [str(one.message) for one in said] == [
        f"{root}: a picture is in two classes: {pair}",
        f"{root}: a test picture is in the training set too, of 7: {pair}",
    ]


def test_a_random_part_for_testing_may_hold_copies(tmp_path):
    folder = classes(tmp_path / "pets", count=5)
    for i in range(5):
        for name in ("cat", "dog"):
            shutil.copy(folder / name / f"{i}.png", folder / name / f"{i} (1).png")
    with pytest.warns(DuplicatePictures, match=r"test picture.* in the training set too"):
        load(folder)


def test_found_as_by_comparing_all_pairs():
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = (list(map(str, rng.integers(0, 12, size))) for size in (9, 7))
        expected = [(one.index(its), j) for j, its in enumerate(other) if its in one]
        assert duplicates.between(one, other) == expected
        labels = rng.integers(0, 3, len(one)).tolist()
        found = duplicates.under_two_labels(one, labels)
        twice = {
            one[i]
            for i in range(9)
            for j in range(9)
            if one[i] == one[j] and labels[i] != labels[j]
        }
        assert {one[i] for i, _ in found} == twice
        assert all(one[i] == one[j] and labels[i] != labels[j] for i, j in found)


def test_the_digest_sees_every_pixel_and_the_shape():
    pixels = np.zeros((4, 6, 3), np.uint8)
    other = pixels.copy()
    other[3, 5, 2] = 1
    turned = pixels.reshape(6, 4, 3)
    assert len({duplicates.digest(one) for one in (pixels, other, turned)}) == 3
    assert duplicates.digest(pixels) == duplicates.digest(pixels[::-1])
