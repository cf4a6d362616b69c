"""The walls around a submission: attacks that get round a hook in Python, and how each wall stops
them.

Every attack is seen to succeed where the layer that stops it is taken away.
"""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from minires.course import hold_back
from minires.course.limits import Limits
from minires.course.mark import mark
from minires.course.sandbox import (
    Submission,
    allowed,
    bubblewrap,
    isolation,
    landlocked,
    syscalls,
    visible,
)
from minires.course.sandbox.isolation import BUBBLEWRAP, CONTAINER, LANDLOCK, PROCESS, UNFILTERED
from minires.course.sandbox.world import PREFIX, fill, world
from minires.errors import ConfigError

from .conftest import RIGHT, changed, points, with_cell

if not sys.platform.startswith("linux"):
    pytest.skip("namespaces, Landlock and seccomp are Linux's", allow_module_level=True)


def wall(name):
    """A parameter: where a wall is not available its tests are skipped, with the reason."""
    why = isolation.why_not(name)
    return pytest.param(name, marks=pytest.mark.skipif(bool(why), reason=f"{name}: {why}"))


WALLS = [wall(name) for name in (BUBBLEWRAP, UNFILTERED, CONTAINER, LANDLOCK, PROCESS)]
STRONG = WALLS[:-1]
NAMESPACES = {BUBBLEWRAP, UNFILTERED, CONTAINER}  # with their own file system and processes
FILTER = {BUBBLEWRAP, CONTAINER, LANDLOCK}  # of system calls
ALL = NAMESPACES | FILTER

# Code that sets `found` to true if the attack succeeds, and the walls that stop it. {target} is
# another person's file, {outside} the folder it lies in, {pid} the process of the grader.
ATTACKS = {
    "read a file": ("found = 'secret of ann' in open({target!r}).read()", ALL),
    "the size of a file": ("import os; found = os.stat({target!r}).st_size > 3", NAMESPACES),
    "the names of files": ("import os; found = os.listdir({outside!r})", ALL),
    "the real minires": ("found = open({package!r} + '/course/mark.py').read()", ALL),
    "write a file": ("found = open({outside!r} + '/mine', 'w')", ALL),
    "change a file's mode": (
        "import os; os.chmod({target!r}, 0o600); found = os.stat({target!r}).st_mode & 0o777 == 0o600",
        ALL,
    ),
    "leave a file in shared memory": ("found = open({shared!r}, 'w')", ALL),
    "count processes": (
        "import os; found = len([name for name in os.listdir('/proc') if name.isdigit()]) > 4",
        ALL,
    ),
    "see that a process exists": ("import os; found = os.path.exists('/proc/{pid}')", NAMESPACES),
    "read its own command line": (
        "found = {outside!r}.encode() in open('/proc/self/cmdline', 'rb').read()",
        ALL | {PROCESS},
    ),
    "signal the grader": ("import os; os.kill({pid}, 0); found = True", ALL),
    "start a process": (
        "import ctypes, os\nchild = ctypes.CDLL(None).fork()\nif child == 0: os._exit(0)\n"
        "found = child > 0",
        FILTER,
    ),
    "start a program": (
        "import _posixsubprocess as p, os; import subprocess\n"
        "found = subprocess.run([{python}, '-I', '-c', '']).returncode == 0",
        FILTER,
    ),
    "memory that counts as nobody's": (
        "import os; file = os.memfd_create('x'); os.ftruncate(file, 10**6); found = True",
        FILTER,
    ),
    "a lock on a file, which others could wait for": (
        "import fcntl\nwith open('locked', 'w') as file: fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "found = True",
        FILTER,
    ),
    "a watch on files": ("import ctypes; found = ctypes.CDLL(None).inotify_init() >= 0", FILTER),
    "a named pipe": ("import os; os.mkfifo('pipe'); found = True", FILTER),
    "namespaces of its own": (
        "import ctypes, os\nlibrary = ctypes.CDLL(None)\n"
        "child = library.fork()  # Linux keeps a process with threads from it\n"
        "if child <= 0: found = library.unshare(0x10000000) == 0\n"
        "if child == 0: os._exit(not found)\n"
        "if child > 0: found = os.waitpid(child, 0)[1] == 0",
        FILTER,
    ),
    "a socket": ("import socket; found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", FILTER),
    "its memory from outside": (
        "import ctypes; found = ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
        FILTER,
    ),
    "fill the disk": (
        "import os\ntry:\n    for i in range(8):\n        with open(f'large{{i}}', 'wb') as file:\n"
        "            os.posix_fallocate(file.fileno(), 0, 2**26)\n    found = True\n"
        "finally:\n    for name in os.listdir(): os.remove(name)",
        NAMESPACES,
    ),
    "write into its world": (
        "found = open({world!r} + '/minires/__init__.py', 'a')",
        ALL,
    ),
    "change the root": ("found = open('/mine', 'w')", ALL),
    "the model solutions beside minires": (
        "import os; names = os.listdir({world!r} + '/minires/course')\n"
        "found = not {{'assignments', 'checks', 'mark.py', 'grade.py'}}.isdisjoint(names)",
        ALL | {PROCESS},
    ),
    "the body of a function that is held back": (
        "found = 'group * in_channels' in open({world!r} + '/minires/kernels/naive/conv.py').read()",
        ALL | {PROCESS},
    ),
    "where its folders lie outside": (
        "import os; os.stat({outside!r}); found = True",
        NAMESPACES,
    ),
    "look into the home of the instructor": ("import os; found = os.listdir({home!r})", ALL),
}


def without_hook(code):
    """A cell that runs code where the hook does not reach: in another interpreter."""
    body = textwrap.indent(code, "    ")
    inner = (
        f"found = False\ntry:\n{body}\nexcept BaseException: pass\n"
        "with open('found', 'w') as file: file.write(str(bool(found)))\n"
    )
    return (
        "try:\n    import _interpreters as within\n    run = within.exec\n"
        "except ImportError:\n    import _xxsubinterpreters as within\n    run = within.run_string\n"
        "within_one = within.create('legacy') if hasattr(within, 'exec') else "
        "within.create(isolated=False)\n"
        f"open('found', 'w').close()\nrun(within_one, {inner!r})\n"
        "with open('found') as file: found = file.read()"
    )


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A submission behind each wall, started when a test first needs it."""
    started = {}

    def submission(name):
        if name not in started:
            started[name] = Submission(tmp_path_factory.mktemp(name), "a2", (), 60, isolation=name)
        return started[name]

    yield submission
    for one in started.values():
        one.close()


@pytest.mark.parametrize("name", WALLS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_that_read_or_write_are_stopped(attack, name, behind, tmp_path):
    code, held_by = ATTACKS[attack]
    target = tmp_path / "ann.txt"
    target.write_text("secret of ann")
    target.chmod(0o644)
    shared = Path("/dev/shm") / f"minires-test-{os.getpid()}"
    here = code.format(
        target=str(target),
        outside=str(tmp_path),
        package=str(Path(isolation.__file__).parents[2]),
        shared=str(shared),
        world="/world" if name in NAMESPACES else str(world("a2")),
        pid=os.getpid(),
        home=str(Path.home()),
        python="__import__('sys').executable",
    )
    submission = behind(name)
    try:
        submission.run(without_hook(here), "<cell 1>")
        got = submission.get("found")
        if attack in OUTSIDE and name in NAMESPACES:  # a file of its own world
            got = str(OUTSIDE[attack](tmp_path, shared, target))
    finally:
        shared.unlink(missing_ok=True)
        Path("/mine").unlink(missing_ok=True)
    assert got == str(name not in held_by)


# Attacks that act: behind namespaces they may act inside, without any effect outside.
OUTSIDE = {
    "write a file": lambda folder, shared, target: (folder / "mine").exists(),
    "leave a file in shared memory": lambda folder, shared, target: shared.exists(),
}


@pytest.mark.parametrize("name", WALLS)
def test_a_message_to_the_outside(name, source):
    """UDP needs no connection, so the hook is not called."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        port = listener.getsockname()[1]
        got = []

        def listen():
            try:
                got.append(listener.recv(100))
            except TimeoutError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        cell = (
            "import socket\n"
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
            f".sendto(b'the answers', ('127.0.0.1', {port}))"
        )
        result = mark(with_cell(source, cell), source, "a1_small", Limits(20, isolation=name))
        thread.join()
    assert bool(got) == (name == PROCESS)
    assert points(result) == RIGHT  # its honest answers count


DAEMON = (
    "import subprocess, sys\n"
    "command = [sys.executable, '-I', '-S', '-c', 'import time; time.sleep(77.25)']\n"
    "subprocess.Popen(command, start_new_session=True)"
)


@pytest.mark.parametrize("name", WALLS)
def test_no_process_outlives_its_submission(name, tmp_path):
    """A daemon that leaves its process group."""
    submission = Submission(tmp_path, None, (), 30, isolation=name)
    submission.run(without_hook(DAEMON), "<cell 1>")
    time.sleep(0.5)  # time for it to start
    submission.close()
    left = _running("time.sleep(77.25)")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert bool(left) == (name == PROCESS)


def _running(words, seconds=2):
    """The processes with these words in their command line, if they stay."""
    end = time.monotonic() + seconds
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if words in line and "run_string" not in line and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("name", WALLS)
def test_honest_code_works_behind_each_wall(name, source):
    cell = (
        "import matplotlib.pyplot as plt, os, shutil, tempfile, threading, time, asyncio\n"
        "plt.plot([1, 2])\nopen('mine.txt', 'w').write('x'); print(open('mine.txt').read())\n"
        "os.mkdir('sub'); os.rename('mine.txt', 'sub/mine.txt')\n"
        "with tempfile.TemporaryDirectory() as folder: open(folder + '/x', 'w').close()\n"
        "for i in range(8): threading.Thread(target=time.sleep, args=(0.01,)).start()\n"
        "await asyncio.sleep(0.01)\nimport threadpoolctl; threadpoolctl.threadpool_info()\n"
        "import importlib.metadata; importlib.metadata.entry_points()\n"
    )
    result = mark(with_cell(source, cell), source, "a1_small", Limits(40, isolation=name))
    assert points(result) == RIGHT and not result.problems and len(result.figures) == 1
    assert result.isolation == name and "Matplotlib" not in result.output


@pytest.mark.parametrize("name", STRONG)
def test_a_crash_says_which_signal(name, source):
    crash = changed(source, a1_relu="import ctypes\nctypes.string_at(0)")
    result = mark(crash, source, "a1_small", Limits(20, isolation=name))
    assert "signal 11" in result.problems[0] + result.problems[-1]


@pytest.mark.parametrize("name", STRONG)
def test_a_second_copy_of_minires_is_not_seen(name, tmp_path, monkeypatch):
    """Neither an installed copy nor a build of it, nor the files that point to a copy in
    development."""
    if name == CONTAINER:
        pytest.skip("a container sees the packages of its image only")
    folder = tmp_path / "site-packages"
    for place in ("minires", "minires-0.1.dist-info", "other"):
        (folder / place).mkdir(parents=True)
        (folder / place / "solution.py").write_text("answer = 42")
    (folder / "__editable___minires_finder.py").write_text("MAPPING = '/home/prof/minires'")
    (folder / "other.pth").write_text("/home/prof/other")
    (folder / "other-1.dist-info").mkdir()
    (folder / "other-1.dist-info" / "METADATA").write_text("Name: other\nVersion: 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    visible.hidden.cache_clear()
    try:
        place = tmp_path / "site-packages" / "other"
        submission = Submission(place, None, (), isolation=name, packages=("other",))
        code = (
            "import sys, os\nplace = [path for path in sys.path if os.path.exists(path + '/other')][0]\n"
            "def text(name):\n    try: return open(place + name).read()\n"
            "    except OSError: return ''\n"
            "found = [text('/other/solution.py'), text('/minires/solution.py') + "
            "text('/minires-0.1.dist-info/solution.py') + text('/other.pth') + "
            "text('/__editable___minires_finder.py')]"
        )
        submission.run(code, "<cell 1>")
        found = submission.get("found")
        submission.close()
    finally:
        visible.hidden.cache_clear()
    assert found == ["answer = 42", ""]


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("others", [(), ("pytest",)])
def test_packages_are_seen_if_minires_needs_them_or_they_are_allowed(name, others, tmp_path):
    if name == CONTAINER:
        pytest.skip("a container sees the packages of its image only")
    submission = Submission(tmp_path, None, (), 60, isolation=name, packages=others)
    code = (
        "found = []\nfor name in ('numpy', 'matplotlib.pyplot', 'pytest', 'pluggy', 'jupytext'):\n"
        "    try: __import__(name)\n    except ModuleNotFoundError: pass\n"
        "    else: found.append(name)"
    )
    submission.run(code, "<cell 1>")
    found = submission.get("found")
    submission.close()
    assert found == ["numpy", "matplotlib.pyplot", *(("pytest", "pluggy") if others else ())]


def test_a_package_that_is_not_installed_cannot_be_allowed():
    for name in ("no-such-package", "../numpy", ""):
        with pytest.raises(ConfigError, match="--packages"):
            allowed.entries((name,))


@pytest.mark.parametrize("name", [wall(BUBBLEWRAP)])
def test_threads_are_limited_where_the_system_limits_them(name, tmp_path):
    """By memory at least; for users other than root also by number."""
    submission = Submission(tmp_path, None, (), 60, 2**31, isolation=name)
    submission.run(
        "import threading, time\nnumber = 0\ntry:\n    while number < 5000:\n"
        "        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
        "        number += 1\nexcept RuntimeError:\n    pass",
        "<cell 1>",
    )
    number = submission.get("number")
    submission.close()
    assert number < (1000 if os.getuid() == 0 else 64)


def test_what_a_world_lacks(tmp_path):
    """It has no file of the grader, and functions that are held back have no body. Everything else
    is as it was."""
    package = Path(isolation.__file__).parents[2]
    fill(tmp_path, "a2")
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    for word in (
        "checks",
        "assignments",
        "mark.py",
        "grade.py",
        "remote.py",
        ".cu",
        "cli",
        "lessons",
    ):
        assert not [name for name in files if word in Path(name).parts or name.endswith(".cu")], (
            word
        )
    conv = (tmp_path / "kernels/naive/conv.py").read_text()
    assert (
        "group * in_channels" in (package / "kernels/naive/conv.py").read_text()
        and "group * in_channels" not in conv
    )
    assert "def forward(x" in conv and "refuse('conv2d.forward', 'a2')" in conv
    same = "kernels/naive/pooling.py"
    assert (tmp_path / same).read_bytes() == (package / same).read_bytes()
    for path in tmp_path.rglob("*.pyc"):
        assert str(package).encode() not in path.read_bytes()


@pytest.mark.parametrize("assignment", hold_back.MODULES)
def test_all_of_a_world_can_be_imported(assignment, tmp_path):
    """Some functions run while minires is imported, and so keep their bodies."""
    code = (
        "import sys, importlib, pathlib; root = pathlib.Path(sys.argv[1]); sys.path.insert(0, str(root))\n"
        "for path in sorted((root / 'minires').rglob('*.py')):\n"
        "    importlib.import_module('.'.join(path.relative_to(root).with_suffix('').parts))\n"
    )
    fill(tmp_path / "minires", assignment)
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=tmp_path)


def test_worlds_do_not_pile_up(tmp_path):
    """A grader removes its worlds when it ends. Worlds that a killed grader left are removed by the
    next one."""
    code = (
        "import sys, time; from minires.course.sandbox.world import world; print(world('a1'), "
        "flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def grader():
        started = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return started, Path(started.stdout.readline().strip())

    killed, first = grader()
    killed.kill()
    killed.wait()
    assert first.is_dir() and first.name.startswith(PREFIX)
    ended, second = grader()
    other, third = grader()
    assert not first.exists() and second.is_dir() and third.is_dir()  # worlds in use stay
    for process in (ended, other):
        process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_the_choice(monkeypatch):
    """The strongest wall that works is chosen; a container only on request."""
    works = {BUBBLEWRAP: "no", UNFILTERED: None, CONTAINER: None, LANDLOCK: None, PROCESS: None}
    monkeypatch.setattr(isolation, "why_not", works.get)
    assert isolation.choose() == UNFILTERED
    works[UNFILTERED] = "no program bwrap: apt install bubblewrap"
    assert isolation.choose() == LANDLOCK and isolation.choose(CONTAINER) == CONTAINER
    works[LANDLOCK] = works[BUBBLEWRAP] = "no"
    assert isolation.choose() == PROCESS
    with pytest.raises(ConfigError, match="Landlock does not work here: expected .*got no; .*"):
        isolation.choose(LANDLOCK)
    with pytest.raises(ConfigError, match="did you mean 'bubblewrap'"):
        isolation.choose("bubblewarp")


def test_its_name_says_that_it_does_not_filter_system_calls(monkeypatch):
    monkeypatch.setattr(bubblewrap, "why_not", lambda: None)
    monkeypatch.setattr(syscalls, "why_not", lambda: "pip install pyseccomp")
    assert isolation.choose() == isolation.choose(BUBBLEWRAP) == UNFILTERED
    assert "without a filter of system calls" in isolation.WORDS[UNFILTERED]


@pytest.mark.parametrize(
    "script, words",
    [
        (None, "apt install bubblewrap"),
        ("echo 'bwrap: no permission' >&2; exit 1", "no permission"),
    ],
)
def test_a_program_that_is_missing_or_fails_is_not_chosen(script, words, monkeypatch, tmp_path):
    if script:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(isolation._REASONS, LANDLOCK, lambda: "no")
    bubblewrap.why_not.cache_clear()
    try:
        assert isolation.choose() == PROCESS
        with pytest.raises(ConfigError, match=f"bubblewrap does not work here.*{words}"):
            isolation.choose(BUBBLEWRAP)
    finally:
        bubblewrap.why_not.cache_clear()


@pytest.mark.parametrize("missing", ["pyseccomp", "py_landlock"])
def test_landlock_needs_both_packages(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    landlocked.why_not.cache_clear()
    syscalls.why_not.cache_clear()
    try:
        assert f"pip install {missing.replace('_', '-')}" in isolation.why_not(LANDLOCK)
    finally:
        landlocked.why_not.cache_clear()
        syscalls.why_not.cache_clear()
