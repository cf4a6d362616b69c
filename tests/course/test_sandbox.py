"""Whatever a submission does, only its author loses by it."""

import copy
import io
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minires.course.limits import Limits
from minires.course.mark import mark
from minires.course.sandbox import wire
from minires.course.sandbox.line import Late, Line
from minires.course.sandbox.remote import ROOT

from .conftest import RIGHT, changed, marked, points, with_cell

# Runs until its time limit is reached.
FOR_EVER = pytest.param("while True: pass", "took longer than", marks=pytest.mark.slow)


def test_the_reference_gets_all_points(source):
    result = marked(source, source)
    assert (
        points(result) == RIGHT
        and result.points == 5
        and result.out_of == 9
        and not result.problems
    )
    assert [one.id for one in result.to_read] == ["a1-why"]


@pytest.mark.parametrize(
    "cell, word",
    [
        FOR_EVER,
        ("import os; os._exit(3)", "exit status 3"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
        (
            "import os\nfor fd in range(3, 30):\n    try: os.write(fd, b'x' * 1000)\n    "
            "except OSError: pass",
            "into the channel for answers",
        ),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("import subprocess; subprocess.run(['true'])", "PermissionError"),
        ("import os; os.fork()", "PermissionError"),
        ("1 / 0", "ZeroDivisionError"),
        ("print 'no'", "SyntaxError"),
        ("import minires.course.checks.a1", "checks"),
        (
            "from minires import course; open(course.__path__[0] + '/checks/__init__.py')",
            "FileNotFoundError",
        ),
        ("from minires import Tensor; Tensor([1.0])", "HeldBackError"),
        ("import minires.course as c; c.check = print", "cannot be replaced"),
        ("class Bad(Exception):\n    def __str__(self): raise Bad\nraise Bad", "cannot be shown"),
    ],
)
def test_a_cell_that_misbehaves_is_reported_and_the_rest_is_graded(cell, word, source):
    result = marked(with_cell(source, cell), source, seconds=3 if "while" in cell else 20)
    assert points(result) == RIGHT
    assert word in result.problems[-1] and all(
        line.startswith("cell 3: ") for line in result.problems
    )


@pytest.mark.parametrize(
    "body, word",
    [
        FOR_EVER,
        ("import os; os._exit(0)", "ended the process"),
        ("raise SystemExit", "SystemExit"),
        ("return object()", "expected an array"),
        ("return np.array([object()])", "expected an array"),
        ("return [np.zeros(2)] * 3", "got a list"),
        ("return {1: dy}", "got a dict"),
        ("x = []; x.append(x); return x", "cannot be passed on"),
        ("return undefined", "NameError"),
        ("raise NotImplementedError", "not written yet"),
    ],
)
def test_an_answer_that_misbehaves_costs_its_points_only(body, word, source):
    result = marked(
        changed(source, a1_relu=f"def relu_backward(dy, a):\n    {body}"),
        source,
        seconds=3 if "while" in body else 20,
    )
    assert points(result) == {**RIGHT, "a1-relu-test": 0}
    assert word in result.marks[0].message


def test_memory_is_limited(source):
    result = marked(with_cell(source, "x = bytearray(3 * 1024 ** 3)"), source, memory=2 * 1024**3)
    assert points(result) == RIGHT and "MemoryError" in result.problems[0]


def test_time_for_all_of_it_is_limited(source):
    result = marked(with_cell(source, "import time; time.sleep(3)"), source, total=1)
    assert points(result) == {**RIGHT, "a1-relu-test": 0, "a1-sum-test": 0} and any(
        late in result.problems[0] for late in ("all cells together", "took too long")
    )


@pytest.mark.slow  # takes the seconds that it gives; only here time runs out within a test
def test_time_for_all_of_it_is_limited_within_a_test(source):
    started = time.monotonic()
    result = marked(
        changed(
            source,
            a1_relu="import time\ndef relu_backward(dy, a):\n    time.sleep(8)\n    return dy * (a "
            "> 0)",
        ),
        source,
        total=3,
        seconds=20,
    )
    assert time.monotonic() - started < 12 and points(result)["a1-relu-test"] == 0


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_submission_ends_with_its_grader(tmp_path):
    cell = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(99)"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from minires.course.sandbox import "
        f"Submission; Submission({str(tmp_path)!r}).run({cell!r}, 'cell')"
    )
    grader = subprocess.Popen([sys.executable, "-c", code])
    try:
        _wait(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    finally:
        grader.kill()
        grader.wait()
    _wait(lambda: not _runs(int((tmp_path / "pid").read_text())))


def _wait(until):
    for _ in range(200):
        if until():
            return
        time.sleep(0.1)
    raise AssertionError("the condition was not met in time")


def _runs(pid):
    try:
        return (
            "Z" not in (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0]
        )
    except OSError:
        return False


def test_much_output_is_cut(source):
    result = marked(
        with_cell(source, "for i in range(400):\n    print('x' * 100_000)\nprint('the end')"),
        source,
    )
    assert (
        points(result) == RIGHT
        and len(result.output) < 50_000
        and "bytes left out" in result.output
        and "the end" in result.output
    )


def test_files_elsewhere_are_safe(source, tmp_path):
    (tmp_path / "precious").write_text("x")
    code = (
        f"import os, shutil\nfor act in (lambda: os.remove({str(tmp_path / 'precious')!r}), "
        f"lambda: open({str(tmp_path / 'new')!r}, 'w'), lambda: "
        f"shutil.rmtree({str(tmp_path)!r}),\n"
        f"            lambda: os.rename({str(tmp_path / 'precious')!r}, 'mine'), lambda: "
        f"os.open({str(tmp_path / 'new')!r}, os.O_WRONLY | os.O_CREAT)):\n"
        "    try:\n        act()\n    except PermissionError as error:\n        "
        "print('refused')\nopen('own.txt', 'w').write('fine')\nos.remove('own.txt')"
    )
    result = marked(with_cell(source, code), source)
    assert points(result) == RIGHT and not result.problems and result.output.count("refused") == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "sources"]


@pytest.mark.parametrize(
    "way",
    [
        "from minires.course.sandbox import guard\nguard.FORBIDDEN = guard.CHANGES = "
        "()\nimport subprocess\nfound = subprocess.run(['cat', other], "
        "capture_output=True).stdout",
        "import builtins\nbuiltins.any = lambda things: False\nfound = open(other).read()",
        "import os\nos.path.realpath = lambda path, **settings: os.getcwd()\nfound = "
        "open(other).read()",
        "import os\nos.readlink = os.lstat = os.fspath = None\nfound = "
        "open('/proc/self/root' + other).read()",
        "import gc\nfor one in gc.get_objects():\n    if isinstance(one, list) and other in "
        "one: one.clear()\nfound = open(other).read()",
        "import os\nfolder = os.open(os.path.dirname(os.path.dirname(other)), "
        "os.O_RDONLY)\nfound = os.read(os.open('submitted/ana.txt', os.O_RDONLY, "
        "dir_fd=folder), 9)",
        "import os\nos.makedirs('a/b')\nhere = os.open('.', "
        "os.O_RDONLY)\nos.chdir('a/b')\nname = '..' + '/..' * 9 + other\nfound = "
        "os.read(os.open(name, os.O_RDONLY, dir_fd=here), 9)",
        "import os\nfound = os.listdir(os.path.dirname(other))",
        "import os\nfound = open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "import os, signal\nfound = signal.pidfd_send_signal(os.pidfd_open(os.getppid()), "
        "0) or 'sent'",
        "import os, resource\nfound = resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
        "import multiprocessing.util, os\nfound = "
        "multiprocessing.util.spawnv_passfds(b'/bin/true', [b'true'], [])",
        "import ctypes\nfound = ctypes.CDLL(None).getppid()",
        "import os, sqlite3\nsqlite3.connect(':memory:').execute(f\"attach '{other}.db' as "
        'x")\nfound = 1',
        "import readline\nfound = readline.read_history_file(other) or 1",
        "import os\nfound = os.mkfifo(other + '.fifo') or 1",
        "found = open('/dev/shm/for-the-next', 'w')",
    ],
)
def test_ways_round_the_guard_are_closed(way, source, tmp_path):
    other = tmp_path / "submitted" / "ana.txt"
    other.parent.mkdir()
    other.write_text("SECRET")
    result = mark(
        with_cell(
            source,
            f"other = {str(other)!r}\nfound = None\ntry:\n"
            + "".join(f"    {line}\n" for line in way.split("\n"))
            + "finally:\n    print('found', found)",
        ),
        source,
        "a1_small",
        Limits(seconds=20),
        [other.parent],
    )
    assert points(result) == RIGHT and result.output.strip() == "found None"
    assert [path.name for path in other.parent.iterdir()] == ["ana.txt"]


def test_honest_work_with_files_and_threads_is_let_be(source):
    code = (
        "import os, tempfile, tqdm\nfrom collections import namedtuple\nfrom "
        "concurrent.futures import ThreadPoolExecutor\n"
        "with tempfile.TemporaryDirectory() as folder:\n    open(folder + '/x', "
        "'w').write('1')\nassert not os.path.exists(folder)\n"
        "namedtuple('A', 'a b', "
        "defaults=[1])\nlist(tqdm.tqdm(ThreadPoolExecutor(2).map(abs, "
        "[1])))\nos.mkdir('sub')\nos.chdir('sub')\nos.chdir('..')\nos.listdir()"
    )
    result = marked(with_cell(source, code), source)
    assert points(result) == RIGHT and not result.problems


@pytest.mark.parametrize(
    "cheat",
    [
        "import numpy as np\nnp.allclose = np.array_equal = np.all = lambda *a, **k: "
        "True\nnp.abs = lambda a: 0 * a",
        "check = lambda *a, **k: None",
        "class Any:\n    def __eq__(self, other): return True\n    def __call__(self, *a): "
        "return self\n    def __array__(self, *a, **k): return np.zeros(3)\nrelu_backward = "
        "Any()",
        "import builtins\nbuiltins.abs = builtins.all = lambda *a: True",
        # arrays that are equal to everything, by their own arithmetic
        "import numpy as np\nclass Liar(np.ndarray):\n    def __array_ufunc__(self, ufunc, method, "
        "*args, **kwargs):\n        return np.ones(self.shape, bool)\n"
        "def relu_backward(dy, a):\n    return dy.copy().view(Liar)",
        "import numpy as np\nclass Liar(np.ndarray):\n    def __array_function__(self, *args):\n"
        "        return np.bool_(True)\n    def __sub__(self, other):\n        return 0 * other\n"
        "    __rsub__ = __sub__\ndef relu_backward(dy, a):\n    return dy.copy().view(Liar)",
    ],
)
def test_cheats_gain_nothing(cheat, source):
    blank = changed(source, a1_relu="def relu_backward(dy, a):\n    return 2 * dy")
    result = marked(with_cell(blank, cheat, at=4), source)
    assert points(result)["a1-relu-test"] == 0


def test_the_tests_are_a_fresh_copy(source):
    result = marked(changed(source, a1_relu="relu_backward = None", a1_relu_test="pass"), source)
    assert points(result)["a1-relu-test"] == 0


def test_a_test_that_was_deleted_is_run(source):
    fewer = changed(source)
    fewer.cells = [cell for cell in fewer.cells if cell["id"] not in ("a1-relu-test", "a1-sum")]
    result = marked(fewer, source)
    assert points(result) == {**RIGHT, "a1-sum-test": 0}
    assert (
        "its test was run all the same" in result.problems[0]
        and "a1-sum is missing" in result.problems[1]
    )


def test_a_name_that_was_changed_is_missed(source):
    result = marked(
        changed(source, a1_relu="def relu_backwards(dy, a):\n    return dy * (a > 0)"), source
    )
    assert (
        points(result)["a1-relu-test"] == 0
        and "there is 'relu_backwards'" in result.marks[0].message
    )


def test_an_input_changed_in_place_is_noticed(source):
    result = marked(
        changed(source, a1_relu="def relu_backward(dy, a):\n    dy[a <= 0] = 0\n    return dy"),
        source,
    )
    assert "in place" in result.marks[0].message


def test_figures_are_kept(source):
    result = marked(
        with_cell(source, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"), source
    )
    assert len(result.figures) == 1 and result.figures[0][1].startswith(b"\x89PNG")


def test_a_line_may_begin_with_a_percent_sign(source):
    result = marked(
        changed(
            source,
            a1_relu="def relu_backward(dy, a):\n    return (dy * (a > 0)\n            % 1e9 if "
            "a is "
            "None else dy * (a > 0))\ntext = '''\n%d\n''' % 3\nassert text == '\\n3\\n'",
        ),
        source,
    )
    assert points(result) == RIGHT and not result.problems


def test_magics_and_windows_line_ends_do_no_harm(source):
    notebook = with_cell(source, "%matplotlib inline\r\n!ls\r\nx = 1\r\n")
    assert points(marked(notebook, source)) == RIGHT


def test_hidden_answers_are_drawn_from_another_seed(source):
    """An answer that knows the numbers on view by heart."""
    learned = (
        "seen = []\ndef relu_backward(dy, a):\n    seen.append(1)\n    return dy * (a > 0) if "
        "len(seen) == 1 else dy"
    )
    result = marked(changed(source, a1_relu=learned), source)
    assert points(result)["a1-relu-test"] == 0


# What travels between the processes


def there_and_back(value):
    stream = io.BytesIO()
    wire.send(stream, value, lambda thing: {"ref": 1})
    stream.seek(0)
    return wire.receive(stream, lambda reference: reference)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -2.5, float("inf"), "text ü", [1, (2, "x")], {"a": 1, 2: [None]}, 10**30],
)
def test_values_travel(value):
    assert there_and_back(value) == value and type(there_and_back(value)) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.float32([[1, 2]]),
        np.arange(6).reshape(2, 3).T,
        np.array(5.0),
        np.array([True, False]),
    ],
)
def test_arrays_travel(array):
    back = there_and_back({"x": array})["x"]
    assert back.dtype == array.dtype and back.shape == array.shape and np.array_equal(back, array)
    back[...] = 1  # it can be written to


def test_generators_travel():
    rng = np.random.default_rng(3)
    rng.random()
    assert there_and_back(rng).random() == np.random.default_rng(3).random(2)[1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        struct.pack("<Q", 10**15),
        struct.pack("<Q", 4) + b"nope",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 44) + b'{"body": 1, "arrays": [["<f8", [10000000000]]]}'[:44],
        struct.pack("<Q", 39) + b'{"body": 1, "arrays": [["|O", [1, 1]]]}',
    ],
)
def test_what_is_no_message_is_refused(content):
    with pytest.raises((wire.WireError, EOFError)):
        wire.receive(io.BytesIO(content), lambda reference: reference)


def test_nothing_is_left_behind(source, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    marked(source, source)
    assert [name for name in os.listdir(tmp_path) if "submission" in name] == []


@pytest.mark.parametrize(
    "cell, word",
    [
        ("import sys\nsys._getframe(0)", "_getframe"),
        ("from minires.course import across", "across"),
        ("(lambda: 0).__code__", "__code__"),
    ],
)
def test_what_an_answer_has_no_use_for_is_pointed_out(cell, word, source):
    """Where code of the grader runs beside a submission it can be tampered with: somebody should
    look."""
    problems = marked(with_cell(source, cell), source).problems
    assert "worth a look" in problems[0] and word in problems[0]
    assert not marked(source, source).problems


def test_an_answer_that_was_split_in_jupyterlab_is_the_students_code(source):
    """Both halves keep the cell's name. The same for a copy of the stub that was solved instead."""
    halves = copy.deepcopy(source)
    at = next(i for i, cell in enumerate(halves.cells) if cell["id"] == "a1-sum")
    first, second = halves.cells[at], copy.deepcopy(halves.cells[at])
    first["source"], second["source"] = "half = 1", second.source.replace("dy)", "dy * half)")
    halves.cells.insert(at + 1, second)
    assert points(marked(halves, source)) == RIGHT
    first["source"] = "raise NotImplementedError()"  # the stub above, its copy solved below
    second["source"] = second.source.replace("dy * half)", "dy)")
    result = marked(halves, source)
    assert points(result) == RIGHT and "two cells with this name" not in str(result.problems)


def test_a_second_test_is_left_out(source):
    twice = copy.deepcopy(source)
    at = next(i for i, cell in enumerate(twice.cells) if cell["id"] == "a1-sum-test")
    twice.cells.insert(at, copy.deepcopy(twice.cells[at]))
    result = marked(twice, source)
    assert points(result) == RIGHT
    assert result.problems == [
        "cell 7 (a1-sum-test): there are two cells with this name; the second is left out"
    ]


def test_an_answer_in_words_may_be_in_two_cells(source):
    halves = copy.deepcopy(source)
    second = copy.deepcopy(halves.cells[-1])
    second["source"] = "And more."
    halves.cells.append(second)
    assert marked(halves, source).to_read[0].answer == "A model answer.\n\nAnd more."


def test_await_outside_a_function(source):
    cell = "import asyncio\nawait asyncio.sleep(0)\nscale = 1"
    result = marked(with_cell(changed(source, a1_sum=source.cells[4].source), cell), source)
    assert points(result) == RIGHT and not result.problems


@pytest.mark.skipif(not hasattr(os, "fork"), reason="leaves a process behind by a fork")
def test_a_daemon_that_keeps_the_pipes_holds_nothing_up():
    program = "import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(8)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    line, started = Line(process.stdin, process.stdout, dict, dict), time.monotonic()
    with pytest.raises(Late):
        line.exchange({}, 1)
    os.killpg(process.pid, 9)  # the other one is in a session of its own
    process.wait()
    line.close()
    assert time.monotonic() - started < 5
