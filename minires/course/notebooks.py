"""Build the notebooks of assignments: one source makes the instructors' and the students' version.

A source is a Python file in the percent format of jupytext, with the cell metadata of nbgrader.
Solutions are between ``### BEGIN SOLUTION`` and ``### END SOLUTION``, hidden tests between ``###
BEGIN HIDDEN TESTS`` and ``### END HIDDEN TESTS``.
"""

import json
import re
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConfigError, DataError
from ..names import expanded
from ..types import PathLike

SOURCES = Path(__file__).with_name("assignments")
KEYS = ("a1", "a2", "a3", "a4", "a5", "a6")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"  # as nbgrader writes them
TEXT_STUB = "YOUR ANSWER HERE"
LARGEST = 50_000_000  # bytes of a notebook
MOST_VALUES = 3_000_000  # in its JSON: each may take a hundred bytes of memory
MOST_CELLS = 2_000
MOST_SOURCE = 2_000_000  # characters of code and text in all cells together
SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")

#: A NotebookNode of nbformat, which is imported when a notebook is read.
Notebook: TypeAlias = Any


@dataclass(frozen=True)
class Cell:
    """A cell, as far as grading needs it."""

    kind: str  # "code" or "markdown"
    source: str
    id: str = ""  # nbgrader's grade_id, or ""
    points: float = 0
    tests: bool = False  # gives points if it runs
    answer: bool = False  # written by the student
    by_hand: bool = False  # gives points that a person decides on
    locked: bool = False


NBGRADER_CONFIG = '''"""Settings of nbgrader for this course; written once, and yours to change."""

c = get_config()
c.CourseDirectory.course_id = "minires"
c.ExecutePreprocessor.timeout = 60             # seconds for a cell
c.OverwriteCells.add_missing_cells = True      # a test that was deleted is run all the same
'''


def find(folder: PathLike | None = None) -> dict[str, Path]:
    """The assignments' sources in a folder, by name, such as "a2_convolution".

    Raises
    ------
    ConfigError
        If there are none.
    """
    folder = expanded(folder or SOURCES)
    found = {path.stem: path for path in sorted(folder.glob("a[0-9]*.py"))}
    if not found:
        raise ConfigError(
            "minires course",
            "no sources of assignments",
            "a1_autograd.py and others",
            f"none in {folder}",
            "those of minires are in minires/course/assignments",
        )
    return found


def _libraries():
    """The modules nbformat and jupytext, which read and write notebooks.

    Raises
    ------
    ConfigError
        If one of them is not installed.
    """
    try:
        import jupytext
        import nbformat
    except ModuleNotFoundError as error:
        raise ConfigError(
            "minires course",
            f"the package {error.name} is not installed",
            "nbformat and jupytext",
            "none",
            'pip install "minires[instructor]"',
        ) from None
    return nbformat, jupytext


def read(path: PathLike) -> Notebook:
    """Read a notebook from a source (.py) or an .ipynb file.

    Raises
    ------
    DataError
        If it is no notebook, or too large for one of an assignment.
    """
    nbformat, jupytext = _libraries()
    path = expanded(path)
    try:
        if path.suffix == ".py":
            notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
        else:
            text = json.dumps(_without_outputs(path))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # nbformat's are of no use in a terminal
                notebook = nbformat.reads(text, as_version=4)
        for i, cell in enumerate(notebook.cells):
            marks = cell.metadata.get("nbgrader")
            cell["id"] = (
                re.sub(r"[^\w-]", "-", str(marks["grade_id"]))
                if isinstance(marks, dict) and "grade_id" in marks
                else f"cell-{i:03d}"
            )
            cell["source"] = cell.source.encode(
                "utf-8", "replace"
            ).decode()  # a file can hold halves of characters
            if cell.cell_type == "code":
                cell["source"] = cell["source"].replace("\r\n", "\n")
    except DataError:
        raise
    except Exception as error:  # whatever a broken file makes nbformat raise
        raise DataError(
            path.name,
            "not a notebook",
            "an .ipynb file",
            f"{type(error).__name__}: {str(error)[:200]}",
        ) from error
    notebook["metadata"] = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def _without_outputs(path: Path) -> dict[str, Any]:
    """The content of an .ipynb file without the parts that grading never uses.

    These are outputs, attachments, and all metadata but nbgrader's.

    Raises
    ------
    DataError
        If it is larger than any answer needs to be.
    """
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    _see_that(len(data) <= LARGEST, path, f"at most {LARGEST:,} bytes", "more")
    # Counted before parsing, because a small file can hold millions of lists.
    values = sum(map(data.count, (b",", b"[", b"{")))
    _see_that(values <= MOST_VALUES, path, f"at most {MOST_VALUES:,} values", f"about {values:,}")
    content = json.loads(data.decode("utf-8-sig"))
    places = [content, *content.get("worksheets", ())]  # before version 4 notebooks had worksheets
    cells = [cell for place in places for cell in place.get("cells", ())]
    _see_that(len(cells) <= MOST_CELLS, path, f"at most {MOST_CELLS:,} cells", f"{len(cells):,}")
    size = 0
    for cell in cells:
        cell.pop("attachments", None)
        # nbformat compares every tag with every other, and grading uses only nbgrader's metadata.
        if isinstance(cell.get("metadata"), dict):
            marks = cell["metadata"].get("nbgrader")
            cell["metadata"] = {} if marks is None else {"nbgrader": marks}
        if "outputs" in cell:
            cell["outputs"] = []
        source = cell.get("source", cell.get("input", ""))
        size += len(source) if isinstance(source, str) else sum(map(len, source))
    _see_that(
        size <= MOST_SOURCE, path, f"at most {MOST_SOURCE:,} characters in its cells", f"{size:,}"
    )
    return content


def _see_that(is_so: bool, path: Path, expected: str, got: str) -> None:
    """Raise a DataError about the size of a notebook unless `is_so`."""
    if not is_so:
        raise DataError(path.name, "too large for a notebook of an assignment", expected, got)


def cells(notebook: Notebook) -> list[Cell]:
    """The code and text cells of a notebook, as `Cell`."""
    return [_cell(cell) for cell in notebook.cells if cell.cell_type in ("code", "markdown")]


def _cell(cell):
    marks = cell.metadata.get("nbgrader")
    marks = marks if isinstance(marks, dict) else {}
    grade, solution = bool(marks.get("grade")), bool(marks.get("solution"))
    try:
        points = float(marks.get("points") or 0)
    except (TypeError, ValueError, OverflowError):  # OverflowError: a whole number of 400 digits
        points = 0.0
    return Cell(
        cell.cell_type,
        str(cell.source),
        str(marks.get("grade_id", "")),
        points if grade else 0.0,
        tests=grade and not solution,
        answer=solution,
        by_hand=grade and solution,
        locked=bool(marks.get("locked")),
    )


def release(notebook: Notebook) -> Notebook:
    """The version for students: a copy without solutions and hidden tests."""
    import copy

    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        marks = _cell(cell)
        if marks.answer:
            stub = CODE_STUB if marks.kind == "code" else TEXT_STUB
            cell["source"], replaced = _replace(cell["source"], SOLUTION, stub)
            if not replaced:
                cell["source"] = stub
        cell["source"] = _replace(cell["source"], HIDDEN, None)[0]
        if marks.id:
            cell.metadata["deletable"] = False  # this holds in Jupyter; graders do not rely on it
        if marks.locked:
            cell.metadata["editable"] = False
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def _replace(source: str, markers: tuple[str, str], stub: str | None) -> tuple[str, int]:
    """Replace each part between the markers by `stub`, indented like the first marker.

    Returns the new source, and how many parts were replaced.
    """
    begin, end = markers
    lines, inside, count = [], False, 0
    for line in source.split("\n"):
        if begin in line:
            if inside:
                raise ConfigError("assignment", "nested markers", f"{end} first", begin)
            inside, count = True, count + 1
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + part for part in stub.split("\n")] if stub else []
        elif end in line:
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise ConfigError("assignment", "a marker without its end", end, "the end of the cell")
    return "\n".join(lines), count


def pack(archive: Path, files: Iterable[Path]) -> Path:
    """Write a zip that holds each file as ``NAME/NAME.ipynb``, with the same bytes every time."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in files:
            bundle.writestr(
                zipfile.ZipInfo("/".join(path.parts[-2:]), (2015, 12, 10, 0, 0, 0)),
                path.read_bytes(),
            )
    return archive


def build(out: PathLike, folder: PathLike | None = None) -> list[Path]:
    """Write the notebooks for instructors and for students, and a zip for students.

    They are ``source/NAME/NAME.ipynb``, ``release/NAME/NAME.ipynb`` and
    ``minires-assignments.zip``.

    The folders are named as in nbgrader, and an ``nbgrader_config.py`` is written unless there is
    one, so that `out` can be nbgrader's course directory.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ConfigError
        If there are no sources, or a marker lacks its partner.
    """
    nbformat, _ = _libraries()
    out, written = expanded(out), []
    for name, path in find(folder).items():
        notebook = read(path)
        for kind, version in (("source", notebook), ("release", release(notebook))):
            target = out / kind / name / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(nbformat.writes(version) + "\n", encoding="utf-8")
            written.append(target)
    released = [path for path in written if path.parts[-3] == "release"]
    written.append(pack(out / "minires-assignments.zip", released))
    config = out / "nbgrader_config.py"
    if not config.exists():
        config.write_text(NBGRADER_CONFIG, encoding="utf-8")
        written.append(config)
    return written
