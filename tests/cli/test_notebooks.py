"""``minires notebooks`` copies the notebooks, and does not overwrite files that are there."""

from pathlib import Path

import pytest

from minires.cli import main, notebooks

NAMES = [path.name for path in notebooks.find()]


def test_they_are_copied_and_existing_files_stay(tmp_path, capsys):
    (tmp_path / NAMES[3]).write_text("mine")
    assert main(["notebooks", str(tmp_path)]) == 0
    assert (
        sorted(path.name for path in tmp_path.iterdir()) == NAMES
        and (tmp_path / NAMES[3]).read_text() == "mine"
    )
    assert (tmp_path / NAMES[0]).read_bytes() == notebooks.find()[0].read_bytes()
    assert (
        capsys.readouterr().out
        == f"written: {len(NAMES) - 1} notebooks to {tmp_path}\nleft as they were: {NAMES[3]}\n"
    )


def test_the_folder_is_made(tmp_path):
    assert main(["notebooks", str(tmp_path / "new" / "folder")]) == 0
    assert len(list((tmp_path / "new" / "folder").iterdir())) == len(NAMES) == 17


def test_where_nothing_can_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["notebooks", str(tmp_path / "file")]) == 1
    assert "cannot write here" in capsys.readouterr().err


@pytest.mark.parametrize("first", [True, False])
def test_notebooks_come_from_the_installation_or_from_the_checkout(monkeypatch, tmp_path, first):
    folders = tmp_path / "installed", tmp_path / "checkout"
    for folder in folders:
        folder.mkdir()
    place = folders[0] if first else folders[1]
    (place / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setattr(notebooks, "FOLDERS", folders)
    assert notebooks.find() == [Path(place / "00_start_here.ipynb")]


def test_an_installation_without(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(notebooks, "FOLDERS", (tmp_path / "none",))
    assert main(["notebooks", str(tmp_path)]) == 1
    assert "this installation has no notebooks" in capsys.readouterr().err
