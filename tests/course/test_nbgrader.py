"""Unmodified nbgrader takes the assignments, releases the same cells, and gives the same points."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed")

from minires.course import choices, notebooks
from minires.course.mark import mark
from minires.course.variants import personal

from .conftest import changed

SOURCES = notebooks.find()
# A gradient that is overwritten where it should be added to the one already there.
OVERWRITES = {
    "a1_walk_code": """def backward(last, gradient):
    last.grad = gradient
    for node in topological_order(last):
        for parent, part in zip(node.parents, node.rule(node.grad) if node.rule else ()):
            parent.grad = part"""
}
# As the shared notebook has it.
RELU_AT_ZERO_IS_ZERO = next(
    cell.source
    for cell in notebooks.cells(notebooks.read(SOURCES["a1_autograd"]))
    if cell.id == "a1-rules-code"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course directory as `minires course build` writes it, with the release put aside."""
    folder = tmp_path_factory.mktemp("course")
    notebooks.build(folder)
    (folder / "release").rename(folder / "ours")
    return folder


def nbgrader(course, *arguments):
    """Run nbgrader. It exits with 0 after some failures, so callers check what it wrote."""
    environment = os.environ | {
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
        "JUPYTER_ALLOW_INSECURE_WRITES": "1",
        "PYTHONPATH": str(Path(notebooks.__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def cells(path):
    return [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]


@pytest.mark.parametrize("name", SOURCES)
def test_it_releases_the_same_cells(name, course):
    log = nbgrader(course, "generate_assignment", name, "--create")
    assert (course / "release" / name / f"{name}.ipynb").exists(), log
    assert cells(course / "release" / name / f"{name}.ipynb") == cells(
        course / "ours" / name / f"{name}.ipynb"
    )


@pytest.mark.slow  # nbgrader starts a kernel for each notebook
def test_it_gives_the_same_points(course):
    name, path = "a1_autograd", SOURCES["a1_autograd"]
    notebook = notebooks.read(path)
    nbgrader(course, "generate_assignment", name, "--create", "--force")
    submissions = {
        "reference": notebook,
        "blank": notebooks.release(notebook),
        "wrong": changed(notebook, **OVERWRITES),
        "cheat": changed(
            notebooks.release(notebook),
            a1_begin="import minires.course\ncheck = print\ntry:\n    minires.course.check = "
            "check\nexcept AttributeError:\n    pass",
        ),
        "fewer": changed(notebook),
    }
    submissions["fewer"].cells = [
        cell for cell in submissions["fewer"].cells if cell["id"] != "a1-add-test"
    ]
    for student, submission in submissions.items():
        target = course / "submitted" / student / name / f"{name}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(submission, target)
    log = nbgrader(course, "autograde", name) + nbgrader(course, "export")
    with open(course / "grades.csv", newline="") as file:
        theirs = {
            row["student_id"]: float(row["raw_score"])
            for row in csv.DictReader(file)
            if row["assignment"] == name
        }
    ours = {
        student: mark(submission, notebook, name).points
        for student, submission in submissions.items()
    }
    assert theirs == ours, log
    assert ours["reference"] == ours["fewer"] > ours["wrong"] > ours["blank"] == ours["cheat"] == 0


@pytest.mark.slow
def test_its_feedback_shows_no_lines_of_the_checks(course):
    name = "a1_autograd"
    nbgrader(course, "generate_assignment", name, "--create", "--force")
    submitted = course / "submitted" / "overwrites" / name / f"{name}.ipynb"
    submitted.parent.mkdir(parents=True)
    nbformat.write(changed(notebooks.read(SOURCES[name]), **OVERWRITES), submitted)
    log = nbgrader(course, "autograde", name, "--student", "overwrites")
    log += nbgrader(course, "generate_feedback", name, "--student", "overwrites")
    page = course / "feedback" / "overwrites" / name / f"{name}.html"
    assert page.exists(), log
    page = page.read_text(encoding="utf-8")
    assert "overwritten instead of added up" in page
    assert "expect(" not in page and "_gradients" not in page


@pytest.mark.slow  # nbgrader starts a kernel for each notebook
@pytest.mark.long
def test_personal_notebooks_get_the_points_of_their_variant(course):
    """Locked texts get back the shared wording, and the tests follow the cell that names the
    student."""
    name = "a1_autograd"
    source = notebooks.read(SOURCES[name])
    nbgrader(course, "generate_assignment", name, "--create", "--force")
    own = choices.variant("a1", "cem")
    assert own == {"ReLU at 0": "1/2", "direction": "loss last"}
    submissions = {
        "cem": personal.notebook_of(source, name, "cem"),
        "copies": changed(
            personal.notebook_of(source, name, "cem"), a1_rules_code=RELU_AT_ZERO_IS_ZERO
        ),
    }
    for student, submission in submissions.items():
        target = course / "submitted" / student / name / f"{name}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(submission, target)
        log = nbgrader(course, "autograde", name, "--student", student)
    log += nbgrader(course, "export")
    with open(course / "grades.csv", newline="") as file:
        theirs = {
            row["student_id"]: float(row["raw_score"])
            for row in csv.DictReader(file)
            if row["assignment"] == name and row["student_id"] in submissions
        }
    assert theirs == {"cem": 30, "copies": 28}, log
