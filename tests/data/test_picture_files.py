"""Which files of a folder are pictures: no others are read, and a line says what is left out."""

import os
import warnings
import zlib

import numpy as np
import pytest

from minires import data
from minires.data.picture_files import LeftOut, beside, find_pictures, in_words, visible_folders
from minires.errors import DataError

Image = pytest.importorskip("PIL.Image")


def draw(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pixels = np.random.default_rng(zlib.crc32(os.fsencode(path))).integers(
        0, 256, (12, 10, 3), np.uint8
    )
    with open(path, "wb") as file:
        Image.fromarray(pixels).save(file, "JPEG" if str(path).endswith("f") else "PNG")


@pytest.fixture
def folder(tmp_path):
    """Two classes of four pictures."""
    for name in ("cat", "dog"):
        for i in range(4):
            draw(tmp_path / "pets" / name / f"{i}.png")
    return tmp_path / "pets"


def load(folder):
    return data.image_folder(
        folder, 8, workers=0, cache=os.path.dirname(folder) + "/cache", progress=False
    )


def sizes(folder):
    train, test = load(folder)
    return len(train), len(test)


def test_jfif_is_read(folder):
    """JPEG under the ending that Chrome on Windows gives it."""
    for i in range(4):
        draw(folder / "cat" / f"{i}.jfif")
        draw(folder / "dog" / f"{i}.JFIF".replace("JFIF", "jfif"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sizes(folder) == (12, 4)


def test_files_that_are_left_out_are_listed(folder):
    for i in range(20):
        (folder / "cat" / f"{i}.HEIC").write_bytes(b"x")
    (folder / "dog" / "notes").write_text("good")
    (folder / ".DS_Store").write_text("")
    draw(folder / "loose.png")
    with pytest.warns(LeftOut) as said:
        assert sizes(folder) == (6, 2)
    (line,) = (str(one.message) for one in said)
    assert line.startswith(f"{folder}: left out: 20 .heic (export them as JPEG, or: magick ")
    rest = "hidden file, picture beside the folders of the classes, file without an ending"
    assert all(f"1 {kind}" in line for kind in rest.split(", "))


def test_a_line_of_all_kinds(tmp_path):
    """Kinds with one file, with several, with advice; the eleventh kind comes under "others"."""
    for name in ("a.txt", "b.txt", "c.CR2", "d.mp4", "e.zip", ".f", ".g", "h"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".git").mkdir()
    words = in_words(find_pictures(tmp_path).left_out)
    assert words.startswith("2 ")
    parts = words.split(", ")
    assert {"2 .txt", "2 hidden files", "1 hidden folder", "1 file without an ending"} <= {*parts}
    assert "1 .cr2 (from a camera: develop them to JPEG" in words and "1 .mp4 (take pict" in words
    assert "1 .zip (unpack it" in words
    for i in range(12):
        (tmp_path / f"x.{i}").write_text("x")
    assert in_words(find_pictures(tmp_path).left_out).endswith(" others")


@pytest.mark.parametrize("name", ["a.txt", "b", "c.HEIC", "d.jpg.download", "e.dat"])
def test_a_picture_under_another_name_is_read(folder, name):
    """Messengers save JPEG as .heic, and scripts save pictures without an ending."""
    os.rename(folder / "cat" / "0.png", folder / "cat" / name)
    with pytest.warns(
        LeftOut, match=r"pets: 1 file is a picture though its name does not end like"
    ):
        train, test = load(folder)
    assert str(folder / "cat" / name) in train.names() + test.names()


def test_raw_files_are_not_tiff(tmp_path):
    """Cameras' raw files begin like TIFF, but hold sensor data and not the picture."""
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.nef")
    found = find_pictures(tmp_path)
    assert not found.pictures and found.left_out == {".nef": 1}


def test_folders_within_a_class_belong_to_it(folder):
    for i in range(4):
        draw(folder / "cat" / "2023" / "summer" / f"{i}.JPEG".replace("JPEG", "jpeg"))
    assert sizes(folder) == (9, 3)


def test_folders_beside_train_and_val_are_mentioned(folder, tmp_path):
    for part in ("train", "val", "extra"):
        for name in ("cat", "dog"):
            draw(tmp_path / "split" / part / name / "0.png")
    with pytest.warns(LeftOut, match="left out: the folder extra/"):
        assert sizes(tmp_path / "split") == (2, 2)


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "__MACOSX", "@eaDir", "inner/.thumbnails"])
def test_copies_that_programs_hide_are_not_read(folder, name):
    """Hidden copies of training pictures used to get into the test set."""
    for i in range(5):
        draw(folder / "cat" / name / f"{i}-checkpoint.png")
        draw(folder / name / "cat" / f"{i}.png" if "/" not in name else folder / "cat/4.png")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    (folder / "cat" / "._0.png").write_bytes(b"x")
    with pytest.warns(LeftOut, match=r"left out: 2 hidden f.* hidden f") as said:
        train, test = load(folder)
    assert len(said) == 1
    assert train.classes == ("cat", "dog")
    assert all("checkpoint" not in name for name in train.names() + test.names())


def test_a_class_of_hidden_pictures_has_none(folder):
    draw(folder / "emu" / ".0.png")
    with pytest.raises(
        DataError, match=r"a class without pictures: .* got none in emu/ \(1 hidden file only\)"
    ):
        load(folder)


LINKS = pytest.mark.skipif(os.name != "posix", reason="links")


@LINKS
def test_links_that_lead_nowhere_are_counted(folder):
    (folder / "cat" / "9.png").symlink_to("nowhere.png")
    found = find_pictures(folder / "cat")
    assert len(found.pictures) == 4 and in_words(found.left_out) == "1 broken link"


@LINKS
def test_links_to_folders_elsewhere_are_followed(folder, tmp_path):
    draw(tmp_path / "disk" / "9.png")
    (folder / "cat" / "more").symlink_to(tmp_path / "disk")
    (folder / "cat" / "twice").symlink_to(tmp_path / "disk")
    found = find_pictures(folder / "cat")
    assert [path.parent.name for path in found.pictures].count("more") == 1
    assert len(found.pictures) == 5
    assert in_words(found.left_out) == "1 link to a folder that is read anyway"


@LINKS
def test_links_in_circles_are_counted_and_not_followed(folder, tmp_path):
    (folder / "cat" / "me").symlink_to(folder / "cat")
    (folder / "cat" / "up").symlink_to(folder)
    draw(tmp_path / "disk" / "9.png")
    (tmp_path / "disk" / "round").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(folder)
    (folder / "cat" / "disk").symlink_to(tmp_path / "disk")
    found = find_pictures(folder / "cat")
    assert len(found.pictures) == 5
    assert in_words(found.left_out) == "4 links to folders that are read anyway"
    (folder / "loop").symlink_to(folder)
    assert [path.name for path in visible_folders(folder)] == ["cat", "dog"]
    assert beside(folder).left_out == {"link to a folder that is read anyway": 1}


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on Unix only")
def test_names_that_are_not_utf_8(folder):
    """As unzipping an archive from another system leaves them: the class, a picture and the folder
    itself."""
    odd = os.fsdecode(b"caf\xe9")
    draw(os.path.join(folder, odd, "0.png"))
    draw(os.path.join(folder, odd, odd + "\x1b.png"))
    os.rename(folder, folder.with_name(odd))
    train, test = load(str(folder.with_name(odd)))
    assert train.classes == ("caf\\xe9", "cat", "dog") and train.name == "caf\\xe9"
    names = sorted(os.path.basename(name) for name in train.names() + test.names())
    assert names[-1] == "caf\\xe9\\x1b.png"
    "".join(names).encode("utf-8")


def test_a_folder_with_a_name_of_250_letters(folder):
    long = folder.with_name("n" * 250)
    folder.rename(long)
    train, _ = load(long)
    assert train.name == "n" * 250 and len(train) == 6
