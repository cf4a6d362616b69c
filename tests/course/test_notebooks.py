"""The assignments are complete, leak no solutions, and are worth the points they state."""

import json
import re
import sys
import zipfile

import nbformat
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import checks, notebooks, report
from minires.course.mark import mark
from minires.errors import ConfigError, DataError

from ..slow import slow_but

SOURCES = notebooks.find()


@pytest.fixture(params=SOURCES, scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(name):
    return notebooks.read(SOURCES[name])


def test_all_are_there():
    assert [name.split("_")[0] for name in SOURCES] == list(notebooks.KEYS)


def test_cells_are_marked_as_nbgrader_wants(name, notebook):
    key = name.split("_")[0]
    for cell in notebook.cells:
        marks = cell.metadata["nbgrader"]
        assert (
            set(marks) - {"points"}
            == {"grade", "grade_id", "locked", "schema_version", "solution", "task"}
            and marks["schema_version"] == 3
        )
        assert (
            marks["grade_id"].startswith(f"{key}-")
            and marks["grade"] == ("points" in marks)
            and isinstance(marks.get("points", 0), int)
        )
        assert marks["locked"] != marks["solution"], marks["grade_id"]
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_points_add_up(name, notebook):
    cells = notebooks.cells(notebook)
    total = sum(cell.points for cell in cells)
    assert f"**Points** {total:g}" in cells[0].source
    headings = [
        int(points)
        for cell in cells
        if cell.kind == "markdown" and not cell.answer
        for points in re.findall(r"(?m)^## .*\((\d+) points?\)", cell.source)
    ]
    assert sum(headings) == total


def test_the_title_says_what_is_asked(notebook):
    title, text = (
        notebooks.cells(notebook)[0].source,
        "\n".join(cell.source for cell in notebooks.cells(notebook)),
    )
    assert (
        title.startswith("# A")
        and "**Goals.**" in title
        and "**Time**" in title
        and "Bonus" in text
        and "## Background" in text
    )


def test_every_task_is_tested_once_in_the_open_and_once_hidden(name, notebook):
    tests = [cell.source for cell in notebooks.cells(notebook) if cell.tests]
    tasks = [re.findall(r'check\("(a\d\.\w+)"', test) for test in tests]
    assert sorted({task for found in tasks for task in found}) == sorted(
        checks.tasks(name.split("_")[0])
    )
    assert sum("BEGIN HIDDEN TESTS" in test for test in tests) >= len(tests) / 2
    assert all(
        test.startswith("from minires.course import check\n") for test in tests
    )  # not a function that the notebook has defined


def test_released_files_hold_no_solutions(name, notebook):
    released = notebooks.release(notebook)
    text = "\n".join(cell.source for cell in released.cells)
    assert "SOLUTION" not in text and "HIDDEN" not in text and "hidden=True" not in text
    for cell in notebooks.cells(notebook):
        if cell.answer and cell.kind == "code":
            for part in re.findall(r"(?s)### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source):
                for line in part.splitlines():
                    assert len(line.strip()) < 25 or line.strip() not in text, line
        elif cell.answer:
            assert cell.source not in text
    stubs = [cell for cell in notebooks.cells(released) if cell.answer]
    assert stubs and all(
        notebooks.TEXT_STUB in cell.source
        if cell.kind == "markdown"
        else "raise NotImplementedError()" in cell.source
        for cell in stubs
    )
    for cell in notebooks.cells(released):
        if cell.kind == "code":
            compile(cell.source, cell.id, "exec")


# Whole assignments, in a process each, for seconds each.
one_quickly = pytest.mark.parametrize(
    "name",
    slow_but(["a1_autograd"], SOURCES, ["a3_batch_norm", "a4_residual_blocks", "a6_gradients"]),
    indirect=True,
)


@one_quickly  # only these tests would show that a reference loses points to its own checks
def test_the_reference_gets_all_points_and_the_release_none(name, notebook):
    result = mark(notebook, notebook, name)
    assert [
        (one.id, one.message) for one in result.marks if one.points not in (None, one.out_of)
    ] == [] and not result.problems
    assert result.figures and result.seconds < 120
    blank = mark(notebooks.release(notebook), notebook, name, solutions=notebook)
    assert blank.points == 0 and not blank.to_read
    visible = {one.id: one.message for one in blank.marks}
    assert all(visible.values())
    feedback = (
        report.markdown("x", blank) + report.html("x", blank) + json.dumps(report.gradescope(blank))
    )
    assert (
        "hidden=True" not in feedback
        and "HIDDEN" not in feedback
        and "### " not in feedback.replace("## ", "")
    )


@one_quickly  # only these tests would show a check that passes without an answer
def test_every_visible_check_fails_on_the_stub(name, notebook):
    """This is what students see: the release with its own tests. (The tests above run the same
    checks on the reference, before the hidden ones.)"""
    released = notebooks.release(notebook)
    stub = mark(released, released, name)
    assert all(one.points == 0 and one.message for one in stub.marks)


@one_quickly  # only these tests would show a mark that a report leaves out
def test_reports_have_one_row_for_each_mark(name, notebook):
    result = mark(notebooks.release(notebook), notebook, name)
    assert (
        report.markdown("x", result).count("\n| a")
        == len(result.marks)
        == report.html("x", result).count("<tr class=")
    )


# Building


def test_build(tmp_path):
    written = notebooks.build(tmp_path / "out")
    assert len(written) == 2 * len(SOURCES) + 2
    archive, config = written[-2:]
    for name in SOURCES:
        for kind in ("source", "release"):
            notebook = nbformat.read(tmp_path / "out" / kind / name / f"{name}.ipynb", as_version=4)
            nbformat.validate(notebook)
    with zipfile.ZipFile(archive) as bundle:
        assert sorted(bundle.namelist()) == sorted(f"{name}/{name}.ipynb" for name in SOURCES)
        assert not any(
            b"SOLUTION" in bundle.read(name) or b"hidden=True" in bundle.read(name)
            for name in bundle.namelist()
        )
    first = archive.read_bytes()
    config.write_text("mine")
    notebooks.build(tmp_path / "out")
    assert archive.read_bytes() == first and config.read_text() == "mine"


@pytest.mark.parametrize(
    "cell, words",
    [
        ("### BEGIN SOLUTION\nx = 1", "without its end"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "nested"),
    ],
)
def test_markers_without_partners(cell, words):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                cell, metadata={"nbgrader": {"solution": True, "grade": False, "grade_id": "a1-x"}}
            )
        ]
    )
    with pytest.raises(ConfigError, match=words):
        notebooks.release(notebook)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        b"[]",
        b"{}",
        b'{"cells": 3}',
        b"\xff\xfe\x00",
        b'{"cells": [{"cell_type": "code", "source": 5}], "nbformat": 4, "nbformat_minor": '
        b'5, "metadata": {}}',
    ],
)
def test_a_file_that_is_not_a_notebook(content, tmp_path):
    (tmp_path / "a.ipynb").write_bytes(content)
    with pytest.raises(DataError, match="not a notebook"):
        notebooks.read(tmp_path / "a.ipynb")


def test_no_sources(tmp_path):
    with pytest.raises(ConfigError, match="no sources of assignments"):
        notebooks.find(tmp_path)


def test_solutions_of_the_library_are_out_of_reach():
    """In a process of its own, since it empties functions for good."""
    import subprocess
    import sys

    code = (
        "import minires as mr\nfrom minires.kernels import naive, cpu\nfrom minires.course "
        "import begin\nfrom minires.course.hold_back import HeldBackError\nimport numpy as "
        "np\n"
        "forward = cpu.conv2d.forward\nbegin('a2')\nbegin('a2')\n"
        "for f in (forward, naive.conv2d.forward, lambda x, w: "
        "mr.functional.conv2d(mr.Tensor(x), mr.Tensor(w))):\n"
        "    try:\n        f(np.ones((1, 3, 3, 1), np.float32), np.ones((1, 1, 1, 1), "
        "np.float32))\n    except HeldBackError as error:\n        print(error)\n"
        "print(mr.functional.relu(mr.Tensor([1.0])).item())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.count(
        "it is what you write in this assignment"
    ) == 3 and done.stdout.endswith("1.0\n"), done.stderr


@pytest.mark.parametrize("package", ["nbformat", "jupytext"])
def test_without_the_packages_it_says_what_to_install(monkeypatch, tmp_path, package):
    monkeypatch.setitem(sys.modules, package, None)  # makes `import` fail
    with pytest.raises(
        ConfigError,
        match=rf"the package {package} is not installed: .*pip install \"minires\[instructor\]\"",
    ):
        notebooks.build(tmp_path)
    with pytest.raises(ConfigError, match="is not installed"):
        notebooks.read(tmp_path / "any.ipynb")
