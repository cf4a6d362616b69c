"""All caches together: the limit on their size, which goes first, which stays, and what is never
removed."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minires.data import cache_store
from minires.data.cache_store import (
    CacheRemoved,
    cache_limit,
    entries,
    make_room,
    remove,
    size_in_words,
)
from minires.errors import ConfigError

from .photo_folders import classes, load

pytest.importorskip("PIL.Image")
MACHINE = cache_store._machine()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Caches of three sets, used one, two and three hours ago by processes that have ended."""
    for hours, name in enumerate(("new", "old", "oldest"), start=1):
        load(classes(tmp_path / name), cache=tmp_path / "cache")
        for path in (tmp_path / "cache").glob(f"{name}-*"):
            for file in path.iterdir():
                if file.name.endswith(cache_store.MARK):
                    file.unlink()
                else:
                    os.utime(file, (time.time() - 3600 * hours,) * 2)
    return tmp_path / "cache"


def names(place):
    return [one.name for one in entries(place)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", 20 * 10**9),
        ("5 GB", 5 * 10**9),
        ("500mb", 500 * 10**6),
        ("1.5 TB", 1500 * 10**9),
        ("2 GiB", 2 * 2**30),
        (" 7 ", 7),
        ("0", 0),
        ("none", None),
    ],
)
def test_the_limit(monkeypatch, text, expected):
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", text)
    assert cache_limit() == expected


@pytest.mark.parametrize("text", ["many", "5 XB", "-1 GB", "1e3", "GB", "9" * 400])
def test_an_invalid_limit(monkeypatch, text, tmp_path):
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", text)
    with pytest.raises(ConfigError, match="MINIRES_CACHE_LIMIT: no size: expected a size such as"):
        load(classes(tmp_path / "pets"))


def test_sizes_are_written_as_people_write_them():
    sizes = (0, 999, 1000, 23_800, 1_234_567, 5 * 10**9, 2.5e12)
    expected = ["0 bytes", "999 bytes", "1 kB", "23.8 kB", "1.23 MB", "5 GB", "2.5 TB"]
    assert [size_in_words(size) for size in sizes] == expected


def test_the_list_of_caches(place, tmp_path):
    found = entries(place)
    assert [one.name for one in found] == ["new", "old", "oldest"]
    assert {one.side for one in found} == {9} and not any(one.in_use for one in found)
    for one in found:
        files = [path.stat().st_size for path in one.folder.iterdir()]
        assert one.bytes == sum(files) > 8 * 9 * 9 * 3
    load(tmp_path / "oldest", cache=place)
    assert names(place) == ["oldest", "new", "old"] and entries(place)[0].in_use
    assert entries(tmp_path / "nowhere") == []


def test_the_least_recently_used_goes_first(place, monkeypatch):
    new, old, oldest = entries(place)
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", str(new.bytes + old.bytes))
    with pytest.warns(CacheRemoved, match="removed oldest at 9 pixels .*, last used 3 hours ago"):
        make_room(place)
    assert names(place) == ["new", "old"]
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "0")
    with pytest.warns(CacheRemoved) as said:
        make_room(place, keep=old.folder)
    assert names(place) == ["old"] and len(said) == 1
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "none")
    assert make_room(place) == []


def test_a_new_set_makes_room_for_itself(place, tmp_path, monkeypatch):
    """Even where it is larger than the limit on its own it stays, since it is in use."""
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "1 kB")
    with pytest.warns(CacheRemoved) as said:
        train, _ = load(classes(tmp_path / "newest"), cache=place)
    assert names(place) == ["newest"] and len(said) == 3
    assert train.pictures[0].shape == (9, 11, 3)


def test_a_cache_in_use_stays(place):
    old = entries(place)[1]
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = old.folder / f"{other.pid}@{MACHINE}.in-use"
    mark.touch()
    assert not remove(old.folder) and old.folder.exists() and entries(place)[0].in_use
    other.communicate(b"\n")
    assert remove(old.folder) and not old.folder.exists()
    assert [path.name for path in place.iterdir() if ".part" in path.name] == []


def test_marks_from_other_machines_count_for_a_week(place):
    new = entries(place)[0]
    mark = new.folder / "1@elsewhere.in-use"
    mark.touch()
    assert not remove(new.folder)
    os.utime(mark, (time.time() - 8 * 24 * 3600,) * 2)
    assert remove(new.folder)


def test_a_mark_ends_with_its_process(place, tmp_path):
    code = (
        "import sys; from tests.data.photo_folders import load; from pathlib import Path\n"
        "train, _ = load(Path(sys.argv[1]), cache=sys.argv[2])\n"
        "print([path.name for path in train.pictures.folder.glob('*.in-use')])"
    )
    root = str(Path(__file__).parents[2])
    words = [sys.executable, "-c", code, str(tmp_path / "old"), str(place)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0 and f"@{MACHINE}.in-use" in done.stdout, done.stderr
    assert not list(place.glob(f"*/*{cache_store.MARK}"))
    assert names(place)[0] == "old" and not entries(place)[0].in_use


def test_nothing_but_caches_is_removed(place, tmp_path, monkeypatch):
    """Other folders stay, links to caches elsewhere, and files that somebody put there."""
    new, old, oldest = entries(place)
    outside = tmp_path / "outside"
    old.folder.rename(outside)
    old.folder.symlink_to(outside)
    (new.folder / "thesis.txt").write_text("mine")
    mine = place / "mine-01234567-9"
    mine.mkdir()
    (mine / "pixels.bin").write_text("mine")
    linked = tmp_path / "photo.jpg"
    linked.write_text("mine")
    (oldest.folder / "pixels.bin").unlink()
    (oldest.folder / "pixels.bin").symlink_to(linked)
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "0")
    with pytest.warns(CacheRemoved) as said:
        make_room(place)
    assert len(said) == 1 and "oldest" in str(said[0].message)
    for folder in (new.folder, old.folder, mine, tmp_path):
        assert not remove(folder)
    assert old.folder.is_symlink() and names(place) == []
    assert (new.folder / "thesis.txt").exists() and (outside / "index.json").exists()
    assert (mine / "pixels.bin").exists() and linked.read_text() == "mine"


def test_leftovers_of_dead_processes_are_removed_and_nothing_else(place):
    """After an hour, since a process may live on another machine; at once by a process that has
    locked the cache of that name."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    name, other_name = (one.folder.name for one in entries(place)[:2])
    processes = dead.pid, os.getpid()
    left, living = (place / f"{name}.{process}.part" for process in processes)
    young = place / f"{other_name}.{dead.pid}.part"
    mine = place / f"thesis.{dead.pid}.part"
    for folder in (left, living, young, mine):
        folder.mkdir()
        (folder / "pixels.bin").write_bytes(b"x")
        for path in (folder / "pixels.bin", folder):
            os.utime(path, (time.time() - (0 if folder == young else 4000),) * 2)
    cache_store.remove_unfinished(place)
    assert not left.exists() and mine.exists() and living.exists() and young.exists()
    cache_store.remove_unfinished(place, other_name)
    assert not young.exists() and mine.exists() and living.exists()


def _read_and_make_room(folder, cache, times):
    for _ in range(times):
        train, test = load(folder, cache=cache)
        pixels = [train.pictures[i] for i in range(len(train.pictures))]
        assert len(pixels) == 8 and all(one.shape == (9, 11, 3) for one in pixels)
        again = cache_store  # another process may remove whatever is not in use
        again.make_room(cache)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="started fast, by a fork"
)
def test_processes_that_make_room_at_once(tmp_path, monkeypatch):
    """The limit leaves room for none. Each of four processes keeps the set that it reads, and finds
    it whole."""
    monkeypatch.setenv("MINIRES_CACHE_LIMIT", "0")
    folders = [classes(tmp_path / name) for name in ("a", "b", "a", "b")]
    fork = multiprocessing.get_context("fork")
    started = [
        fork.Process(target=_read_and_make_room, args=(folder, tmp_path / "cache", 15))
        for folder in folders
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 4
    assert set(names(tmp_path / "cache")) <= {"a", "b"}
