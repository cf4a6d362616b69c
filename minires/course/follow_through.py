"""Follow-through marking: a mistake costs the points of its own task, and not of all later ones.

A task that builds on a wrong one would fail too, even if it is right itself. So once the tests of a
task have failed, the assignment's own answer replaces the student's, and later tasks are tested
with it. The points of the failed task are settled before.
"""

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .notebooks import Cell


@dataclass(frozen=True)
class Task:
    """The cells that a student fills in, and the tests that follow them."""

    number: int
    answers: tuple[Cell, ...]  # with the assignment's own solutions
    tests: tuple[Cell, ...]

    @property
    def defines(self) -> frozenset[str]:
        """The functions, classes and other names that the answers define."""
        return frozenset().union(*(made(cell.source) for cell in self.answers))


def tasks(cells: Iterable[Cell]) -> list[Task]:
    """The tasks of an assignment, from the cells of its source with solutions, in order."""
    found: list[tuple[list[Cell], list[Cell]]] = []
    for cell in cells:
        if cell.kind != "code":
            continue
        if cell.answer and (not found or found[-1][1]):
            found.append(([], []))
        if cell.answer:
            found[-1][0].append(cell)
        elif cell.tests and found:
            found[-1][1].append(cell)
    return [
        Task(number, tuple(answers), tuple(tests)) for number, (answers, tests) in enumerate(found)
    ]


def needed_later(task: Task, cells: Sequence[Cell]) -> bool:
    """Whether a later cell of the source uses a name that the task's answers define."""
    last = max(cells.index(cell) for cell in task.answers + task.tests)
    return any(
        task.defines & used(cell.source) for cell in cells[last + 1 :] if cell.kind == "code"
    )


def builds_on(test: str, sources: Iterable[str], right: Collection[str]) -> list[str]:
    """Which of the names in `right` a test uses, directly or through what these sources define.

    Parameters
    ----------
    test : str
        The source of a test.
    sources : iterable of str
        The cells of the assignment, with its solutions, and what the student wrote for the test.
    right : collection of str
        Names that now stand for the assignment's own answers.
    """
    uses: dict[str, set[str]] = {}
    for source in sources:
        for name, its in _uses(source).items():
            uses[name] = uses.get(name, set()) | its
    found: set[str] = set()
    todo = used(test)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo |= uses.get(name, set()) - found
    return sorted(found & set(right))


def used(source: str) -> set[str]:
    """The names that a cell uses; none if it is not valid Python."""
    return {node.id for node in _walk(source) if isinstance(node, ast.Name)}


def made(source: str) -> set[str]:
    """The names of functions, classes and results that a cell defines at its top level."""
    found = set()
    for node in _statements(source):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                one.id for goal in targets for one in ast.walk(goal) if isinstance(one, ast.Name)
            }
    return found


def _uses(source):
    """The names that each name of a cell depends on: for a function or class, what its own body
    uses; for a result, all that the cell uses.
    """
    found = dict.fromkeys(made(source), used(source))
    for node in _statements(source):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = used(ast.unparse(node))
    return found


def _statements(source):
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _walk(source):
    return (node for statement in _statements(source) for node in ast.walk(statement))
