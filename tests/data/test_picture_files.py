"""Which files of a folder are pictures: nothing else is read, and what is left out is said."""

import os
import warnings

import numpy as np
import pytest

from minires import data
from minires.data.picture_files import LeftOut, find_pictures, in_words
from minires.errors import DataError

Image = pytest.importorskip("PIL.Image")


def draw(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pixels = np.random.default_rng(len(os.fsencode(path))).integers(0, 256, (12, 10, 3), np.uint8)
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
    """JPEG, as Chrome saves it on Windows."""
    for i in range(4):
        draw(folder / "cat" / f"{i}.jfif")
        draw(folder / "dog" / f"{i}.JFIF".replace("JFIF", "jfif"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sizes(folder) == (12, 4)


def test_what_is_left_out_is_said(folder):
    for i in range(20):
        (folder / "cat" / f"{i}.HEIC").write_bytes(b"x")
    (folder / "dog" / "notes").write_text("good")
    draw(folder / "loose.png")
    with pytest.warns(LeftOut) as said:
        assert sizes(folder) == (6, 2)
    assert str(said[0].message) == (
        f"{folder}: left out: 20 .heic, 1 without a suffix, "
        "1 pictures beside the folders of the classes"
    )


def test_folders_beside_train_and_val_are_mentioned(folder, tmp_path):
    for part in ("train", "val", "extra"):
        for name in ("cat", "dog"):
            draw(tmp_path / "split" / part / name / "0.png")
    with pytest.warns(LeftOut, match="left out: 1 folder extra/"):
        assert sizes(tmp_path / "split") == (2, 2)


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "__MACOSX", "@eaDir", "inner/.thumbnails"])
def test_copies_that_programs_hide_are_not_read(folder, name):
    """Copies of training pictures got into the test set."""
    for i in range(5):
        draw(folder / "cat" / name / f"{i}-checkpoint.png")
        draw(folder / name / "cat" / f"{i}.png" if "/" not in name else folder / "cat/4.png")
    (folder / "cat" / "Thumbs.db").write_bytes(b"x")
    (folder / "cat" / "._0.png").write_bytes(b"x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, test = load(folder)
    assert train.classes == ("cat", "dog")
    assert all("checkpoint" not in name for name in train.names() + test.names())


def test_a_class_of_hidden_pictures_has_none(folder):
    draw(folder / "emu" / ".0.png")
    with pytest.raises(DataError, match="emu: a class without pictures: .*, got none$"):
        load(folder)


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_links_that_lead_nowhere_are_counted(folder):
    (folder / "cat" / "9.png").symlink_to("nowhere.png")
    pictures, others = find_pictures(folder / "cat")
    assert len(pictures) == 4 and in_words(others) == "1 that are no files, such as broken links"


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on Unix only")
def test_names_that_are_not_utf_8(folder):
    """As a zip from another system leaves them: the class, a picture and the folder itself."""
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
