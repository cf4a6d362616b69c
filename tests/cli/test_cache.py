"""``minires cache``: it lists the caches, and clears those that no process uses."""

import os

import pytest

from minires.cli import main
from minires.data.cache_store import MARK, entries

from ..data.photo_folders import classes, load
from ..faults import refuse

pytest.importorskip("PIL.Image")


NAMES = ("cats and dogs", "birds")


@pytest.fixture
def place(tmp_path):
    """The caches of two sets that no process uses, and a folder that is not a cache."""
    for name in NAMES:
        load(classes(tmp_path / name), cache=tmp_path / "cache")
    for mark in (tmp_path / "cache").glob(f"*/*{MARK}"):
        mark.unlink()
    (tmp_path / "cache" / "mine").mkdir()
    return tmp_path / "cache"


def call(place, *words):
    return main(["cache", "--cache", str(place), *words])


def test_listing(place, capsys, monkeypatch):
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "5 GB")
    assert call(place) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    total = sum(one.bytes for one in entries(place)) / 1000
    assert first == (
        f"{place}: 2 sets of decoded pictures, {total:.3g} kB of at most 5 GB (MINIRES_CACHE_LIMIT)"
    )
    assert len(lines) == 2 and any("cats and dogs" in line for line in lines)
    assert all("8 pictures of 9 pixels" in line and "used just now" in line for line in lines)
    assert all(any(line.endswith(str(place.parent / name)) for line in lines) for name in NAMES)
    (entries(place)[0].folder / "index.json").write_text("no index")
    assert call(place) == 0
    assert "0 pictures of 9 pixels" in capsys.readouterr().out
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "none")
    assert call(place / "nothing") == 0
    assert "0 sets of decoded pictures, 0 bytes without a limit" in capsys.readouterr().out


def test_clearing(place, capsys):
    assert call(place, "--clear", "--yes") == 0
    assert "removed: 2 of 2" in capsys.readouterr().out
    assert sorted(path.name for path in place.iterdir() if path.name[0] != ".") == ["mine"]
    assert call(place, "--clear", "--yes") == 0  # nothing left to do


def test_what_is_in_use_stays(place, capsys):
    one = entries(place)[0]
    (one.folder / f"{os.getppid()}@elsewhere{MARK}").touch()
    assert call(place, "--clear", "--yes") == 1
    printed = capsys.readouterr().out
    assert "in use" in printed and f"kept: {one.folder.name}, which a process uses" in printed
    assert "removed: 1 of 2" in printed and one.folder.exists()


@pytest.mark.parametrize("answer, left", [("y", 0), ("yes", 0), ("", 2), ("n", 2), (None, 2)])
def test_it_asks_before_it_clears(place, capsys, monkeypatch, answer, left):
    def typed(question):
        assert question == "Remove all 2? [y/N] "
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert call(place, "--clear") == (1 if left else 0)
    assert len(entries(place)) == left


def test_without_a_terminal_it_needs_yes(place, capsys):
    assert call(place, "--clear") == 1
    printed = capsys.readouterr()
    assert "expected --clear together with --yes" in printed.err and len(entries(place)) == 2


def test_a_file_instead_of_a_folder(place, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert call(tmp_path / "file") == 1
    assert "not a folder" in capsys.readouterr().err


def test_what_cannot_be_removed_is_not_said_to_be_in_use(place, capsys, monkeypatch):
    """For example in a cache that belongs to another user."""
    monkeypatch.setattr("minires.data.cache_store.os.replace", refuse)
    assert call(place, "--clear", "--yes") == 1
    printed = capsys.readouterr().out
    assert printed.count("which cannot be removed: Permission denied") == 2
    assert "which a process uses" not in printed
