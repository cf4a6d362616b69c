"""summary.md: the overview of a class, for the instructor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...amounts import counted
from .. import harmless
from ..sandbox import isolation
from .submission import BELIEVED
from .tables import line

if TYPE_CHECKING:
    from ..grade import Graded


def _isolations(graded):
    """A line for each kind of wall around the submissions, and one about what is taken on trust."""
    used = {result.isolation for result in graded.results.values()}
    lines = [f"Isolation: {isolation.WORDS[name]}.\n" for name in isolation.NAMES if name in used]
    return [*lines, f"{BELIEVED}\n"]


def summary(graded: "Graded", students: Sequence[str], names: Sequence[str]) -> str:
    """The overview of a class in Markdown: points, shares by task, look-alikes, and problems."""
    lines = [
        "# Grades",
        "",
        f"{counted(len(students), 'student')}, {counted(len(graded.results), 'notebook')}. "
        f"Hidden seed: {graded.seed} (`--seed {graded.seed}` repeats these numbers elsewhere).",
        "",
        *[f"**{harmless.markdown(line)}.**\n" for line in graded.notes],
        "`viva/` holds three to five questions for a conversation with each student about each "
        "notebook, with answers. It is for you alone.\n",
        *_isolations(graded),
        "| student | " + " | ".join(names) + " | total | to read | problems |",
        "|---|" + "---:|" * (len(names) + 3),
    ]
    for student in students:
        row = line(graded, student, names)
        lines.append(
            "| "
            + " | ".join(str(value) for value in (harmless.markdown(row[0]), *row[1:-3], *row[-2:]))
            + " |"
        )
    for name in names:
        results = [
            result for (_, assignment), result in graded.results.items() if assignment == name
        ]
        marks: dict[str, list[float]] = {}
        for result in results:
            for mark in result.marks:
                marks.setdefault(mark.id, []).append(
                    (mark.points or 0) / mark.out_of if mark.out_of else 1
                )
        lines += [
            "",
            f"## {name}: share of the points, by task",
            "",
            *[
                f"- {harmless.markdown(cell)}: {100 * sum(shares) / len(shares):.0f} %"
                for cell, shares in marks.items()
            ],
        ]
    if graded.alike:
        lines += [
            "",
            "## Alike",
            "",
            "A list to read, not a verdict. The share is how much of the shorter notebook's code "
            "the other one has too, whatever the names and numbers in it.",
            "",
            "| assignment | share | | |",
            "|---|---:|---|---|",
            *[
                f"| {name} | {100 * share:.0f} % | "
                + " | ".join(map(harmless.markdown, pair))
                + " |"
                for name, share, *pair in graded.alike
            ],
        ]
    if graded.foreign:
        lines += [
            "",
            "## Answers to another variant",
            "",
            *[
                f"- {harmless.markdown(student)}: {harmless.markdown(line)}"
                for student, line in graded.foreign
            ],
        ]
    problems = [(student, line) for student, line in graded.problems] + [
        (student, f"{name}: {line}")
        for (student, name), result in sorted(graded.results.items())
        for line in result.problems
    ]
    if problems:
        lines += [
            "",
            "## Problems",
            "",
            *[
                f"- {harmless.markdown(student)}: {harmless.markdown(line)}"
                for student, line in problems
            ],
        ]
    return "\n".join(lines) + "\n"
