"""The wall around a submission: attacks that get round a hook in Python, and not round the system's
namespaces. Each is seen to succeed where the wall is taken away."""

import socket
import sys
import threading
from pathlib import Path

import pytest

from minires.course.mark import Limits, mark
from minires.course.sandbox import isolation
from minires.course.sandbox.isolation import BUBBLEWRAP, PROCESS
from minires.errors import ConfigError

from .conftest import RIGHT, changed, points, with_cell

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are Linux's")
needs_bubblewrap = pytest.mark.skipif(
    not isolation.bubblewrap_works(), reason="bubblewrap is not installed, or not allowed here"
)
both = pytest.mark.parametrize("wall", [PROCESS, pytest.param(BUBBLEWRAP, marks=needs_bubblewrap)])

# Each prints "found" if it gets what it is after; {target} is a file of somebody else.
ATTACKS = {
    "a path whose class lies about itself": """
class Path(str):
    def startswith(self, *words): return False
    def __eq__(self, other): return False
    __hash__ = str.__hash__
try:
    text = open(Path({target!r})).read()
except Exception:
    text = ""
print("found" if "secret of ann" in text else "nothing")
""",
    "the size of a file": """
import os
try:
    print("found" if os.stat({target!r}).st_size > 3 else "nothing")
except OSError:
    print("nothing")
""",
    "programs of others": """
import os
print("found" if len([name for name in os.listdir("/proc") if name.isdigit()]) > 4 else "nothing")
""",
    "the model solutions": """
import os
folder = os.path.join(os.path.dirname(__import__("minires").__file__), "course", "assignments")
try:
    os.stat(os.path.join(folder, "a1_autograd.py"))
    print("found")
except OSError:
    print("nothing")
""",
}


def graded(source, cell, wall, **limits):
    result = mark(with_cell(source, cell), source, "a1_small", Limits(20, isolation=wall, **limits))
    assert result.isolation == wall
    return result


@linux
@both
@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_out_of_reach(name, wall, source, tmp_path):
    target = tmp_path / "ann.txt"
    target.write_text("secret of ann")
    result = graded(source, ATTACKS[name].format(target=str(target)), wall)
    assert points(result) == RIGHT  # the honest answers beside it count
    assert ("found" in result.output) == (wall == PROCESS), result.output


@linux
@both
def test_a_message_to_the_outside(wall, source):
    """UDP needs no connection, so nothing that the hook is told of."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(3)
        port = listener.getsockname()[1]
        got = []

        def listen():
            try:
                got.append(listener.recv(100))
            except TimeoutError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        graded(
            source,
            "import socket\n"
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
            f".sendto(b'the answers', ('127.0.0.1', {port}))",
            wall,
        )
        thread.join()
    assert bool(got) == (wall == PROCESS)


@needs_bubblewrap
def test_what_is_honest_works_behind_the_wall(source):
    cell = (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
        "open('mine.txt', 'w').write('x'); print(open('mine.txt').read())"
    )
    result = graded(source, cell, BUBBLEWRAP)
    assert points(result) == RIGHT and not result.problems and len(result.figures) == 1


@needs_bubblewrap
def test_a_crash_says_which_signal(source):
    crash = changed(source, a1_relu="import ctypes\nctypes.string_at(0)")
    result = mark(crash, source, "a1_small", Limits(20, isolation=BUBBLEWRAP))
    assert "signal 11" in result.problems[0] + result.problems[-1]


def test_the_choice(monkeypatch):
    isolation.bubblewrap_works.cache_clear()
    monkeypatch.setattr(isolation.shutil, "which", lambda name: None)
    try:
        assert isolation.choose() == PROCESS
        with pytest.raises(ConfigError, match="bubblewrap does not work here.*apt install"):
            isolation.choose(BUBBLEWRAP)
        with pytest.raises(ConfigError, match="did you mean 'bubblewrap'"):
            isolation.choose("bubblewarp")
    finally:
        isolation.bubblewrap_works.cache_clear()


def test_a_program_that_fails_is_not_chosen(monkeypatch, tmp_path):
    broken = Path(tmp_path / "bwrap")
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    isolation.bubblewrap_works.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert isolation.choose() == PROCESS
    finally:
        isolation.bubblewrap_works.cache_clear()
