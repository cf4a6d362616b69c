"""Readers check that no process writes, and prevent writing while they read."""

import os

import pytest

from minires.serialization.files import Lock
from minires.serialization.read_lock import no_writer


def test_while_a_process_writes(tmp_path):
    with Lock(tmp_path / ".lock") as lock:
        assert lock.acquire()
        with no_writer(tmp_path / ".lock") as free:
            assert not free
    with no_writer(tmp_path / ".lock") as free:
        assert free


def test_no_process_can_begin_to_write_and_others_may_read(tmp_path):
    lock = Lock(tmp_path / ".lock")
    assert lock.acquire()
    lock.release()
    with no_writer(lock.path), no_writer(lock.path) as free:
        assert free and not Lock(lock.path).acquire()
    assert lock.acquire()
    lock.release()


def test_no_file_is_made_or_changed(tmp_path):
    with no_writer(tmp_path / ".lock") as free:
        assert free and list(tmp_path.iterdir()) == []
    (tmp_path / ".lock").write_text("")
    os.utime(tmp_path / ".lock", (1e9, 1e9))
    with no_writer(tmp_path / ".lock"):
        pass
    assert (tmp_path / ".lock").stat().st_mtime == 1e9


@pytest.mark.skipif(os.name != "posix", reason="files of others can be hidden on POSIX only")
def test_a_lock_that_cannot_be_read_does_not_stop_the_reader(tmp_path):
    (tmp_path / ".lock").mkdir()
    with no_writer(tmp_path / ".lock") as free:
        assert free
