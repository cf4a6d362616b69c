"""Folders as people have them: with and without a test set, unzipped into themselves, with one
class, or with two names for one class."""

import warnings
from unicodedata import normalize

import pytest

from minires.data import ImageTransform
from minires.data.datasets.folder_layout import EVALUATE, find_layout
from minires.data.datasets.image_folder import photographs_to_test
from minires.data.picture_files import LeftOut
from minires.errors import DataError

from .photo_folders import classes, draw, load

pytest.importorskip("PIL.Image")


def for_test(folder):
    cache = folder.parent / "cache"
    return photographs_to_test(folder, ImageTransform(8, 8), workers=0, cache=cache, progress=False)


@pytest.mark.parametrize("train", ["train", "Train", "training"])
@pytest.mark.parametrize("test", ["val", "valid", "validation", "test", "Testing"])
def test_training_and_test_pictures_apart(tmp_path, train, test):
    root = tmp_path / "pets"
    classes(root / train)
    classes(root / test, count=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sets = load(root)
    assert [len(one) for one in sets] == [8, 4] and sets[0].name == "pets"
    assert len(for_test(root)) == 4


def test_of_val_and_test_a_training_looks_at_val_and_an_evaluation_at_test(tmp_path):
    root = tmp_path / "pets"
    for part, count in (("train", 4), ("val", 3), ("test", 2)):
        classes(root / part, count=count)
    with pytest.warns(LeftOut, match="left out: the folder test/"):
        assert [len(one) for one in load(root)] == [8, 6]
    with pytest.warns(LeftOut, match="left out: the folder train/, the folder val/"):
        assert len(for_test(root)) == 4
    assert find_layout(root, EVALUATE).testing.name == "test"


def test_a_test_set_alone_can_be_evaluated_and_not_trained_on(tmp_path):
    classes(tmp_path / "pets" / "test", count=3)
    assert len(for_test(tmp_path / "pets")) == 6
    with pytest.raises(DataError, match=r"test/ without train/"):
        load(tmp_path / "pets")


@pytest.mark.parametrize("inner", ["pets", "pets/pets", "a/b/c"])
def test_a_folder_in_a_folder(tmp_path, inner):
    """As unzipping leaves it, in a folder with the archive's name; and the same twice."""
    classes(tmp_path / "pets" / inner)
    (tmp_path / "pets" / "__MACOSX" / "cat").mkdir(parents=True)
    with pytest.warns(LeftOut) as said:
        train, test = load(tmp_path / "pets")
    assert (len(train), len(test)) == (6, 2) and train.classes == ("cat", "dog")
    assert f"reading {tmp_path / 'pets' / inner}, the only folder in it" in str(said[0].message)
    assert "left out: 1 hidden folder" in str(said[1].message) and len(said) == 2
    assert len(for_test(tmp_path / "pets")) == 8


def test_one_class(tmp_path):
    classes(tmp_path / "pets", ("cat",))
    with pytest.raises(DataError, match="fewer than two classes: .*, got 1 folder$"):
        load(tmp_path / "pets")
    assert for_test(tmp_path / "pets").classes == ("cat",)


def test_pictures_that_no_folder_sorts(tmp_path):
    for i in range(3):
        draw(tmp_path / "pets" / f"{i}.png")
    for read in (load, for_test):
        with pytest.raises(
            DataError, match="got 0 folders and 3 loose pictures; sort the pictures"
        ):
            read(tmp_path / "pets")


def test_train_and_val_are_not_classes(tmp_path):
    """They used to be: a net learned to tell training pictures from test pictures."""
    classes(tmp_path / "pets", ("train", "val"))
    with pytest.raises(DataError, match="no classes in train/, val/"):
        load(tmp_path / "pets")


@pytest.mark.parametrize("names", [("Cat", "cat"), ("café", normalize("NFD", "café")), ("ß", "SS")])
def test_classes_with_nearly_the_same_name(tmp_path, names):
    classes(tmp_path / "pets", (*names, "dog"))
    if len(list((tmp_path / "pets").iterdir())) < 3:
        pytest.skip("this disk treats both names as one")
    with pytest.raises(DataError, match="differ only in upper and lower case or .*put their"):
        load(tmp_path / "pets")


def test_classes_that_differ_between_training_and_testing(tmp_path):
    root = tmp_path / "pets"
    classes(root / "train", ("cat", "dog", "emu"))
    classes(root / "val", ("cat", "dog", "fox", "gnu"))
    with pytest.raises(DataError, match="got only in train/: emu; only in val/: fox, gnu$"):
        load(root)


def test_one_class_spelled_in_two_ways(tmp_path):
    root = tmp_path / "pets"
    classes(root / "train", ("cat", "dog"))
    classes(root / "val", ("Cat", "dog"))
    with pytest.raises(DataError, match="called 'cat' in train/, but 'Cat' in val/.*rename one"):
        load(root)


def test_names_as_a_mac_writes_them_are_the_same_classes_elsewhere(tmp_path):
    """The sets have é as one letter, however the disk stores it."""
    classes(tmp_path / "pets", (normalize("NFD", "café"), "dog"))
    assert load(tmp_path / "pets")[0].classes == (normalize("NFC", "café"), "dog")


def test_empty_classes_are_named_together(tmp_path):
    classes(tmp_path / "pets")
    (tmp_path / "pets" / "emu").mkdir()
    (tmp_path / "pets" / "fox").mkdir()
    (tmp_path / "pets" / "fox" / "a.heic").write_text("x")
    with pytest.raises(DataError, match=r"got none in emu/, fox/ \(1 .heic \(export them as JPEG"):
        load(tmp_path / "pets")
