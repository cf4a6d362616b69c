"""The code of an assignment, right or with a mistake planted in it."""

import ast
import difflib
import inspect
import textwrap
from collections.abc import Sequence
from functools import cache
from typing import Any

from ...course import notebooks
from ...errors import ConfigError

#: Pairs (old, new): `old` occurs exactly once in the source of the assignment.
Changes = Sequence[tuple[str, str]]
#: The names that an assignment defines.
Space = dict[str, Any]
MARKERS = ("### BEGIN SOLUTION", "### END SOLUTION")


@cache
def source_of(assignment: str) -> str:
    """The source of an assignment such as "a2", with its solutions."""
    paths = {name.split("_")[0]: path for name, path in notebooks.find().items()}
    return paths[assignment].read_text(encoding="utf-8")


def planted(assignment: str, changes: Changes) -> str:
    """The source of an assignment with some changes.

    Raises
    ------
    ConfigError
        If the code to change does not occur exactly once.
    """
    source = source_of(assignment)
    for old, new in changes:
        if source.count(old) != 1:
            raise ConfigError(
                f"museum, {assignment}", "code to be changed", "once", f"{source.count(old)} times"
            )
        source = source.replace(old, new)
    return source


def run(source: str) -> Space:
    """Run only the imports and definitions of a source, and return its names.

    Its other cells would train and draw, and ``begin`` would hold back the library's own kernels.
    """
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        or isinstance(node, (ast.Import, ast.ImportFrom))
        and getattr(node, "module", None) != "minires.course"
    ]
    space: Space = {"__name__": "museum"}
    exec(compile(tree, "<museum>", "exec"), space)
    return space


def changed_functions(assignment: str, changes: Changes) -> list[tuple[str, str]]:
    """The functions that the changes touch, as pairs of text (right, with the mistake), without
    docstrings.
    """
    right, wrong = (_definitions(planted(assignment, part)) for part in ((), changes))
    return [(right[name], wrong[name]) for name in right if right[name] != wrong[name]]


def _definitions(source: str) -> dict[str, str]:
    """The text of every function and method of a source, by its qualified name."""
    found: dict[str, str] = {}
    lines = source.split("\n")

    def visit(body, prefix):
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                found[prefix + node.name] = _text(node, lines)

    visit(ast.parse(source).body, "")
    return found


def _text(node, lines):
    last = max(part.end_lineno for part in ast.walk(node) if hasattr(part, "end_lineno"))
    skipped = set()
    if ast.get_docstring(node) is not None:
        skipped = set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    kept = [
        line
        for number, line in enumerate(lines[node.lineno - 1 : last], node.lineno)
        if number not in skipped and line.strip() not in MARKERS
    ]
    return inspect.cleandoc("\n" + textwrap.dedent("\n".join(kept)))


def diff(right: str, wrong: str) -> list[tuple[str, str]]:
    """Compare two texts: pairs (mark, line), with " " for lines in both, "-" only right, "+" only
    wrong.
    """
    lines = difflib.ndiff(right.splitlines(), wrong.splitlines())
    return [(line[0], line[2:]) for line in lines if line[0] in " -+"]
