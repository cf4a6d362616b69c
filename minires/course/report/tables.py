"""Write grades.csv, a row for each student, and marks.csv, a row for each test."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import harmless

if TYPE_CHECKING:
    from ..grade import Graded


def grades(path: Path, graded: "Graded", students: Sequence[str], names: Sequence[str]) -> None:
    """Write the points of each student, by assignment."""
    _table(
        path,
        ["student", *names, "total", "out of", "to read", "problems"],
        [line(graded, student, names) for student in students],
    )


def marks(path: Path, graded: "Graded") -> None:
    """Write the points of each test, with its message."""
    _table(
        path,
        ["student", "assignment", "cell", "points", "out of", "message"],
        [
            [
                student,
                name,
                mark.id,
                "" if mark.points is None else f"{mark.points:g}",
                f"{mark.out_of:g}",
                mark.words,
            ]
            for (student, name), result in sorted(graded.results.items())
            for mark in result.marks
        ],
    )


def line(graded: "Graded", student: str, names: Sequence[str]) -> list[Any]:
    """The row of a student in grades.csv."""
    results = [graded.results.get((student, name)) for name in names]
    there = [result for result in results if result]
    problems = sum(len(result.problems) for result in there) + sum(
        whose == student for whose, _ in graded.problems
    )
    return [
        student,
        *["" if result is None else f"{result.points:g}" for result in results],
        f"{sum(result.points for result in there):g}",
        f"{sum(result.out_of for result in there):g}",
        sum(len(result.to_read) for result in there),
        problems,
    ]


def _table(path, head, rows):
    # utf-8-sig: the mark at the start by which spreadsheets recognise UTF-8.
    with open(path, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        csv.writer(file).writerows(
            [
                head,
                *(
                    [harmless.name_in_table(row[0]), *map(harmless.in_table, row[1:])]
                    for row in rows
                ),
            ]
        )
