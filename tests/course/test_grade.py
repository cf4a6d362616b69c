"""Grading a folder: which notebook belongs to whom, what is kept between runs, and what instructors
read."""

import csv
import json
import os

import nbformat
import pytest

from minires.cli import main
from minires.course import by_hand, grade, notebooks, similarity
from minires.course.records import Records
from minires.errors import ConfigError

from .conftest import NAME, changed, hand_in, with_cell


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_all_kinds(run, source, folder, tmp_path):
    hand_in(folder, source, "ana")
    hand_in(folder, source, "Zoë Ñandú 王", "{student}/a1_small/a1_small.ipynb")
    hand_in(folder, notebooks.release(source), "ben", "{student}_a1_small.ipynb")
    hand_in(
        folder,
        changed(source, a1_sum="def sum_backward(dy, a):\n    return dy"),
        "eve",
        "{student}/my solution.ipynb",
    )
    (folder / "none").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "a1.ipynb").write_text("junk")
    (folder / "odd").mkdir()
    (folder / "odd" / "essay.ipynb").write_text("{}")
    (folder / "notes.txt").write_text("x")
    graded = run()
    grades = {row["student"]: row[NAME] for row in table(tmp_path / "out" / "grades.csv")}
    assert grades == {
        "ana": "5",
        "Zoë Ñandú 王": "5",
        "ben": "0",
        "eve": "2",
        "none": "",
        "broken": "0",
        "odd": "",
    }
    lines = dict(graded.problems)
    assert (
        "the folder is empty" in lines["none"]
        and "which assignment" in lines["odd"]
        and "not a notebook" in lines["notes"]
    )
    assert "not a notebook" in graded.results["broken", NAME].problems[0]
    report = (tmp_path / "out" / "reports" / "eve" / "a1_small.md").read_text(encoding="utf-8")
    assert (
        "**2 of 9 points** so far; answers for 4 more points are still to be read" in report
        and "it has the shape" not in report
        and "da is left as one number" in report
    )
    page = (tmp_path / "out" / "reports" / "Zoë Ñandú 王" / "a1_small.html").read_text(
        encoding="utf-8"
    )
    assert "Zoë Ñandú 王" in page and page.startswith("<!doctype html>")
    results = json.loads(
        (tmp_path / "out" / "gradescope" / "eve" / NAME / "results.json").read_text(
            encoding="utf-8"
        )
    )
    assert (
        results["score"] == 2
        and [test["score"] for test in results["tests"]] == [2, 0, 0]
        and results["tests"][1]["max_score"] == 3
    )
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "| ana | Zoë Ñandú 王 |" in summary or "| Zoë Ñandú 王 | ana |" in summary


def test_by_default_one_submission_for_each_core_that_may_be_used(
    sources, source, folder, tmp_path, monkeypatch
):
    """A batch job may have 2 of 64 cores."""
    hand_in(folder, source, "ana")
    asked = []

    def each(function, tasks, jobs, *rest):
        asked.append(jobs)
        yield from ()

    monkeypatch.setattr(grade.pool, "each", each)
    monkeypatch.setattr("minires.backend.available_cores", lambda: 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for jobs in (None, 5):
        grade.grade(folder, tmp_path / "out", sources, jobs=jobs, progress=False)
    assert asked == [3, 5]


# grades several times; the only test in which the cache of marks is used and goes out of date
@pytest.mark.slow
def test_a_graded_notebook_is_not_graded_again(run, source, folder, tmp_path, monkeypatch):
    hand_in(folder, source, "ana")
    path = hand_in(
        folder, with_cell(source, "import matplotlib.pyplot as plt\nplt.plot([1])"), "ben"
    )
    first = run()
    asked = []
    save = Records.save
    monkeypatch.setattr(
        Records,
        "save",
        lambda self, entry, *rest: asked.append(entry.student) or save(self, entry, *rest),
    )
    again = run()
    assert (
        asked == []
        and again.results["ana", NAME] == first.results["ana", NAME]
        and again.results["ben", NAME].figures == first.results["ben", NAME].figures
    )
    nbformat.write(notebooks.release(source), path)
    assert run().results["ben", NAME].points == 0 and asked == ["ben"]
    (tmp_path / "out" / "results" / "ana" / NAME / "result.json").write_text(
        "{"
    )  # cut off while it was written
    run()
    assert asked == ["ben", "ana"]


@pytest.mark.slow
def test_answers_in_words_are_marked_by_hand(run, source, folder, tmp_path):
    hand_in(folder, changed(source, a1_why="Because ü."), "ana")
    hand_in(folder, changed(source, a1_why=notebooks.TEXT_STUB), "ben")
    assert len(run().results["ana", NAME].to_read) == 1
    (row,) = table(tmp_path / "out" / "by_hand.csv")
    assert (
        row["student"] == "ana"
        and row["answer"] == "Because ü."
        and row["out_of"] == "4"
        and row["points"] == ""
    )

    def give(points):
        with open(tmp_path / "out" / "by_hand.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, by_hand.COLUMNS)
            writer.writeheader()
            writer.writerow({**row, "points": points, "comment": "well seen"})
        return run()

    for wrong in ("5", "-1", "many"):
        graded = give(wrong)
        assert (
            graded.results["ana", NAME].points == 5 and "expected 0 to 4" in graded.problems[0][1]
        )
    graded = give("3")
    assert graded.results["ana", NAME].points == 8 and graded.results["ben", NAME].points == 5
    assert table(tmp_path / "out" / "by_hand.csv")[0]["points"] == "3"
    assert "well seen" in (tmp_path / "out" / "reports" / "ana" / "a1_small.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_of_two_notebooks_the_newest_counts(run, source, folder):
    hand_in(folder, source, "ana", "{student}/old.ipynb")
    new = hand_in(folder, notebooks.release(source), "ana", "{student}/new.ipynb")
    os.utime(new, (2e9, 2e9))
    graded = run()
    assert (
        graded.results["ana", NAME].points == 0
        and "the newest, ana/new.ipynb, was graded" in graded.problems[0][1]
    )


def test_a_submission_cannot_read_the_others(run, source, folder):
    other = hand_in(folder, source, "ana")
    hand_in(folder, with_cell(source, f"open({str(other)!r}).read()"), "ben")
    problem = run().results["ben", NAME].problems[0]
    assert "cannot be read" in problem or "No such file" in problem


@pytest.mark.parametrize(
    "make",
    [lambda folder: None, lambda folder: folder.mkdir(), lambda folder: folder.write_text("x")],
)
def test_no_submissions(make, run, folder):
    make(folder)
    with pytest.raises(ConfigError, match="submissions"):
        run()


def test_alike():
    one = (
        "def f(a, b):\n    total = 0\n    for i in range(len(a)):\n        total = total + a[i] "
        "* b[i] - (a[i] + 1) ** 2\n    return total, [x * 2 for x in a if x > 3]\n"
    )
    renamed = (
        one.replace("total", "s").replace("2", "5").replace("    s = 0", "    s = 0   # start")
    )
    other = (
        "def f(a, b):\n    return sum(map(min, zip(a, b))) if a else {k: v for k, v in "
        "enumerate(b)}, lambda x: (x - 1) / (x + 1) if x else None\n"
    )
    found = similarity.pairs({"ana": one, "ben": renamed, "eve": other})
    assert found == [(1.0, "ana", "ben")]
    assert similarity.pairs({"ana": one, "ben": renamed}, given=one) == []
    assert similarity.pairs({"ana": one, "ben": "def f(:\n   'unfinished"}) == []


# The commands


def test_commands(sources, source, folder, tmp_path, capsys):
    hand_in(folder, source, "ana")
    path = hand_in(folder, changed(source, a1_sum="def sum_backward(dy, a):\n    return dy"), "ben")
    assert (
        main(
            [
                "course",
                "grade",
                str(folder),
                "--out",
                str(tmp_path / "out"),
                "--sources",
                str(sources),
                "--jobs",
                "1",
            ]
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert "2 notebooks of 2 students graded" in printed and "2 answers wait to be read" in printed
    assert main(["course", "check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert (
        "✓ a1-relu-test" in printed
        and "✗ a1-sum-test: sum_backward: expected" in printed
        and "2 of 9 points" in printed
    )
    assert main(["course", "build", str(tmp_path / "course"), "--sources", str(sources)]) == 0
    assert (tmp_path / "course" / "release" / NAME / f"{NAME}.ipynb").exists()


def test_the_last_lines_count_a_single_thing_as_one(
    source, sources, folder, tmp_path, in_this_process, capsys
):
    hand_in(folder, source, "ana")
    (folder / "ana" / "notes.ipynb").write_text("{}", encoding="utf-8")
    out = tmp_path / "out"
    main(["course", "grade", str(folder), "--out", str(out), "--sources", str(sources)])
    printed = capsys.readouterr().out
    assert "1 notebook of 1 student graded; 1 problem with files; 0 pairs look alike" in printed
    assert "1 answer waits to be read" in printed
    assert "1 student, 1 notebook." in (out / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command, words",
    [
        (["course", "check", "nowhere.ipynb"], "no such file"),
        (["course", "check", "."], "expected a notebook of an assignment, got the folder"),
        (["course", "grade", "nowhere", "--out", "out"], "no folder of submissions"),
        (["course", "build", "out", "--sources", "nowhere"], "no sources of assignments"),
    ],
)
def test_commands_say_what_is_missing(command, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    assert words in capsys.readouterr().err


def test_a_check_file_without_checks_is_an_error(tmp_path, capsys):
    (tmp_path / "a1.py").write_text("print(1)\n")
    assert main(["course", "check", str(tmp_path / "a1.py")]) == 1
    assert "none of its checks" in capsys.readouterr().err


def test_a_notebook_that_is_not_an_assignment(tmp_path, capsys):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "x.ipynb")
    assert main(["course", "check", str(tmp_path / "x.ipynb")]) == 1
    assert "not an assignment" in capsys.readouterr().err


# Whatever one student hands in, the others are graded


def _raw(notebook, **cell):
    """A notebook's JSON, with something else in its third cell."""
    content = json.loads(nbformat.writes(notebook))
    content["cells"][2].update(cell)
    return json.dumps(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content, word",
    [
        (lambda source: _raw(source, metadata=[1]), "not a notebook"),
        (lambda source: _raw(source, source=5), "not a notebook"),
        (lambda source: "[" * 100_000, "not a notebook"),
        (
            lambda source: _raw(
                source, source="raise ValueError('half a character: ' + chr(0xd800))"
            ),
            "half a character",
        ),
        (
            lambda source: _raw(source, source="raise type('E' * 1_000_000, (Exception,), {})"),
            "characters left out",
        ),
        (lambda source: _raw(source).replace("A model answer", "\\ud800"), None),
        (lambda source: nbformat.writes(_many(source, 300)), "and 260 more"),
    ],
)
def test_a_strange_notebook_costs_only_its_author(content, word, run, source, folder, tmp_path):
    hand_in(folder, source, "ana")
    (folder / "eve").mkdir()
    (folder / "eve" / "a1.ipynb").write_text(content(source))
    for _ in range(2):
        graded = run()
        assert graded.results["ana", NAME].points == 5
        assert (
            any(word in line for line in graded.results["eve", NAME].problems)
            if word
            else not graded.results["eve", NAME].problems
        )
    assert (
        sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
        < 500_000
    )


def _many(source, number):
    for _ in range(number):
        source = with_cell(source, "1 / 0", at=len(source.cells))
    return source


@pytest.mark.slow  # grades three times; the only test in which a process of the grader dies
def test_a_killed_process_costs_no_other_student_anything(run, source, folder, monkeypatch):
    for student in ("eve", "ana", "ben", "cat"):
        hand_in(folder, source, student)
    with monkeypatch.context() as patch:
        patch.setattr(grade, "_mark", _killed_for_eve)
        graded = run()
    assert {student: result.points for (student, _), result in graded.results.items()} == {
        "ana": 5,
        "ben": 5,
        "cat": 5,
        "eve": 0,
    }
    assert run().results["eve", NAME].points == 5  # her mark was not kept


def _killed_for_eve(path, *rest):
    if path.parent.name == "eve":
        os._exit(9)
    return grade._mark(path, *rest)


@pytest.mark.slow
def test_a_link_to_another_students_notebook_is_left_out(run, source, folder):
    hand_in(folder, source, "ana")
    (folder / "eve").mkdir()
    (folder / "eve" / "a1.ipynb").symlink_to("../ana/a1_small.ipynb")
    graded = run()
    assert ("eve", NAME) not in graded.results and "a link" in dict(graded.problems)["eve"]


@pytest.mark.slow
def test_tables_hold_no_formulas(run, source, folder, tmp_path):
    hand_in(folder, changed(source, a1_why='=HYPERLINK("http://x")'), "=cmd()")
    run()
    assert table(tmp_path / "out" / "grades.csv")[0]["student"] == "'=cmd()"
    (row,) = table(tmp_path / "out" / "by_hand.csv")
    assert row["answer"].startswith("'=HYPERLINK")
    _rewrite(tmp_path / "out" / "by_hand.csv", {**row, "points": "4"})
    assert run().results["=cmd()", NAME].points == 9


def _rewrite(path, *rows, **style):
    with open(path, "w", encoding=style.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.DictWriter(file, by_hand.COLUMNS, **style)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.long
@pytest.mark.slow  # grades three times; the only test in which a spreadsheet changes by_hand.csv
def test_points_by_hand_survive_a_spreadsheet(run, source, folder, tmp_path):
    path = tmp_path / "out" / "by_hand.csv"
    hand_in(folder, changed(source, a1_why="Größe, " * 30_000), "ana")
    run()
    (row,) = table(path)
    _rewrite(path, {**row, "points": "2,5", "comment": "schön"}, delimiter=";", encoding="cp1252")
    assert run().results["ana", NAME].points == 7.5
    hand_in(folder, changed(source, a1_why="Something else."), "ana")  # handed in again
    graded = run()
    assert graded.results["ana", NAME].points == 5 and "has changed" in graded.problems[0][1]
    (row,) = table(path)
    assert row["points"] == "" and "2.5 points" in row["comment"] and "schön" in row["comment"]
    _rewrite(path, {**row, "points": "1"})
    (folder / "ana" / "a1_small.ipynb").unlink()
    hand_in(folder, source, "ben")
    run()
    assert {row["student"]: row["points"] for row in table(path)} == {"ana": "1", "ben": ""}
    path.write_text("nonsense\n1\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        run()
    assert path.read_text() == "nonsense\n1\n"


def test_an_invalid_seed_stops_before_anything_is_graded(run, source, folder, monkeypatch):
    hand_in(folder, source, "ana")
    monkeypatch.setenv("MINIRES_COURSE_SEED", "spring")
    with pytest.raises(ConfigError, match="not a seed"):
        run()


@pytest.mark.parametrize(
    "place",
    [
        "submitted",
        "submitted/out",
        "submitted/ana/out",
        "elsewhere/../submitted/out",
        "link",
        "link/out",
        ".",
        "link/..",
        "elsewhere/..",
    ],
)
def test_reports_and_submissions_are_kept_apart(place, source, sources, folder, tmp_path):
    hand_in(folder, source, "ana")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(folder)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match="--out: .*folder of the submissions"):
        grade.grade(folder, tmp_path / place, sources, progress=False)
    with pytest.raises(ConfigError, match="--out: .*folder of the submissions"):
        grade.grade(tmp_path / "link", tmp_path / place, sources, progress=False)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.long
@pytest.mark.slow  # checks and grades a notebook
def test_check_and_grade_agree_on_the_visible_numbers(sources, source, folder, tmp_path, capsys):
    path = sources / f"{NAME}.py"
    text = path.read_text(encoding="utf-8")
    hidden = text[text.index("### BEGIN HIDDEN") : text.index("### END HIDDEN TESTS\n")]
    path.write_text(
        text.replace(hidden, "").replace("### END HIDDEN TESTS\n", ""), encoding="utf-8"
    )
    given = notebooks.read(path)
    wrong = "def sum_backward(dy, a):\n    return dy"
    split = with_cell(given, "    # split in two", at=3)
    handed_in = {
        "right": given,
        "wrong": changed(given, a1_sum=wrong),
        "stub": notebooks.release(given),
        "stops": with_cell(changed(given, a1_sum=wrong), "1 / 0"),
        "exits": with_cell(given, "import os\nos._exit(3)", at=4),
        "loops": with_cell(given, "while True: pass", at=4),
        "await": with_cell(given, "import asyncio\nawait asyncio.sleep(0)"),
        "split": split,
        "renamed": changed(given, a1_relu="def relu(dy, a):\n    return dy * (a > 0)"),
    }
    for student, notebook in handed_in.items():
        hand_in(folder, notebook, student)
    words = ["course", "grade", str(folder), "--out", str(tmp_path / "out"), "--seconds", "5"]
    assert main([*words, "--sources", str(sources)]) == 0
    printed = capsys.readouterr().out
    walls = {line for line in printed.splitlines() if line.startswith("isolation: ")}
    graded = {
        (row["student"], row["cell"]): (row["points"] == row["out of"], row["message"])
        for row in table(tmp_path / "out" / "marks.csv")
        if row["cell"].endswith("-test")
    }
    assert len(graded) == 2 * len(handed_in) and len({right for right, _ in graded.values()}) == 2
    for student in handed_in:
        main(["course", "check", str(folder / student / f"{NAME}.ipynb"), "--seconds", "5"])
        printed = capsys.readouterr().out
        assert "the numbers are those on view" in printed
        assert walls <= set(printed.splitlines())
        for (whose, cell), (right, message) in graded.items():
            if whose == student:
                line = f"  {'✓' if right else '✗'} {cell}" + (f": {message}" if message else "")
                assert line in printed.splitlines()
