"""The ids of a course's students: which texts can be one, and reading them from a file."""

import csv
import io
from collections.abc import Iterable

from ...errors import ConfigError
from ...names import expanded, printable, shown
from ...types import PathLike
from .. import choices

LONGEST = 100  # letters


def checked(ids: Iterable[str], where: str = "--student") -> list[str]:
    """The ids, each once.

    Raises
    ------
    ConfigError
        If one is empty, too long, cannot name a folder, or two count as the same.
    """
    found: dict[str, str] = {}
    for student in ids:
        student = student.strip()
        wrong = (
            "is empty"
            if not student
            else f"has more than {LONGEST} letters"
            if len(student) > LONGEST
            else "cannot name a folder"
            if student in (".", "..") or set(student) & set('/\\:*?"<>|') or student[0] == "."
            else "holds a letter that cannot be shown"
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
    """The ids in a file: one a line, or the column `id` of a table with commas, as nbgrader has it.

    Raises
    ------
    ConfigError
        If it cannot be read, or holds no ids.
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
