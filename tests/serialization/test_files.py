"""Files are written whole and by one process at a time, and unfinished files are removed."""

import os
import subprocess
import sys
import threading
import time

import pytest

from minires.errors import CheckpointError
from minires.serialization.files import HOUR, Lock, is_running, remove_unfinished, write_bytes

from ..faults import Disk, Killed, on


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("torn", [False, True])
def test_the_old_file_stays_whole_when_writing_fails(tmp_path, at, torn):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with on(Disk(tmp_path, at=at, torn=torn)), pytest.raises(CheckpointError, match="No space"):
        write_bytes(path, b"new content")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_leftovers_of_a_dead_process_are_removed_by_the_next_writer(tmp_path, dead):
    old, young = tmp_path / f".a[1].{dead}-1.part", tmp_path / f".a[1].{dead}-2.part"
    living, other = tmp_path / f".a[1].{os.getpid()}-1.part", tmp_path / f".b.{dead}-1.part"
    for path in (old, young, living, other):
        path.touch()
    for path in (old, living, other):
        os.utime(path, (time.time() - 2 * HOUR,) * 2)
    write_bytes(tmp_path / "a[1]", b"")
    assert set(tmp_path.iterdir()) == {young, living, other, tmp_path / "a[1]"}
    remove_unfinished(tmp_path)
    assert set(tmp_path.iterdir()) == {living, tmp_path / "a[1]"}


def test_a_process_that_dies_while_it_writes_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with on(Disk(tmp_path, at=1, torn=True, kill=True)), pytest.raises(Killed):
        write_bytes(path, b"new content")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
    remove_unfinished(tmp_path, only_writer=True)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="asking would end the process")
def test_is_running(dead):
    assert is_running(os.getpid()) and not is_running(dead) and is_running(10**30)


def test_a_lock_has_one_holder(tmp_path):
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.acquire() and first.held
    assert not second.acquire() and not second.held
    waiting = threading.Thread(target=second.acquire, args=(True,))
    waiting.start()
    first.release()
    waiting.join(10)
    assert second.held and not first.held
    second.release()


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(37, "no locks available")])
def test_where_files_cannot_be_locked_work_goes_on(tmp_path, monkeypatch, error):
    import filelock

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    lock = Lock(tmp_path / "lock")
    assert lock.acquire() and not lock.held
    lock.release()


def test_a_lock_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Lock(tmp_path / "file" / "lock").acquire()
