"""One mistake costs the points of its own task only, and no answer is tested with the right answer
to its own task."""

import ast

import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")


from minires.course import follow_through, notebooks
from minires.course.limits import Limits
from minires.course.mark import mark

from .conftest import changed, hand_in, points, with_cell

CELL = (
    '# %% nbgrader={{"grade": {test}, "grade_id": "{id}", "locked": {locked}, {points}'
    '"schema_version": 3, "solution": {answer}, "task": false}}\n{source}\n\n'
)


def answer(id, source):
    solution = f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
    words = dict(test="false", locked="false", answer="true", points="")
    return CELL.format(id=id, source=solution, **words)


def test_cell(id, points, source):
    words = dict(test="true", locked="true", answer="false", points=f'"points": {points}, ')
    return CELL.format(id=id, source=source, **words)


test_cell.__test__ = False


def given(id, source):
    words = dict(test="false", locked="true", answer="false", points="")
    return CELL.format(id=id, source=source, **words)


SOURCE = (
    answer("double", "def double(x):\n    return 2 * x")
    + test_cell("double-test", 2, "assert double(3) == 6, 'not the double'")
    + test_cell("double-zero-test", 1, "assert double(0) == 0")
    + answer("quadruple", "def quadruple(x):\n    return double(double(x))")
    + test_cell("quadruple-test", 4, "assert quadruple(3) == 12, 'not four times'")
    + given("table", "table = [quadruple(i) for i in range(3)]\nassert table[1] == 4")
    + answer("last", "def last():\n    return table[-1]")
    + test_cell("last-test", 8, "assert last() == 8")
    + answer("apart", "def apart():\n    return 7")
    + test_cell("apart-test", 16, "assert apart() == 7")
)
ALL = {"double-test": 2, "double-zero-test": 1, "quadruple-test": 4, "last-test": 8}
ALL |= {"apart-test": 16}
THREE = "def double(x):\n    return 3 * x"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a1_small.py"
    path.write_text(SOURCE, encoding="utf-8")
    return notebooks.read(path)


def marked(notebook, source, solutions=None):
    limits = Limits(seconds=20, isolation="process")
    return mark(notebook, source, "a1_small", limits, solutions=solutions)


def notes(result):
    return {one.id: one.note for one in result.marks if one.note}


def test_a_right_submission_is_tested_with_its_own_answers(source):
    result = marked(source, source, source)
    assert points(result) == ALL and not notes(result)


def test_a_mistake_costs_its_points_once(source):
    wrong = changed(source, double=THREE)
    alone, through = marked(wrong, source), marked(wrong, source, source)
    assert points(alone) == ALL | {"double-test": 0, "quadruple-test": 0, "last-test": 0}
    assert points(through) == ALL | {"double-test": 0}
    told = "tested with the assignment's own double, because a test of that task failed"
    assert notes(through) == {"quadruple-test": told, "last-test": told}
    assert through.marks[0].message.endswith("not the double") and not through.problems[1:]


def test_a_second_mistake_costs_its_own_points(source):
    twice = changed(source, double=THREE, quadruple="def quadruple(x):\n    return double(x)")
    result = marked(twice, source, source)
    assert points(result) == ALL | {"double-test": 0, "quadruple-test": 0}
    mark = next(one for one in result.marks if one.id == "quadruple-test")
    assert "not four times" in mark.words and "own double" in mark.words
    assert "own double and quadruple" in notes(result)["last-test"]


def test_nothing_is_earned_by_leaving_everything_out(source):
    blank = notebooks.release(source)
    assert not any(points(marked(blank, source, source)).values())


@pytest.mark.parametrize("moved", ["double-zero-test", "double-test"])
def test_no_test_meets_the_right_answer_to_its_own_task(source, moved):
    """Not even one that was moved to the end, or left out."""
    wrong = changed(source, double="def double(x):\n    return 1")
    (cell,) = (one for one in wrong.cells if one["id"] == moved)
    wrong.cells.remove(cell)
    for end in ([], [cell]):
        again = changed(wrong)
        again.cells += end
        result = marked(again, source, source)
        assert points(result) == ALL | {"double-test": 0, "double-zero-test": 0}


def test_an_answer_that_comes_late_in_the_notebook_is_tested_after_it(source):
    late = changed(source)
    cells = {one["id"]: one for one in late.cells}
    for name in ("double", "double-test", "double-zero-test"):
        late.cells.remove(cells[name])
    late.cells += [cells["double"], cells["double-test"], cells["double-zero-test"]]
    assert points(marked(late, source, source)) == points(marked(late, source))


@pytest.mark.parametrize(
    ("end", "seconds", "message"),
    [
        (
            "raise ValueError('odd')",
            20,
            "AssertionError: expected three values; cell 2 (collect), which makes values, stopped "
            "with ValueError: odd",
        ),
        (
            "while True: pass",
            2,
            "values is not defined: cell 2 (collect), which defines it, took longer than 2 seconds",
        ),
    ],
)
def test_results_that_a_cell_did_not_collect_come_with_its_reason(end, seconds, message, tmp_path):
    collects = "values, others = [], []\nfor i in range(3):\n    values.append(step(i))"
    text = (
        answer("step", "def step(x):\n    return x")
        + given("collect", collects)
        + test_cell("values-test", 1, "assert len(values) == 3, 'expected three values'")
    )
    (tmp_path / "a1_small.py").write_text(text, encoding="utf-8")
    source = notebooks.read(tmp_path / "a1_small.py")
    wrong = changed(source, step=f"def step(x):\n    if x == 1:\n        {end}\n    return x")
    result = mark(wrong, source, "a1_small", Limits(seconds=seconds, isolation="process"))
    (found,) = result.marks
    assert found.message.startswith(message)


def test_a_crash_before_keeps_the_right_answer(source):
    """A process that is started again gets it again."""
    wrong = with_cell(changed(source, double=THREE), "import os\nos._exit(1)", at=5)
    assert points(marked(wrong, source, source)) == ALL | {"double-test": 0}


@pytest.mark.parametrize("on", [True, False])
def test_a_class_is_graded_with_and_without(on, source, folder, tmp_path):
    from minires.course import grade

    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a1_small.py").write_text(SOURCE, encoding="utf-8")
    hand_in(folder, changed(source, double=THREE), "ana")
    settings = dict(sources=tmp_path / "sources", jobs=1, progress=False, follow_through=on)
    grade.grade(folder, tmp_path / "out", **settings)
    text = (tmp_path / "out" / "reports" / "ana" / "a1_small.md").read_text(encoding="utf-8")
    assert f"**{29 if on else 17} of 31 points**" in text
    assert (
        "tested with the assignment's own double, because a test of that task failed" in text
    ) == on
    grade.grade(folder, tmp_path / "out", **settings | {"follow_through": not on})
    text = (tmp_path / "out" / "reports" / "ana" / "a1_small.md").read_text(encoding="utf-8")
    assert f"**{17 if on else 29} of 31 points**" in text


def test_names():
    cells = notebooks.cells(notebooks.read(notebooks.find()["a2_convolution"]))
    tasks = follow_through.tasks(cells)
    by_name = {name: task for task in tasks for name in task.defines}
    assert {"output_size", "pad", "im2col", "conv2d_backward"} <= set(by_name)
    test = by_name["conv2d_backward"].tests[0].source
    sources = [cell.source for cell in cells if cell.kind == "code"]
    found = follow_through.builds_on(test, sources, {"pad", "output_size"})
    assert found == ["output_size", "pad"]
    assert follow_through.builds_on(test, sources, {"gradcheck"}) == []
    assert follow_through.builds_on(
        test, [*sources, "def pad(x):\n    return gradcheck"], ["gradcheck"]
    )
    assert follow_through.used("def f(:\n") == set() == follow_through.made("1 +")


def builds_on_itself(cell):
    """The functions of a cell that use another function of the same cell."""
    functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
    names = {function.name for function in functions}
    return [
        function.name
        for function in functions
        if (names - {function.name}) & follow_through.used(ast.unparse(function))
    ]


@pytest.mark.parametrize("name", notebooks.find())
def test_no_cell_of_an_assignment_builds_on_its_own_functions(name):
    """A right answer replaces a whole cell: a mistake in one function would cost those below."""
    cells = notebooks.cells(notebooks.read(notebooks.find()[name]))
    answers = [cell for cell in cells if cell.answer and cell.kind == "code"]
    assert answers and not [one for cell in answers for one in builds_on_itself(cell)]


def test_a_cell_that_builds_on_its_own_functions_is_found():
    source = "def double(x):\n    return 2 * x\n\ndef quadruple(x):\n    return double(double(x))"
    assert builds_on_itself(notebooks.Cell("code", source)) == ["quadruple"]


def test_a_function_depends_on_its_own_body_and_a_result_on_its_whole_cell():
    source = (
        "def one(x):\n    return right(x)\n\ndef other(x):\n    return x\n\n"
        "class Two:\n    def __init__(self):\n        self.x = right\n\n"
    )
    table = "table = []\nfor i in range(3):\n    table.append(right(i))"
    for test, expected in (
        ("check(one)", ["right"]),
        ("check(other)", []),
        ("check(Two)", ["right"]),
        ("check(table)", ["right"]),
    ):
        assert follow_through.builds_on(test, [source, table], {"right"}) == expected


def test_an_answer_that_is_not_written_was_tested_with_nothing(source):
    empty = "    raise NotImplementedError()"
    wrong = changed(
        source, double=f"def double(x):\n{empty}", quadruple=f"def quadruple(x):\n{empty}"
    )
    found = {one.id: one for one in marked(wrong, source, source).marks}
    assert "quadruple is not written yet" in found["quadruple-test"].message
    assert not found["quadruple-test"].note
    assert found["last-test"].note == (
        "tested with the assignment's own double and quadruple, because tests of those tasks failed"
    )
