"""Grading that is interrupted or killed leaves nothing behind, and a new start goes on from
there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minires.course import folders
from minires.course.sandbox import isolation

from ..slow import but_long
from .conftest import NAME, hand_in, with_cell

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="counts in /proc")
WALLS = [
    wall
    for wall in (isolation.PROCESS, isolation.BUBBLEWRAP, isolation.UNFILTERED)
    if isolation.why_not(wall) is None
][:2]
PATIENCE = 120  # seconds, on a busy machine


@pytest.fixture
def start(sources, folder, tmp_path):
    """Start the command, with folders of its own for temporary files and for the key."""
    (tmp_path / "tmp").mkdir()
    environment = os.environ | {
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
        "PYTHONPATH": str(Path(folders.__file__).parents[2]),
    }
    started = []

    def start(*options):
        words = ["course", "grade", folder, "--out", tmp_path / "out", "--sources", sources]
        words += ["--seconds", "600"]  # on a busy machine eve's loop must outlast ana's answers
        process = subprocess.Popen(
            [sys.executable, "-m", "minires", *map(str, words), "--jobs", "2", *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(true, seconds=PATIENCE):
    """Wait for it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.05)


def processes(tmp_path):
    """All processes that have this test's folder in their environment or in their arguments (where
    bwrap has the world): the grader's own and those of submissions."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            if os.fsencode(tmp_path / "tmp") in (place / "environ").read_bytes() + words:
                found[int(place.name)] = words.decode()
        except OSError:
            pass
    return found


def left(tmp_path):
    return list((tmp_path / "tmp").glob("minires-submission-*"))


def kept(tmp_path):
    return sorted(path.parts[-3] for path in (tmp_path / "out" / "results").glob("*/*/result.json"))


def with_loop(source, folder):
    """ana's answers are right. eve's answers never end, and leave a sign when they begin."""
    hand_in(folder, source, "ana")
    loop = "open('begun', 'w').close()\nwhile True: pass"
    return hand_in(folder, with_cell(source, loop), "eve")


def until_eve_loops(tmp_path):
    """Wait for that sign. Behind bubblewrap nobody outside sees it: there the notebook gets a
    second to begin."""

    def has_begun():
        walled = any("bwrap" in words for words in processes(tmp_path).values())
        return kept(tmp_path) == ["ana"] and (
            walled or any((tmp_path / "tmp").glob("*/home/begun"))
        )

    until(has_begun)
    time.sleep(1)


def finished(start, source, folder, tmp_path, *options):
    """Run the same command again with a notebook of eve's that ends. Returns the students that it
    marked, and checks that nothing is left."""
    record = tmp_path / "out" / "results" / "ana" / NAME / "result.json"
    before = record.stat().st_mtime_ns
    hand_in(folder, source, "eve")
    process = start(*options)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "2 notebooks of 2 students graded" in output and record.stat().st_mtime_ns == before
    assert kept(tmp_path) == ["ana", "eve"] and not left(tmp_path) and not processes(tmp_path)
    return output


@pytest.mark.parametrize("wall", but_long((isolation.PROCESS,), WALLS))
@pytest.mark.parametrize(
    "name", but_long(["SIGINT", "SIGTERM", "SIGHUP"], ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
)
@pytest.mark.slow  # starts the command twice; the only test that stops it by each signal
def test_a_grader_that_is_stopped_leaves_nothing(name, wall, start, source, folder, tmp_path):
    with_loop(source, folder)
    process = start("--isolation", wall)
    until_eve_loops(tmp_path)
    assert len(processes(tmp_path)) >= 3
    process.send_signal(getattr(signal, name))
    output, errors = process.communicate(timeout=PATIENCE)
    if name == "SIGKILL":
        assert process.returncode == -9
    else:
        assert process.returncode == 130 and errors.count("interrupted") == 1
        assert "Traceback" not in errors and "Go on with the same command" in errors
        assert not left(tmp_path)
    until(lambda: not processes(tmp_path), PATIENCE)
    assert not left(tmp_path)
    finished(start, source, folder, tmp_path, "--isolation", wall)


# starts the command twice; the only test in which all of its processes are killed at once
@pytest.mark.slow
def test_leftovers_of_a_killed_group_are_removed_by_the_next_run(start, source, folder, tmp_path):
    with_loop(source, folder)
    process = start()
    until_eve_loops(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    until(lambda: not processes(tmp_path), PATIENCE)
    assert len(left(tmp_path)) == 1  # nobody was there to remove it
    (tmp_path / "out" / "results" / "ana" / NAME / ".result.json.1-2.part").write_text("half")
    finished(start, source, folder, tmp_path)


@pytest.mark.long
@pytest.mark.slow  # kills processes of a running command
def test_a_marking_process_that_is_killed_is_replaced_once(start, source, folder, tmp_path):
    with_loop(source, folder)
    process = start()
    killed = set()

    def at_work():
        """The processes that mark eve's notebook and have not been killed before."""
        return [
            number
            for number, words in processes(tmp_path).items()
            if "spawn_main" in words and number not in killed and _children(number)
        ]

    def has_marked_for_a_second():
        """Before that a process tries its wall in another process, which ends at once."""
        first = at_work()
        time.sleep(1)
        return kept(tmp_path) == ["ana"] and len(first) == 1 and first == at_work()

    for _ in range(2):
        until(has_marked_for_a_second)
        (number,) = at_work()
        killed.add(number)
        os.kill(number, signal.SIGKILL)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    report = (tmp_path / "out" / "reports" / "eve" / f"{NAME}.md").read_text(encoding="utf-8")
    assert "the process that marked it ended (signal 9)" in report
    assert kept(tmp_path) == ["ana"] and not processes(tmp_path) and len(left(tmp_path)) == 2
    finished(start, source, folder, tmp_path)


def _children(number):
    found = b""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"PPid:\t{number}\n" in (place / "status").read_text():
                found += (place / "cmdline").read_bytes()
        except OSError:
            pass
    return found


@pytest.mark.slow  # starts the command twice at once
def test_two_runs_into_one_folder(start, source, folder, tmp_path):
    with_loop(source, folder)
    start()
    until_eve_loops(tmp_path)
    second = start()
    output, errors = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1 and output == ""
    (line,) = errors.splitlines()
    assert "another minires course grade is writing there" in line


def test_leftovers_in_use_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with folders.submission_folder() as folder:
        (folder / "answer").write_text("1")
        (tmp_path / "minires-submission-dead").mkdir()
        (tmp_path / "minires-submission-dead" / "lock").write_text("")
        (tmp_path / "minires-submission-new").mkdir()  # its lock does not exist yet
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "minires-submission-link").symlink_to(tmp_path / "elsewhere")
        folders.remove_leftovers()
        assert (folder / "answer").exists() and (tmp_path / "elsewhere").exists()
        assert sorted(path.name for path in left_in(tmp_path)) == sorted(
            [folder.parent.name, "minires-submission-link", "minires-submission-new"]
        )
        os.utime(tmp_path / "minires-submission-new", (0, 0))
        folders.remove_leftovers()
        assert not (tmp_path / "minires-submission-new").exists()
        shut = folder / "shut"
        shut.mkdir()
        (shut / "file").write_text("")
        (folder / "link").symlink_to(tmp_path / "elsewhere")
        shut.chmod(0)
        (tmp_path / "elsewhere").chmod(0o500)
    assert not folder.parent.exists()
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o500


def left_in(tmp_path):
    return list(tmp_path.glob("minires-submission-*"))


def test_points_by_hand_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    from minires.course import by_hand

    by_hand._write(tmp_path, [["ana"] * 7])
    before = (tmp_path / "by_hand.csv").read_bytes()

    def killed(*names):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.replace", killed)
        by_hand._write(tmp_path, [["ben"] * 7])
    assert (tmp_path / "by_hand.csv").read_bytes() == before
