"""Each student gets a variant of each assignment: equal in points, reproducible, and recognised
when it is handed in by another student."""

import csv
import json
import zipfile

import nbformat
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import check, checks, choices, grade, notebooks
from minires.course.compare import WrongAnswer
from minires.course.mark import mark
from minires.course.variants import ids as ids_file
from minires.course.variants import personal, texts
from minires.errors import ConfigError

from ..slow import LONG
from .conftest import changed, hand_in, with_cell
from .hidden_numbers import answers

SOURCES = notebooks.find()
ALL = [(key, choice) for key, row in choices.CHOICES.items() for choice in row]

# Only the choices of A1, so that a class is graded in seconds.
SMALL = '''# %% nbgrader={"grade": false, "grade_id": "a1-begin", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from minires.course import begin, check

begin("a1")

# %% [markdown] nbgrader={"grade": false, "grade_id": "a1-rules", "locked": true, "schema_version": 3, "solution": false, "task": false}
# For `relu`, take 0 as the derivative at $a = 0$.

# %% nbgrader={"grade": false, "grade_id": "a1-rules-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relu_backward(dy, a):
    """da of y = max(a, 0)."""
    ### BEGIN SOLUTION
    return dy * (a > 0)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "a1-relu-test", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
from minires.course import check

check("a1.relu", relu_backward)
### BEGIN HIDDEN TESTS
check("a1.relu", relu_backward, hidden=True)
### END HIDDEN TESTS
'''


def student_with(key, **options):
    """An id whose variant has these options, as {"ReLU at 0": "1"}."""
    wanted = options.items()
    return next(
        one
        for one in (f"s{number}" for number in range(1000))
        if wanted <= choices.variant(key, one).items()
    )


@pytest.fixture
def small(tmp_path):
    """The small assignment, and its variant for each option."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a1_small.py").write_text(SMALL, encoding="utf-8")
    source = notebooks.read(folder / "a1_small.py")
    owners = {option: student_with("a1", **{"ReLU at 0": option}) for option in ("0", "1/2", "1")}
    solved = {
        option: personal.notebook_of(source, "a1_small", owner) for option, owner in owners.items()
    }
    return folder, owners, solved


# What is drawn


def test_a_variant_depends_on_the_id_alone_and_ids_differ():
    ids = [f"s{number}" for number in range(300)]
    for key, choice in ALL:
        drawn = [choices.variant(key, one)[choice.name] for one in ids]
        counts = {option: drawn.count(option) for option in choice.options}
        # Within four standard deviations of an even share.
        even = len(ids) / len(counts)
        assert min(counts.values()) > even - 4 * even**0.5, (choice.name, counts)
    whole = [json.dumps([choices.variant(key, one) for key in choices.CHOICES]) for one in ids]
    assert len(set(whole)) > 0.9 * len(ids)


def test_it_is_the_same_on_every_machine():
    """The expected values are stored: if they changed, every student of a running course would get
    another variant."""
    assert choices.variant("a1", "ada") == {"ReLU at 0": "0", "direction": "loss last"}
    assert choices.variant("a6", "ada") == {"moved": "length", "claims": "3 or 6"}


@pytest.mark.parametrize("same", ["Ada", " ada ", "ADA"])
def test_capitals_and_spaces_do_not_matter(same):
    assert choices.variant("a2", same) == choices.variant("a2", "ada")


def test_no_two_choices_share_a_name_and_their_tasks_are_there():
    assert len({choice.name for _, choice in ALL}) == len(ALL) == len(choices.SHARED)
    for key, choice in ALL:
        assert set(choice.tasks) <= set(checks.tasks(key))
        assert len(choice.options) >= 2


@pytest.mark.parametrize("key, choice", ALL, ids=[choice.name for _, choice in ALL])
def test_every_option_changes_its_notebook(key, choice):
    (name,) = [name for name in SOURCES if name.startswith(key)]
    source = notebooks.read(SOURCES[name])
    seen = set()
    for option in choice.options:
        student = student_with(key, **{choice.name: option})
        changed = personal.notebook_of(source, name, student)
        lines = texts.changes(key, {choice.name: option})
        assert bool(lines) == (option != choice.shared)
        for cell, _, new in lines:
            (found,) = [one for one in changed.cells if one["id"] == cell]
            assert new in found.source
        released = "\n".join(one.source for one in notebooks.release(changed).cells)
        assert "SOLUTION" not in released and "hidden=True" not in released
        seen.add(json.dumps([one[1:] for one in lines]))
    assert len(seen) == len(choice.options)


# What is written


def test_the_same_id_gives_the_same_bytes_and_another_id_gives_others(tmp_path):
    for out in ("one", "two"):
        personal.build(tmp_path / out, ["ada", "ben"])
    files = {
        out: {path.relative_to(tmp_path / out): path.read_bytes() for path in walk(tmp_path / out)}
        for out in ("one", "two")
    }
    assert files["one"] == files["two"] and len(files["one"]) == 2 * 6 + 2 + 1
    for name in SOURCES:
        ada, ben = (
            (tmp_path / "one/personal" / who / name / f"{name}.ipynb").read_bytes()
            for who in ("ada", "ben")
        )
        assert ada.replace(b"ada", b"ben") != ben
    with zipfile.ZipFile(tmp_path / "one/personal/ada.zip") as bundle:
        assert sorted(bundle.namelist()) == [f"{name}/{name}.ipynb" for name in sorted(SOURCES)]
    with open(tmp_path / "one/personal/variants.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == ["ada", "ben"]
    assert rows[0]["a2: window order"] == choices.variant("a2", "ada")["window order"]


def walk(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_personal_notebook_has_the_same_points_and_the_same_tests():
    for name, path in SOURCES.items():
        source = notebooks.read(path)
        for student in ("ada", "ben", "cem"):
            own = personal.notebook_of(source, name, student)
            assert graded(own) == graded(source)
            assert personal.claimed(own) == student and personal.claimed(source) is None


def graded(notebook):
    """Cells with points, whose text a grader sets; unmodified nbgrader finds them unchanged."""
    return [
        (cell.id, cell.points, cell.source if cell.tests else "")
        for cell in notebooks.cells(notebook)
        if cell.points
    ]


def test_a_changed_source_says_which_text_is_missing():
    source = notebooks.read(SOURCES["a1_autograd"])
    cell = next(one for one in source.cells if one["id"] == "a1-rules")
    cell["source"] = cell.source.replace("take 0 as", "use 0 as")
    with pytest.raises(ConfigError, match="the cell a1-rules: the text that varies.*texts too"):
        personal.notebook_of(source, "a1", student_with("a1", **{"ReLU at 0": "1"}))


# Ids


@pytest.mark.parametrize(
    "content, ids",
    [
        ("ada\nben\n", ["ada", "ben"]),
        ("\ufeffada\n\n  ben  \nada\n", ["ada", "ben"]),
        ("id\nada\n", ["ada"]),
        ("id,first_name,email\nada,Ada,a@b.c\nben,Ben,\n", ["ada", "ben"]),
        ("name;id\nAda;s1\n", ["s1"]),
    ],
)
def test_ids_are_read_from_a_list_or_a_table(content, ids, tmp_path):
    (tmp_path / "ids").write_text(content, encoding="utf-8")
    assert ids_file.read(tmp_path / "ids") == ids


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "no ids"),
        ("first_name,email\nAda,a@b.c\n", "a table without ids"),
        ("ada\nAda\n", "two ids that count as the same"),
        ("../ada\n", "cannot name a folder"),
        ("a" * 101, "more than 100 characters"),
        (".ada\n", "cannot name a folder"),
    ],
)
def test_a_damaged_list_of_ids_is_an_error_in_one_line(content, message, tmp_path):
    (tmp_path / "ids").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as error:
        ids_file.read(tmp_path / "ids")
    assert "\n" not in str(error.value)


def test_a_missing_list_of_ids(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read.*No such file"):
        ids_file.read(tmp_path / "none")


# What is marked


def test_in_a_notebook_checks_follow_the_cell_that_names_the_student(capsys, monkeypatch):
    from minires import course

    monkeypatch.setattr(course, "_variants", {})
    half = {"relu_backward": lambda dy, a: dy * ((a > 0) + 0.5 * (a == 0))}["relu_backward"]
    with pytest.raises(WrongAnswer, match="derivative at a = 0 is 1/2, but here it must be 0"):
        check("a1.relu", half)
    course.personal("a1", student_with("a1", **{"ReLU at 0": "1/2"}))
    check("a1.relu", half)
    said = capsys.readouterr().out
    assert "relu has the derivative 1/2 at a = 0" in said and "✓ a1.relu" in said
    with pytest.raises(ConfigError, match="unknown assignment"):
        course.personal("a9", "ada")


def test_a_class_of_variants(small, tmp_path, in_this_process):
    sources, owners, solved = small
    folder = tmp_path / "submitted"
    for option, owner in owners.items():
        hand_in(folder, solved[option], owner)
    other = next(
        one
        for one in (f"t{number}" for number in range(100))
        if choices.variant("a1", one)["ReLU at 0"] == "0"
    )
    copied = personal.notebook_of(notebooks.read(sources / "a1_small.py"), "a1", other)
    for cell, its in zip(copied.cells, solved["1"].cells):
        if cell["id"] == "a1-rules-code":
            cell["source"] = its["source"]
    hand_in(folder, copied, other)
    hand_in(folder, solved["1/2"], "thief")
    graded = grade.grade(folder, tmp_path / "out", sources, jobs=2, progress=False)
    points = {student: result.points for (student, _), result in graded.results.items()}
    assert [points[owner] for owner in owners.values()] == [2, 2, 2]
    assert points[other] == 0
    ((student, line),) = [one for one in graded.foreign if one[0] == other]
    assert "ReLU at 0: 1, not 0" in line and f"that of {owners['1']}" in line
    assert any(
        whose == "thief" and f"this is the notebook of {owners['1/2']}" in line
        for whose, line in graded.problems
    )
    summary = (tmp_path / "out/summary.md").read_text(encoding="utf-8")
    assert "## Answers to another variant" in summary and "ReLU at 0: 1, not 0" in summary
    page = (tmp_path / f"out/reports/{other}/a1_small.md").read_text(encoding="utf-8")
    assert f"Variant: that of {other}: relu has the derivative 0 at a = 0" in page
    assert "right in another variant of the assignment" in page and owners["1"] not in page


def test_with_a_list_of_ids_nobody_can_choose_another_variant(small, tmp_path, in_this_process):
    sources, owners, _ = small
    folder, shared = tmp_path / "submitted", notebooks.read(sources / "a1_small.py")
    hand_in(folder, shared, owners["1"])
    hand_in(folder, shared, owners["0"])
    hand_in(folder, shared, "guest")
    graded = grade.grade(
        folder, tmp_path / "out", sources, jobs=2, progress=False, students=list(owners.values())
    )
    points = {student: result.points for (student, _), result in graded.results.items()}
    assert points == {owners["1"]: 0, owners["0"]: 2, "guest": 2}
    lines = dict(graded.problems)
    assert "is missing" in lines[owners["1"]] and "not on the list of ids" in lines["guest"]
    assert "the notebook without an id" in dict(graded.foreign)[owners["1"]]


def test_the_wrong_variant_in_the_grader_costs_points(small):
    """The tests above rest on this: a grader that took another student's variant would be
    noticed."""
    _, owners, solved = small
    for other, student in [*owners.items(), ("0", None)]:
        result = mark(solved["1/2"], solved[other], "a1_small", student=student)
        assert result.points == (2 if other == "1/2" else 0)


def test_a_notebook_marked_before_is_marked_again_for_another_list(
    small, tmp_path, in_this_process
):
    sources, owners, solved = small
    folder = tmp_path / "submitted"
    hand_in(folder, notebooks.read(sources / "a1_small.py"), owners["1"])
    run = {"out": tmp_path / "out", "sources": sources, "jobs": 1, "progress": False}
    (first,) = grade.grade(folder, **run).results.values()
    (second,) = grade.grade(folder, **run, students=[owners["1"]]).results.values()
    assert (first.points, second.points) == (2, 0)


@pytest.mark.parametrize("option", choices.CHOICES["a2"][0].options)
def test_every_window_order_is_checked_as_its_solution_has_it(option, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **settings: None)
    student = student_with("a2", **{"window order": option})
    own = choices.variant("a2", student)
    given = answers("a2", "a2.dx", student=student)
    for task in ("a2.im2col", "a2.forward", "a2.col2im", "a2.dw", "a2.dx"):
        checks.run(task, given[task], True, 5, own)
    for other in [*choices.CHOICES["a2"][0].options, "KH, KW, C"]:
        if other != option:
            with pytest.raises(WrongAnswer, match="numbers of a window are (read )?in the order"):
                checks.run("a2.im2col", given["a2.im2col"], False, variant={"window order": other})


TASKS = [
    ("a1", "ReLU at 0", "a1.relu"),
    ("a1", "direction", "a1.long_chain"),
    ("a3", "batch norm's momentum", "a3.layer"),
    ("a3", "ReLU at 0 in a kernel", "a3.relu_backward"),
    ("a4", "zeros of option A", "a4.twins"),
    ("a5", "exactly the margin", "a5.verdict"),
    ("a5", "dashed line", "a5.style"),
    ("a6", "moved", "a6.recorder"),
]


@pytest.mark.parametrize(
    "key, name, last",
    [pytest.param(*one, marks=LONG if one[0] != "a1" else []) for one in TASKS],
    ids=[name for _, name, _ in TASKS],
)
@pytest.mark.slow  # runs cells of a whole assignment for each option
def test_each_option_passes_its_own_checks_and_no_others(key, name, last, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.show", lambda *args, **settings: None)
    (choice,) = [one for one in choices.CHOICES[key] if one.name == name]
    for option in choice.options:
        student = student_with(key, **{name: option})
        given = answers(key, last, student=student)
        checks.run(last, given[last], True, 3, {name: option})
        for task in set(choice.tasks) & set(given):
            for hidden in (False, True):
                checks.run(task, given[task], hidden, 3, {name: option})
            for other in choice.options:
                if other != option:
                    with pytest.raises(WrongAnswer):
                        checks.run(task, given[task], True, 3, {name: other})


@pytest.mark.slow
@pytest.mark.long  # runs all assignments for several students
@pytest.mark.parametrize("student", ["ada", "ben", "cem", "s3"])
@pytest.mark.parametrize("name", SOURCES)
def test_the_solution_of_a_variant_gets_full_points(name, student):
    own = personal.notebook_of(notebooks.read(SOURCES[name]), name, student)
    result = mark(own, own, name, student=student, solutions=own)
    assert result.points + sum(one.out_of for one in result.to_read) == result.out_of
    assert not result.problems and 3 <= len(result.questions) <= 5


@pytest.mark.slow
@pytest.mark.long  # marks a whole assignment twice
def test_one_slip_of_convention_costs_its_points_once():
    """A student who puts the loss last, and walks back accordingly, has one thing wrong."""
    name = "a1_autograd"
    owner = student_with("a1", direction="loss first", **{"ReLU at 0": "0"})
    other = student_with("a1", direction="loss last", **{"ReLU at 0": "0"})
    source = notebooks.read(SOURCES[name])
    own, theirs = (personal.notebook_of(source, name, one) for one in (owner, other))
    result = mark(theirs, own, name, student=owner, solutions=own)
    assert result.points == 25  # task 3 is lost, and tasks 4 and 6, which build on it, are not
    strict = mark(theirs, own, name, student=owner)
    assert strict.points == 25 and {one.id for one in strict.marks if one.other_variant} == {
        "a1-order-test",
        "a1-long-test",
    }


LATER = '''
# %% nbgrader={"grade": false, "grade_id": "a1-zero-code", "locked": false, "schema_version": 3, "solution": true, "task": false}
def at_zero():
    """The derivative of ReLU at 0."""
    ### BEGIN SOLUTION
    return relu_backward(np.ones(1), np.zeros(1))[0]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "a1-zero-test", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
assert at_zero() == 0
'''


def test_a_later_answer_that_does_not_fit_a_copied_one_is_tested_with_the_right_one(tmp_path):
    """A friend's cell is right in the friend's variant. It costs its points, and no others."""
    (tmp_path / "a1_small.py").write_text(SMALL + LATER, encoding="utf-8")
    source = notebooks.read(tmp_path / "a1_small.py")
    owner, friend = (student_with("a1", **{"ReLU at 0": option}) for option in ("0", "1"))
    own, theirs = (personal.notebook_of(source, "a1_small", one) for one in (owner, friend))
    copied = next(cell.source for cell in notebooks.cells(theirs) if cell.id == "a1-rules-code")
    handed_in = changed(own, a1_rules_code=copied)
    result = mark(handed_in, own, "a1_small", student=owner, solutions=own)
    relu, zero = result.marks
    assert relu.points == 0 and relu.other_variant == ("ReLU at 0", "1")
    assert zero.points == 3 and "the assignment's own relu_backward" in zero.note


def test_an_unreadable_id_belongs_to_no_student(small):
    sources, _, _ = small
    first = "from minires.course import personal\n\n"
    notebook = with_cell(notebooks.read(sources / "a1_small.py"), first + "personal(")
    assert personal.claimed(notebook) == ""
    notebook.cells[2]["source"] = first + "personal('a1', 'ada')"
    assert personal.claimed(nbformat.reads(nbformat.writes(notebook), as_version=4)) == "ada"
