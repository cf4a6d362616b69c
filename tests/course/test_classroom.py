"""A class of students for each assignment: each loses the points of the own mistake, and no others.

Grading a class takes minutes, and hours of a busy machine for those whose notebooks train nets:
``pytest -m long tests/course/test_classroom.py -k a1``.
"""

from importlib import import_module

import nbformat
import pytest

pytest.importorskip("jupytext", reason="jupytext is not installed")

from minires.course import checks, grade, notebooks

from .classroom import notebook_of

SOURCES = {name.split("_")[0]: (name, path) for name, path in notebooks.find().items()}
CLASSES = {key: import_module(f"{__package__}.classroom.{key}").STUDENTS for key in SOURCES}


def handed_in(key):
    """The notebooks of a class: pairs (name of the student, notebook)."""
    name, path = SOURCES[key]
    source = notebooks.read(path)
    for number, student in enumerate(CLASSES[key], 1):
        yield f"s{number:02d}", notebook_of(student, f"s{number:02d}", name, source)


@pytest.mark.parametrize("key", SOURCES)
def test_a_class_has_thirty_students_and_misses_no_test(key):
    tests = {cell.id for cell in notebooks.cells(notebooks.read(SOURCES[key][1])) if cell.tests}
    lost = {cell for student in CLASSES[key] for cell in student.loses}
    assert len(list(handed_in(key))) >= 30 and tests <= lost
    assert len(tests) == len(checks.tasks(key))


# What only these see: the grader itself, with follow-through, on whole notebooks with real mistakes.
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("key", SOURCES)
@pytest.mark.timeout(4 * 3600)
def test_each_loses_the_points_of_the_own_mistake(key, tmp_path):
    name = SOURCES[key][0]
    for student, notebook in handed_in(key):
        path = tmp_path / "submitted" / student / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
    graded = grade.grade(tmp_path / "submitted", tmp_path / "out", progress=False, seed=7)
    wrong = []
    for number, student in enumerate(CLASSES[key], 1):
        result = graded.results[f"s{number:02d}", name]
        lost = {mark.id: mark.message for mark in result.marks if mark.wrong}
        if lost.keys() != student.loses.keys() or not all(
            words in lost[cell] for cell, words in student.loses.items()
        ):
            wrong.append((number, student.did, lost))
        if student.problem and not any(student.problem in line for line in result.problems):
            wrong.append((number, student.did, result.problems))
    assert not wrong
