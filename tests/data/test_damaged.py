"""Damaged pictures: an error names them, or the user decides to leave them out, with the same
results to the bit."""

import shutil

import numpy as np
import pytest

from minires.data import cache
from minires.data.damaged import DamagedPictures, in_words, report
from minires.errors import DataError

from .photo_folders import CUT, classes, load

pytest.importorskip("PIL.Image")
KINDS = {"cut.jpg": CUT, "empty.png": b"", "text.jpg": b"not a picture at all"}


@pytest.fixture
def folder(tmp_path):
    """Two classes of four, and three damaged pictures."""
    folder = classes(tmp_path / "pets")
    for name, content in KINDS.items():
        (folder / "cat" / name).write_bytes(content)
    return folder


def test_they_are_named_with_their_number(folder):
    with pytest.raises(DataError) as refused:
        load(folder)
    line = str(refused.value)
    assert line.startswith("pictures: 3 of 11 cannot be read: got ") and "\n" not in line
    assert "cut.jpg: a damaged picture" in line and "empty.png: an empty file" in line
    assert "text.jpg: not a picture" in line and "leave them out with --skip-damaged" in line


@pytest.mark.parametrize("workers", [0, 2])
def test_without_them_the_sets_are_the_same_as_for_a_clean_folder(folder, workers):
    with pytest.warns(DamagedPictures, match="left out: 3 damaged of 11 pictures: .*cut.jpg"):
        sets = load(folder, skip_damaged=True, workers=workers)
    clean = folder.parent / "clean" / "pets"
    shutil.copytree(folder, clean, ignore=shutil.ignore_patterns(*KINDS))
    expected = load(clean, cache=folder.parent / "other")
    for one, other in zip(sets, expected):
        assert np.array_equal(one.labels, other.labels)
        names = [name.replace(str(folder), str(clean)) for name in one.names()]
        assert names == other.names()
        pixels = [[its.pictures[i] for i in its.indices] for its in (one, other)]
        assert all(np.array_equal(a, b) for a, b in zip(*pixels, strict=True))
    assert sorted(sets[0].damaged) == sorted(str(folder / "cat" / name) for name in KINDS)
    assert sets[0].damaged[str(folder / "cat" / "empty.png")].startswith("an empty file")


def test_skipping_them_after_the_error_decodes_nothing_again(folder, monkeypatch):
    """After the error the same command with --skip-damaged starts at once, and without it the error
    comes again."""
    with pytest.raises(DataError):
        load(folder)
    monkeypatch.setattr(cache, "decode_quietly", None)
    with pytest.warns(DamagedPictures):
        load(folder, skip_damaged=True)
    with pytest.raises(DataError, match="3 of 11 cannot be read"):
        load(folder)


def test_a_repaired_picture_is_read(folder):
    with pytest.warns(DamagedPictures):
        load(folder, skip_damaged=True)
    for name in KINDS:
        shutil.copy(folder / "dog" / "0.png", folder / "cat" / name)
    with pytest.warns(match="a picture is in two classes"):
        train, test = load(folder)
    assert len(train) + len(test) == 11 and train.damaged == {}


def test_a_class_of_damaged_pictures_only(folder):
    for path in (folder / "dog").iterdir():
        path.write_bytes(CUT)
    with (
        pytest.warns(DamagedPictures, match="7 damaged of 11 pictures.* and 2 more"),
        pytest.raises(DataError, match="dog: all pictures of a class are damaged"),
    ):
        load(folder, skip_damaged=True)


def test_nothing_but_damaged_pictures(folder):
    for path in folder.rglob("*.*"):
        path.write_bytes(CUT)
    with pytest.raises(DataError, match="pictures: none of 11 can be read"):
        load(folder, skip_damaged=True)
    assert not list((folder.parent / "cache").glob("[!.]*"))


def test_a_line_stays_short():
    damaged = {f"{i:03d}.jpg": "x" * 1000 for i in range(1000)}
    words = in_words(damaged)
    assert words.startswith("000.jpg: xxx") and words.endswith(" and 995 more")
    assert len(words) < 1000
    report({}, 10, skip=False)
