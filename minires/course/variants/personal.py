"""Write the notebook of one student: the assignment in the student's variant, with a cell that
names the student.
"""

import copy
import csv
import io
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from ...errors import ConfigError
from ...names import expanded
from ...types import PathLike
from .. import choices, harmless, notebooks
from ..notebooks import Notebook
from . import texts

FIRST = "from minires.course import personal\n"  # how the cell begins that names the student
LONGEST_LINE = 1000  # characters of that cell; `line` needs about two hundred


def notebook_of(notebook: Notebook, assignment: str, student: str) -> Notebook:
    """An assignment in a student's variant; solutions and hidden tests stay in it.

    Parameters
    ----------
    notebook : NotebookNode
        The shared assignment. It is not changed.
    assignment : str
        Such as "a2" or "a2_convolution".
    student : str
        The student's id.

    Raises
    ------
    ConfigError
        If a text that varies is not in its cell exactly once, for example after a change of the
        sources.
    """
    key = assignment.split("_")[0]
    personal = copy.deepcopy(notebook)
    by_id = {cell["id"]: cell for cell in personal.cells}
    for name, old, new in texts.changes(key, choices.variant(key, student)):
        cell = by_id.get(name)
        if cell is None:  # this course leaves the task out
            continue
        found = list(_pattern(old, cell).finditer(cell["source"]))
        if len(found) != 1:
            raise ConfigError(
                f"the cell {name}",
                "the text that varies between students was changed",
                f"once {old!r}",
                f"{len(found)} times",
                "change it in minires/course/variants/texts too, or build without ids",
            )
        start, end = found[0].span()
        cell["source"] = cell["source"][:start] + new + cell["source"][end:]
    begin = next(
        (i for i, cell in enumerate(personal.cells) if cell["id"].endswith("-begin")), None
    )
    if begin is not None:
        personal.cells.insert(begin + 1, _cell(key, student))
    return personal


def _pattern(text, cell):
    """A pattern for `text` in a cell: literal for code, with any line breaks between words for
    prose.
    """
    if cell.cell_type == "code":
        return re.compile(re.escape(text))
    return re.compile(r"\s+".join(map(re.escape, text.split())))


def line(assignment: str, student: str) -> str:
    """The source of the cell that names the student."""
    return (
        f"{FIRST}\npersonal({assignment!r}, {student!r})  # whose notebook this is: please leave "
        "this line unchanged"
    )


def _cell(key, student):
    """The cell that names the student, without a grade_id: stock nbgrader stops at cells it does
    not know.
    """
    import nbformat

    cell = nbformat.v4.new_code_cell(line(key, student), id=f"{key}-personal")
    cell.metadata["deletable"] = cell.metadata["editable"] = False
    return cell


def claimed(notebook: Notebook) -> str | None:
    """The id that a notebook names: None in the shared notebook, "" if the cell cannot be read."""
    import ast

    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.lstrip().startswith(FIRST):
            continue
        if len(cell.source) > LONGEST_LINE:
            return ""
        try:
            calls = [
                node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)
            ]
            return next(
                str(call.args[1].value)
                for call in calls
                if len(call.args) == 2 and isinstance(call.args[1], ast.Constant)
            )
        except (SyntaxError, ValueError, RecursionError, MemoryError, StopIteration):
            return ""
    return None


def build(out: PathLike, ids: Collection[str], folder: PathLike | None = None) -> list[Path]:
    """Write the personal notebooks of all students, and a table of who has which variant.

    For each student these are ``personal/ID/NAME/NAME.ipynb`` and ``personal/ID.zip``; for the
    teacher ``personal/variants.csv``.

    Parameters
    ----------
    out : str or Path
        The folder that `notebooks.build` writes to.
    ids : list of str
        Ids from `ids.checked`.
    folder : str or Path, optional
        The folder of the assignments' sources; by default that of minires.

    Returns
    -------
    list of Path
        The zips, and the table.

    Raises
    ------
    ConfigError
        If there are no sources, or a text that varies was changed in them.
    """
    import nbformat

    place = expanded(out) / "personal"
    sources = {name: notebooks.read(path) for name, path in notebooks.find(folder).items()}
    written = []
    for student in ids:
        files = []
        for name, source in sources.items():
            target = place / student / name / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            version = notebooks.release(notebook_of(source, name, student))
            target.write_text(nbformat.writes(version) + "\n", encoding="utf-8")
            files.append(target)
        written.append(notebooks.pack(place / f"{student}.zip", files))
    overview = place / "variants.csv"
    keys = [name.split("_")[0] for name in sources]
    overview.write_text(table(ids, keys), encoding="utf-8-sig", newline="")
    return [*written, overview]


def table(ids: Collection[str], assignments: Iterable[str]) -> str:
    """The table of who has which variant, as CSV. It is for the teacher; minires never reads it."""
    text = io.StringIO(newline="")
    names = [(key, choice.name) for key in assignments for choice in choices.CHOICES[key]]
    rows = [["student", *(f"{key}: {name}" for key, name in names)]]
    for student in sorted(ids):
        own = {key: choices.variant(key, student) for key, _ in names}
        rows.append([student, *(own[key][name] for key, name in names)])
    csv.writer(text).writerows([[harmless.in_table(value) for value in row] for row in rows])
    return text.getvalue()
