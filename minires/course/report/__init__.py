"""Write what instructors and students read: tables, reports on submissions in Markdown and HTML,
Gradescope's results.json, and questions for a conversation.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...types import PathLike
from ..discover import folder_name
from ..result import Result
from . import tables, viva_page
from .overview import summary
from .results_json import gradescope
from .submission import html, markdown

if TYPE_CHECKING:
    from ..grade import Graded


def written(out: Path) -> list[Path]:
    """The folders and files that grading writes into `out`, which no submission may read."""
    folders = ("results", "reports", "gradescope", "viva")
    files = ("grades.csv", "marks.csv", "by_hand.csv", "summary.md")
    return [out / name for name in folders + files]


def write(out: PathLike, graded: "Graded", sources: Iterable[str]) -> None:
    """Write all files on a class: grades.csv, marks.csv, summary.md, and folders for each student.

    A report that cannot be written becomes a problem of its student in `graded`.

    Raises
    ------
    OSError
        If a table or the summary cannot be written.
    """
    out, names = Path(out), list(sources)
    names = [name for name in names if any(assignment == name for _, assignment in graded.results)]
    students = sorted(set(graded.students) | {student for student, _ in graded.results})
    for (student, name), result in graded.results.items():
        own = [line for whose, line in graded.problems if whose == student]
        try:
            _files(out, student, result, own)
        except OSError as error:  # the other students still get their reports
            graded.problems.append(
                (student, f"the report on {name} could not be written: {error.strerror or error}")
            )
    tables.grades(out / "grades.csv", graded, students, names)
    tables.marks(out / "marks.csv", graded)
    _text(out / "summary.md", summary(graded, students, names))


def _files(out: Path, student: str, result: Result, problems: Sequence[str]) -> None:
    """Write the files on one submission."""
    name, own = result.assignment, folder_name(student)
    folder, target = out / "reports" / own, out / "gradescope" / own / name
    folder.mkdir(parents=True, exist_ok=True)
    _text(folder / f"{name}.md", markdown(student, result, problems))
    _text(folder / f"{name}.html", html(student, result, problems))
    for_teacher = out / "viva" / own
    for_teacher.mkdir(parents=True, exist_ok=True)
    _text(for_teacher / f"{name}.md", viva_page.page(student, result))
    target.mkdir(parents=True, exist_ok=True)
    _text(target / "results.json", json.dumps(gradescope(result), ensure_ascii=False, indent=1))


def _text(path: Path, text: str) -> None:
    # The name of a folder can hold bytes that are no text.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
