"""What is known about a submission once it is marked, and what a question is."""

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import choices, follow_through, notebooks
from ..notebooks import Cell
from ..result import Mark, Result

LONGEST_LINE = 200  # characters of a student's line that are shown

#: Names that the assignments' own cells define, and that questions are made from.
VALUES = {
    "a1": ("losses",),
    "a2": ("losses",),
    "a3": ("losses", "errors"),
    "a4": ("losses",),
    "a5": ("errors", "depths", "seeds", "train_size", "epochs"),
    "a6": ("pairs", "claim", "start"),
}


@dataclass(frozen=True)
class Question:
    """A question, a short answer, and the line of the student's code that it is about, or ""."""

    text: str
    answer: str
    code: str = ""


@dataclass
class Facts:
    """What is known about one submission.

    Parameters
    ----------
    assignment : str
        Such as "a2".
    code : dict
        Name of a cell -> what the student wrote there, if it is code.
    words : dict
        The same for answers in words.
    values : dict
        Name of `VALUES` -> its value in the submission, as far as it is defined.
    marks : list of Mark
    variant : dict, optional
        The options of the student's variant.
    docs : dict
        Name of a function of the assignment -> the first line of its docstring.
    failed : set of str
        Cells of which a test failed.
    """

    assignment: str
    code: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    marks: Sequence[Mark] = ()
    variant: Mapping[str, str] | None = None
    docs: Mapping[str, str] = field(default_factory=dict)
    failed: Collection[str] = ()

    def line(self, cell: str, pattern: str) -> str:
        """The first line of the student's code in a cell that the pattern fits, or "".

        Comments and docstrings do not count, and lines with `def` or `class` only if no other fits.
        """
        rows = [row for row in _statements(self.code.get(cell, "")) if re.search(pattern, row)]
        inside = [row for row in rows if not row.startswith(("def ", "class "))]
        return next(iter([*inside, *rows]), "")[:LONGEST_LINE]


def _statements(source: str) -> list[str]:
    """The lines of a cell without comments and docstrings; all lines if it is no valid Python."""
    texts: set[int] = set()
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        nodes = []
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            texts.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    rows = ((number, row.strip()) for number, row in enumerate(source.splitlines(), 1))
    return [row for number, row in rows if number not in texts and not row.startswith("#")]


def collect(
    assignment: str,
    cells: Sequence[Cell],
    own: Mapping[str, Sequence[str]],
    values: Mapping[str, Any],
    result: Result,
) -> Facts:
    """Collect the facts about a submission that has been marked.

    Parameters
    ----------
    assignment : str
        Such as "a2".
    cells : list of Cell
        The cells of the assignment.
    own : dict
        Name of a cell -> what the student wrote there, in one cell or several.
    values : dict
        As in `Facts`.
    result : Result
    """
    empty = ("", notebooks.TEXT_STUB, notebooks.CODE_STUB)
    answers: dict[str, dict[str, str]] = {"code": {}, "markdown": {}}
    for cell in cells:
        text = "\n\n".join(one for one in own.get(cell.id, ()) if one not in empty)
        if cell.answer and text:
            answers[cell.kind][cell.id] = text
    wrong = {mark.id for mark in result.marks if mark.wrong}
    failed = {
        cell.id
        for task in follow_through.tasks(cells)
        for cell in task.answers
        if wrong & {test.id for test in task.tests}
    }
    return Facts(
        assignment,
        answers["code"],
        answers["markdown"],
        values,
        result.marks,
        None if result.student is None else choices.variant(assignment, result.student),
        docstrings(cell.source for cell in cells if cell.answer and cell.kind == "code"),
        failed,
    )


def docstrings(sources: Iterable[str]) -> dict[str, str]:
    """The first sentences of the docstrings in cells: name of a function or class -> text."""
    found = {}
    for source in sources:
        try:
            statements = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a student's own copy
            continue
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                text = ast.get_docstring(node) or ""
                found[node.name] = " ".join(text.split("\n\n")[0].split())
    return found
