"""A submission can take only a bounded amount of the grader's time and memory, whatever it sends
and however it is handed in, and costs no other student anything."""

import io
import json
import os
import struct
import subprocess
import time

import numpy as np
import pytest

from minires.course import by_hand, discover, folders, harmless, pool, report
from minires.course.across import as_numbers, items
from minires.course.compare import WrongAnswer
from minires.course.grade import Graded
from minires.course.probes import find
from minires.course.result import Mark, Result
from minires.course.sandbox import Crashed, Submission, headroom, line, wire
from minires.errors import ConfigError
from minires.names import shown

from .conftest import NAME, changed, hand_in, marked, points, with_cell


def message(body, arrays=(), tail=b""):
    header = json.dumps({"body": body, "arrays": list(arrays)}).encode()
    return struct.pack("<Q", len(header)) + header + tail


AT_ONCE = 20  # seconds, on a busy machine
BIG = 10**4000
ROW = ["<f8", [1000]]
MADE_UP = {
    "huge dimensions": message({"array": 0}, [["<f8", [BIG] * 500]]),
    "many dimensions": message({"array": 0}, [["<f8", [1] * 33]]),
    "a dimension that is none": message({"array": 0}, [["<f8", [True]]]),
    "a long dtype": message(None, [["f8," * 100_000 + "f8", [1]]]),
    "a dtype with a shape": message(None, [["9f8", [1]]], bytes(72)),
    "rows without numbers": message({"array": 0}, [["<f8", [40_000_000, 0]]]),
    "too many numbers": message(None, [["|u1", [9_000_000]]], bytes(9_000_000)),
    "one array many times": message({"list": [{"array": 0}] * 10_000}, [ROW], bytes(8000)),
    "many things": message({"list": [{"ref": 1}] * 210_000}),
    "many empty things": message({"list": [{"list": []}] * 210_000}),
    "a list that is none": message([[]] * 10),
    "a long number": message({"number": "0." + "1" * 100_000}),
    "long text": message("x" * 5_000_000),
    "keys of one hash": message(
        {"dict": [[{"number": str(k * (2**61 - 1))}, 0] for k in range(50_000)]}
    ),
}


@pytest.mark.parametrize("content", MADE_UP.values(), ids=MADE_UP)
def test_a_made_up_message_is_refused_at_once(content):
    started = time.monotonic()
    with pytest.raises(wire.WireError):
        wire.receive(io.BytesIO(content), lambda reference: reference)
    assert time.monotonic() - started < AT_ONCE


@pytest.mark.parametrize(
    "value", [np.zeros(9_000_000, np.uint8), [0] * 210_000, "x" * 5_000_000, [np.zeros(10**6)] * 9]
)
def test_nothing_too_large_is_sent(value):
    stream = io.BytesIO()
    with pytest.raises(wire.WireError, match="at once"):
        wire.send(stream, value, lambda thing: {"ref": 1})
    assert not stream.getvalue()


CODE = """
import numpy as np
from minires.course.sandbox import child
_answer = child.Server._answer
def _forged(self, message):
    made_up = [one for one in message["with"] if isinstance(one, dict) and "forge" in one]
    return made_up[0]["forge"] if made_up else _answer(self, message)
child.Server._answer = _forged
def large(): return np.zeros(9_000_000)
def call(f, *shapes):
    try:
        f(*[np.zeros(shape) for shape in shapes])
    except ValueError as error:
        return str(error)
    return "called"
"""


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with Submission(tmp_path_factory.mktemp("submission"), seconds=20) as submission:
        submission.run(CODE, "<cell 1>")
        yield submission


def test_an_answer_that_is_too_large_is_the_codes_error(there):
    with pytest.raises(WrongAnswer, match="cannot be passed on: more than 8,000,000 numbers"):
        there.get("large")()


def test_a_callback_is_called_with_small_arguments_only(there):
    sizes = []
    call = there.get("call")
    assert call(lambda *arrays: sizes.append(arrays[0].size), (60,)) == "called"
    there.ask("value", np.zeros(60))
    assert call(lambda *arrays: sizes.append(arrays[0].size), (60,)) == "called"
    assert "largest array" in call(lambda *arrays: sizes.append(0), (8000,))
    there.ask("value", np.zeros(10**6))
    assert "1,000,001 numbers" in call(lambda *arrays: sizes.append(0), (10**6,), (1,))
    assert sizes == [60, 60]


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "x", "message": [np.zeros(3)], "where": ""},
        {"error": "x", "message": "x", "where": "", "result": 3},
        {"error": 5, "message": "x", "where": ""},
    ],
)
def test_an_error_is_text(answer, tmp_path):
    with Submission(tmp_path, seconds=20) as submission:
        submission.run(CODE, "<cell 1>")
        with pytest.raises(Crashed):
            submission.ask("value", {"forge": answer})


def test_an_error_is_short(there):
    answer = {"error": "E" * 10**6, "message": "m" * 10**6, "where": "w" * 10**6}
    with pytest.raises(WrongAnswer, match="characters left out") as error:
        there.ask("value", {"forge": answer})
    assert len(str(error.value)) < 4000


def test_items_are_a_list():
    class Forged:
        def list(self, thing):
            return np.zeros((5, 0))

    import minires.course.across as across

    before = across.beside
    across.beside = lambda thing, module: Forged()
    try:
        with pytest.raises(TypeError, match="expected a list"):
            items(3)
    finally:
        across.beside = before


def test_losses_are_few_numbers():
    assert as_numbers([1, np.float32(2)]).tolist() == [1, 2]
    assert as_numbers(np.ones((2, 1))).tolist() == [1, 1]
    for wrong in (np.zeros(10**6, np.uint8), [0] * 200_000, [np.zeros(60_000)] * 2):
        with pytest.raises(ValueError, match="expected a list of numbers"):
            as_numbers(wrong)
    for wrong in (5.0, {1: 2}, None, (x for x in [1])):
        with pytest.raises(TypeError, match="expected a list of numbers"):
            as_numbers(wrong)


def test_a_large_value_is_not_written_whole():
    class Counted:
        made = 0

        def __repr__(self):
            Counted.made += 1
            return "x" * 100

    assert len(shown([Counted()] * 100_000)) <= 200 and Counted.made < 100
    assert len(shown({i: Counted() for i in range(100_000)})) <= 200 and Counted.made < 200
    assert shown(np.zeros((6,) * 8)) == "an array of shape (6, 6, 6, 6, 6, 6, 6, 6)"
    value = [(1,), {"a": {2}}, (), "b", None, np.float32(3), [[]], (1, 2)]
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "name, code",
    [
        ("a2.errors", "def judge(forward, backward, x, w, *rest): forward(x[:1], w)"),
        ("a2.errors", "def judge(forward, backward, x, w, *rest): forward(x, x)"),
        (
            "a2.errors",
            "def judge(forward, backward, x, w, *rest): backward(x[:1], forward(x, w)[1])",
        ),
        ("a3.errors", "def judge(forward, backward, inputs, *rest): forward(*inputs[::-1])"),
        (
            "a3.errors",
            "def judge(forward, backward, inputs, dy, eps):\n"
            "    backward(dy[:1], forward(*inputs)[1])",
        ),
        ("a3.mixed_errors", "def judge(forward, *rest): forward(np.ones((9, 1)), np.ones((1, 9)))"),
    ],
)
def test_a_kernel_takes_the_shapes_it_was_made_for(name, code):
    space = {"np": np}
    exec(code, space)
    a, b = np.ones((4, 3)), np.ones((4, 3)) if name == "a3.errors" else np.ones(3)
    if name == "a2.errors":
        x, w = np.ones((2, 4, 4, 3)), np.ones((3, 5))
        arguments = ("right", 0.0, x, w, 1, 0, *map(np.random.default_rng, range(2)))
    else:
        a, b = (np.ones((4, 3)), np.ones((1, 3))) if name == "a3.errors" else (a, b)
        arguments = (a, b, np.ones((4, 3)), 1e-6)
        arguments += ((1, 1), False) if name == "a3.errors" else ()
        arguments += (np.ones((4, 3)),)  # the shares
    with pytest.raises(ValueError, match="takes arrays of the shapes"):
        find(name)(space["judge"], *arguments)


def test_a_rule_works_on_small_arrays_only():
    class Node:
        def __init__(self, value, parents, rule):
            self.parents, self.rule, self.grad = parents, rule, None

    def backward(node, dy):
        node.rule(np.ones(5000))

    with pytest.raises(ValueError, match="a dy of 5,000 numbers"):
        find("a1.walk")(backward, Node, [[], [0]], [[], [2.0]], np.ones(3))


def test_a_layer_calls_its_kernel_a_few_times_on_small_arrays():
    import minires as mr

    channels = 3
    settings = {
        "momentum": 0.1,
        "eps": 1e-5,
        "running_mean": np.zeros(channels),
        "running_var": np.ones(channels),
    }
    x = np.ones((4, channels))
    batch = {"training": True, "x": x, "y": x, "mean": np.zeros(3), "var": np.ones(3)}
    for times, mean in ((1, np.zeros(5000)), (1000, None)):

        class Layer(mr.nn.BatchNorm2d):
            def forward(self, x, times=times, mean=mean):
                forward = mr.kernels.find("batch_norm").forward
                for _ in range(times):
                    forward(x.data, None, None, mean, None)
                return x

        with pytest.raises(ValueError, match="or with a large mean or var"):
            find("a3.layer")(Layer, settings, [batch])


def test_a_node_that_appears_very_often_is_noticed_in_time():
    from minires.course import check

    started = time.monotonic()
    with pytest.raises(WrongAnswer, match="a node appears 90000 times"):
        check("a1.topological_order", lambda node: [node, *node.parents] * 90_000)
    assert time.monotonic() - started < AT_ONCE


# The process that marks


def _sleep(seconds):
    time.sleep(seconds)
    return seconds


def _stuck(seconds):
    """A process stuck in one call, during which nothing else runs."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return _sleep(seconds)


def _fill(megabytes):
    return len(bytearray(megabytes * 1024**2))


def _process(leave):
    """The number of this process. With `leave`, an exchange is left behind that never ends."""
    if leave:
        (_, to), (at, _) = os.pipe(), os.pipe()
        endless = line.Line(os.fdopen(to, "wb"), os.fdopen(at, "rb"), str, str)
        with pytest.raises(line.Late):
            endless.exchange(0, 0.1)
    return os.getpid()


@pytest.mark.slow
def test_a_process_that_is_still_busy_with_a_submission_gets_no_other():
    tasks = [(False,), (True,), (False,)]
    first, second, third = (done.result for done in pool.each(_process, tasks, 1))
    assert first == second != third


def test_references_are_small_numbers():
    submission = Submission.__new__(Submission)
    submission.remotes = {}
    for number in (2**61 - 1, -1, True, "1", 1.0):
        with pytest.raises(wire.WireError, match="no number of a thing"):
            submission._resolve({"ref": number})


@pytest.mark.slow  # grades a dozen notebooks
@pytest.mark.long
def test_odd_cells_keep_nobody_from_being_graded(run, source, folder):
    """Points of 400 digits, tags that nbformat compares in pairs, blanks that the tokenizer reads
    again and again."""
    notebook = with_cell(source, '"x"' + " " * 20_000 + "$", at=len(source.cells))
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"]["points"] = 10**400
        cell.metadata["tags"] = [[i, {"a": i}] if i % 2 else {"b": i} for i in range(2000)]
    hand_in(folder, source, "ann")
    hand_in(folder, notebook, "bob")
    started = time.monotonic()
    graded = run()
    assert graded.results["ann", NAME].points == graded.results["bob", NAME].points == 5
    assert time.monotonic() - started < 2 * AT_ONCE


@pytest.mark.long
@pytest.mark.slow  # waits until time limits have passed
def test_marking_that_takes_too_long_is_stopped_and_the_rest_goes_on(monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE", 1)
    started = time.monotonic()
    done = {one.task: one for one in pool.each(_sleep, [(60,), (0,), (0.1,)], 1, seconds=10)}
    assert done[0].failure == "marking it took longer than 10 seconds, and was stopped"
    assert (done[1].result, done[2].result) == (0, 0.1) and time.monotonic() - started < 30
    (one,) = pool.each(_stuck, [(60,)], 1, seconds=5)
    assert "took longer than 5 seconds" in one.failure


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no size of a process is known")
def test_the_memory_for_marking_is_limited():
    tasks = [(2000,), (10,)]
    done = {one.task: one for one in pool.each(_fill, tasks, 1, memory=512 * 1024**2)}
    assert done[0].failure == "marking it took more memory than it may have"
    assert done[1].result == 10 * 1024**2


def _limit_of_a_program(more):
    import resource
    import subprocess

    headroom.limit(more)
    with headroom.lifted():
        words = ["sh", "-c", "ulimit -v"]
        text = subprocess.run(words, capture_output=True, text=True).stdout
    return text.strip(), resource.getrlimit(resource.RLIMIT_AS)[0] > 0


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no size of a process is known")
def test_programs_have_limits_of_their_own():
    import resource

    (one,) = pool.each(_limit_of_a_program, [(512 * 1024**2,)], 1)
    now = resource.getrlimit(resource.RLIMIT_AS)[0]
    assert one.result == ("unlimited" if now < 0 else str(now // 1024), True)


# Folders and names


@pytest.mark.skipif(os.name != "posix", reason="paths have an end here")
def test_folders_nested_by_the_thousand_are_removed(tmp_path, monkeypatch):
    outer = tmp_path / f"{folders.PREFIX}x"
    (outer / "home").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("kept")
    monkeypatch.chdir(outer / "home")
    os.symlink(elsewhere, "link")
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
        open("f", "w").close()
    os.symlink(elsewhere, "link")
    os.mkdir("closed")
    os.mkdir("closed/inner")
    os.chmod("closed", 0)
    os.chdir(tmp_path)
    try:
        folders.remove(outer)
        assert not outer.exists()
    finally:  # pytest could not remove the nested folders either
        subprocess.run(["rm", "-rf", str(outer)])
    assert (elsewhere / "file").read_text() == "kept"


def test_leftover_folders_do_not_stop_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    for name in ("a", "b"):
        folder = tmp_path / f"{folders.PREFIX}{name}"
        folder.mkdir()
        (folder / "lock").touch()
    removed = []

    def fails(folder):
        removed.append(folder)
        raise RecursionError

    monkeypatch.setattr(folders, "remove", fails)
    folders.remove_leftovers()
    assert len(removed) == 2


LONG = "\u0958" * 80  # 240 bytes, and 480 as Unicode wants it


@pytest.mark.slow
def test_a_name_that_is_too_long_for_the_results(run, source, folder, tmp_path):
    hand_in(folder, source, "ana")
    hand_in(folder, source, LONG)
    for _ in range(2):
        graded = run()
        assert sorted(result.points for result in graded.results.values()) == [5, 5]
        assert not graded.problems
    reports = [path.parent.name for path in (tmp_path / "out/reports").rglob("*.md")]
    assert len(reports) == 2 and all(len(name.encode()) < 220 for name in reports)


def test_names_of_folders_are_told_apart():
    names = ["a" * 300, "a" * 301, "ana", "a/b", "a_b", "x\udc80"]
    names += [discover.folder_name(name) for name in names[:2]]
    found = [discover.folder_name(name) for name in names]
    assert len(set(found)) == len(names) and "ana" in found and not any("/" in one for one in found)


@pytest.mark.slow
def test_a_result_that_cannot_be_stored_costs_only_its_student(run, source, folder, tmp_path):
    hand_in(folder, source, "ana")
    hand_in(folder, source, "eve")
    for place in ("results", "reports"):
        (tmp_path / "out" / place).mkdir(parents=True)
        (tmp_path / "out" / place / "eve").write_text("in the way")
    graded = run()
    assert [one.points for one in graded.results.values()] == [5, 5]
    lines = [line for student, line in graded.problems if student == "eve"]
    assert any("could not be kept" in line for line in lines) and len(lines) == 2
    assert (tmp_path / "out/reports/ana/a1_small.md").exists()
    assert "could not be kept" in (tmp_path / "out/summary.md").read_text()


ALIKE = [
    "an\u200bn",
    "an\u200cn",
    "a\u00adnn",
    "=ann",
    "'=ann",
    "''=ann",
    " =ann",
    "' =ann",
    "a\x1b",
    "a\\x1b",
    "a\x9b",
    "a\udc9b",
]
ALIKE += ["x;=1", "x;'=1", "x;''=1", "'ann", "ann"]


def test_two_students_never_share_a_name_in_a_table(tmp_path):
    names = ALIKE + [harmless.name_in_table(name) for name in ALIKE]
    labels = {name: harmless.name_in_table(name) for name in dict.fromkeys(names)}
    assert len(set(labels.values())) == len(labels)
    assert labels["ann"] == "ann" and labels["=ann"] == "'=ann"
    graded = Graded(students=ALIKE)
    report.write(tmp_path, graded, [])
    rows = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert len(set(rows)) == len(ALIKE)


def _waiting(answer):
    return Result(NAME, [Mark("a1-why", None, 4, answer=answer)])


def test_points_by_hand_go_to_the_student_they_were_given_to(tmp_path):
    results = {(name, NAME): _waiting("same") for name in ALIKE}
    by_hand.fill(tmp_path, results)
    path = tmp_path / "by_hand.csv"
    text = path.read_bytes().decode("utf-8-sig")
    rows = text.splitlines(keepends=True)
    changed_row = [
        row.replace(",4,,", ",4,3,") if row.startswith("'=ann,") else row for row in rows
    ]
    path.write_bytes("".join(changed_row).encode("utf-8-sig"))
    results = {(name, NAME): _waiting("same") for name in ALIKE}
    by_hand.fill(tmp_path, results)
    given = {name: result.marks[0].points for (name, _), result in results.items()}
    assert {name for name, number in given.items() if number is not None} == {"=ann"}


def test_two_rows_of_points_for_one_answer_are_an_error(tmp_path):
    by_hand.fill(tmp_path, {("ann", NAME): _waiting("x")})
    path = tmp_path / "by_hand.csv"
    row = path.read_text(encoding="utf-8-sig").splitlines()[1]
    with open(path, "a", encoding="utf-8") as file:
        file.write(row.replace(",4,,", ",4,3,") + "\n")
    with pytest.raises(ConfigError, match="two rows"):
        by_hand.read(tmp_path)


@pytest.mark.slow
def test_a_file_beside_a_students_folder_replaces_nothing(run, source, folder):
    wrong = changed(source, a1_relu="pass", a1_sum="pass")
    path = hand_in(folder, source, "bob")
    os.utime(path, (1, 1))
    hand_in(folder, wrong, "bob", "{student}_a1_small.ipynb")
    hand_in(folder, wrong, "bob", "{student}_a1/a1_small.ipynb")
    hand_in(folder, wrong, "ana", "{student}_a1_small.ipynb")  # without a folder the file counts
    graded = run()
    assert {student: one.points for (student, _), one in graded.results.items()} == {
        "bob": 5,
        "ana": 0,
    }
    assert sorted(graded.problems) == [
        ("bob", "bob_a1: this student has the folder bob; left out"),
        ("bob", "bob_a1_small.ipynb: this student has the folder bob; left out"),
    ]


@pytest.mark.slow
def test_folders_whose_names_look_the_same(run, source, folder):
    path = hand_in(folder, source, "\u00e9va")
    os.utime(path, (1, 1))
    hand_in(folder, changed(source, a1_relu="pass"), "e\u0301va")
    if len(os.listdir(folder)) == 1:
        pytest.skip("one folder on this disk")
    graded = run()
    assert graded.results["\u00e9va", NAME].points == 5 and len(graded.problems) == 1


@pytest.mark.slow
def test_a_link_to_another_submission_is_left_out(run, source, folder):
    path = hand_in(folder, source, "ann")
    os.symlink(folder / "ann", folder / "linkdir")
    os.symlink(path, folder / "max_a1.ipynb")
    os.symlink("..", folder / "up")
    os.symlink("circle", folder / "circle")
    graded = run()
    assert [student for student, _ in graded.results] == ["ann"] and graded.students == ["ann"]
    assert len(graded.problems) == 4
    assert all(
        line.endswith("a link to another submission; left out") for _, line in graded.problems
    )


def test_a_large_argument_of_a_callback_costs_the_points_of_its_task_only(source):
    body = "def relu_backward(dy, a):\n    return np.zeros((40_000_000, 0))\n"
    found = points(marked(changed(source, a1_relu=body), source))
    assert found["a1-relu-test"] == 0 and found["a1-sum-test"] == 3
