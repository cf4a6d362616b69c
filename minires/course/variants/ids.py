"""The ids of a course's students: check them, and read them from a file."""

import csv
import io
from collections.abc import Iterable

from ...errors import ConfigError
from ...names import expanded, printable, shown
from ...types import PathLike
from .. import choices

LONGEST = 100  # characters


def checked(ids: Iterable[str], where: str = "--student") -> list[str]:
    """Check ids and return each of them once, in the order given.

    Parameters
    ----------
    ids : iterable of str
    where : str
        How the error names the place that the ids come from.

    Raises
    ------
    ConfigError
        If an id is empty, too long or cannot name a folder, or if two ids count as the same.
    """
    found: dict[str, str] = {}
    for student in ids:
        student = student.strip()
        wrong = (
            "is empty"
            if not student
            else f"has more than {LONGEST} characters"
            if len(student) > LONGEST
            else "cannot name a folder"
            if student in (".", "..") or set(student) & set('/\\:*?"<>|') or student[0] == "."
            else "holds a character that cannot be shown"
            if printable(student) != student
            else ""
        )
        if wrong:
            raise ConfigError(
                where, f"an id {wrong}", "ids such as ada or s1234567", shown(student, 60)
            )
        same = found.setdefault(choices.normal(student), student)
        if same != student:
            raise ConfigError(
                where,
                "two ids that count as the same",
                "ids that differ in more than capitals and spaces",
                f"{same!r} and {student!r}",
            )
    return list(found.values())


def read(path: PathLike) -> list[str]:
    """Read ids from a file: one on each line, or the column `id` of a CSV table such as nbgrader's.

    Raises
    ------
    ConfigError
        If the file cannot be read or holds no ids, or an id is wrong (see `checked`).
    """
    file = expanded(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text in UTF-8"
        raise ConfigError(
            "--students", "cannot be read", "a file with an id on each line", f"{path}: {reason}"
        ) from None
    lines = [one.strip() for one in text.splitlines() if one.strip()]
    head = lines[0] if lines else ""
    separator = next((mark for mark in ",;\t" if mark in head), None)
    if separator:
        rows = list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=separator))
        if not rows or "id" not in rows[0]:
            raise ConfigError(
                "--students",
                "a table without ids",
                "a column with the name id",
                f"the columns {shown(head, 100)} in {path}",
            )
        lines = [row["id"] or "" for row in rows]
    elif head == "id":
        lines = lines[1:]
    if not lines:
        raise ConfigError("--students", "no ids", "an id on each line", f"none in {path}")
    return checked(lines, f"--students {path}")
