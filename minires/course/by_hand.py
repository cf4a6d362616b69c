"""The table by_hand.csv: answers in words, and the points that a person gives for them.

Instructors edit it, so nothing in it is signed.
"""

import csv
import io
from pathlib import Path
from typing import TypeAlias

from ..errors import ConfigError
from ..serialization.files import remove_unfinished, write_bytes
from . import harmless
from .result import Mark, Result, short

COLUMNS = ("student", "assignment", "cell", "out_of", "points", "comment", "answer")
LONGEST_ANSWER = 20_000  # characters; a spreadsheet holds 32,767 in a cell

#: Rows as they were read, by student, assignment and cell.
Rows: TypeAlias = dict[tuple[str, str, str], dict[str, str]]


def read(out: Path) -> Rows:
    """Read by_hand.csv, also as spreadsheets save it: with ; or in an older encoding.

    Raises
    ------
    ConfigError
        If it is not such a table any more, or has two rows for one answer.
    """
    path = out / "by_hand.csv"
    if not path.exists():
        return {}
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    try:
        rows = list(
            csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
        )
    except csv.Error:
        rows = [{}]
    if not all(set(COLUMNS) <= set(row) for row in rows):
        raise ConfigError(
            "by_hand.csv",
            "cannot be read",
            f"columns {', '.join(COLUMNS)}",
            f"{head.strip()[:100]!r} in {path}",
            "mend it, or move it to another folder",
        )
    found: Rows = {}
    for row in rows:
        key = row["student"], row["assignment"], row["cell"]
        if found.setdefault(key, row) != row:
            raise ConfigError(
                "by_hand.csv",
                "two rows for the same answer",
                "one row for each student, assignment and cell",
                f"{', '.join(key)[:200]!r} in {path}",
                "keep only the right one",
            )
    return found


def fill(out: Path, results: dict[tuple[str, str], Result]) -> list[tuple[str, str]]:
    """Put the points that a person gave into the results, and write the table anew.

    The new table has a row for each answer in words, with the points given so far.

    Returns
    -------
    list of (str, str)
        (student, line) for points that do not count, because they are wrong or the answer has
        changed.
    """
    given, rows, problems = read(out), [], []
    for (student, assignment), result in sorted(results.items()):
        for one in result.to_read:
            label = harmless.name_in_table(student)
            row = given.pop((label, assignment, harmless.in_table(one.id)), {})
            answer = harmless.in_table(short(one.answer, LONGEST_ANSWER))
            text = (row.get("points") or "").strip().replace(",", ".")
            comment = row.get("comment") or ""
            if text and answer.split() != (row.get("answer") or "").split():
                problems.append(
                    (
                        student,
                        f"by_hand.csv: the answer to {one.id} has changed since it was "
                        f"given {text} points; read it again",
                    )
                )
                text, comment = "", f"(earlier answer: {text} points) {comment}".strip()
            elif text:
                line = _give(one, text, comment)
                problems += [(student, line)] if line else []
            cells = [harmless.in_table(value) for value in (assignment, one.id)]
            rows.append([label, *cells, f"{one.out_of:g}", text, comment, answer])
    # Keep rows of notebooks that are gone: somebody worked on them.
    rows += [[row[name] for name in COLUMNS] for row in given.values() if row["points"].strip()]
    if rows:
        _write(out, rows)
    return problems


def _give(one: Mark, text: str, comment: str) -> str | None:
    """Put points into a mark; if they are wrong, return the line that says why."""
    try:
        points = float(text)
    except ValueError:
        points = -1
    if not 0 <= points <= one.out_of:
        return (
            f"by_hand.csv: points for {one.id}: expected 0 to {one.out_of:g}, got {short(text, 60)}"
        )
    one.points, one.message = points, comment
    return None


def _write(out, rows):
    """Write the table in one step, so that a run that is killed loses no points."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    content = text.getvalue().encode("utf-8-sig", "backslashreplace")
    remove_unfinished(out, "by_hand.csv", only_writer=True)
    write_bytes(out / "by_hand.csv", content)
