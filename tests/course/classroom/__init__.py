"""Classes of students who hand in the model solution with a realistic mistake or two.

There is a file for each assignment. Its `STUDENTS` say what each student did, which tests must take
their points for it (every other test must give its points), and what the message must say.
"""

import copy
from dataclasses import dataclass, field

from minires.course import notebooks
from minires.course.variants import personal

MARKERS = ("### BEGIN SOLUTION", "### END SOLUTION")
IN_WORDS = "What the numbers show, and why."


@dataclass(frozen=True)
class Student:
    """A student's mistakes, and what grading must say about them.

    Attributes
    ----------
    did : str
        The mistake, in words.
    changes : sequence of (str, str)
        Texts of the model solution, each in a single cell, and what the student wrote instead.
    loses : dict
        Name of a test's cell -> a part of the message that it must give. Tests that are not named
        here must give all their points.
    cells : dict
        Name of a cell -> its whole source, or None if the student deleted it.
    adds : dict
        Name of a cell -> the source of a cell of the student's own that follows it.
    problem : str
        A part of the line that the report must hold about a cell that stopped or is missing.
    copies : tuple
        The student whose variant some cells were copied from, and the names of these cells. Both
        students then have personal notebooks.
    """

    did: str
    changes: tuple = ()
    loses: dict = field(default_factory=dict)
    cells: dict = field(default_factory=dict)
    adds: dict = field(default_factory=dict)
    problem: str = ""
    copies: tuple = ()


def answered(assignment, source, student=None):
    """The notebook of an assignment as a student hands it in who has made no mistake."""
    if student is not None:
        source = personal.notebook_of(source, assignment, student)
    handed_in = notebooks.release(source)
    for cell, model in zip(handed_in.cells, source.cells):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            if cell.cell_type == "code":
                lines = model["source"].split("\n")
                cell["source"] = "\n".join(
                    line for line in lines if not any(marker in line for marker in MARKERS)
                )
            else:
                cell["source"] = IN_WORDS
    return handed_in


def notebook_of(student, name, assignment, source):
    """What a student hands in.

    Parameters
    ----------
    student : Student
    name : str
        The name of the student's folder.
    assignment : str
        Such as "a1_autograd".
    source : NotebookNode
        The assignment, with its solutions.
    """
    handed_in = answered(assignment, source, name if student.copies else None)
    by_name = {cell["id"]: cell for cell in handed_in.cells}
    if student.copies:
        friend, *copied = student.copies
        theirs = {cell["id"]: cell for cell in answered(assignment, source, friend).cells}
        for cell in copied:
            assert by_name[cell]["source"] != theirs[cell]["source"], f"{cell} does not vary"
            by_name[cell]["source"] = theirs[cell]["source"]
    for old, new in student.changes:
        found = [cell for cell in handed_in.cells if old in cell["source"]]
        assert len(found) == 1, f"{len(found)} cells hold {old!r}"
        assert found[0]["source"].count(old) == 1, f"{old!r} stands there several times"
        found[0]["source"] = found[0]["source"].replace(old, new)
    for cell, text in student.cells.items():
        if text is None:
            handed_in.cells.remove(by_name[cell])
        else:
            by_name[cell]["source"] = text
    for cell, text in student.adds.items():
        own = copy.deepcopy(next(one for one in handed_in.cells if one.cell_type == "code"))
        own["source"], own["metadata"], own["id"] = text, {}, f"own-{cell}"
        handed_in.cells.insert(handed_in.cells.index(by_name[cell]) + 1, own)
    return handed_in
