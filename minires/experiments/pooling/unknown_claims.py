"""Tables of claims that this version of minires does not know: claims of a newer version, or of the
user's own.

Pooling copies their rows unchanged. Leaving them out silently would lose hours of somebody's
measurements.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...serialization.files import is_unfinished
from ...types import Row
from ..records import RunFolder, read_table
from .parts import few

FIRST = "seed"  # the first column of every table of a claim


def read(folder: Path, known: Collection[str]) -> dict[str, list[Row]]:
    """Name -> rows of each table in `folder` that looks like that of a claim, because its first
    column is the seed, and whose name is not in `known`.

    All columns but the seed stay text, so that they are written again as they were. Raises
    DataError if a table is damaged.
    """
    found = {}
    for path in sorted(folder.glob("*.csv")):
        columns = [] if path.stem in known or is_unfinished(path) else _columns(path)
        if columns and columns[0] == FIRST:
            found[path.stem] = read_table(path, columns, columns[1:])
    return found


def _columns(path: Path) -> list[str]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(str(path), "cannot be read", "a CSV table", str(error)) from None


def write(folder: RunFolder, name: str, rows: Sequence[Row]) -> None:
    """Write the pooled rows of the table of an unknown claim.

    Raises DataError if the runs have different columns for this claim.
    """
    columns = list(rows[0])
    for row in rows:
        if list(row) != columns:
            raise DataError(
                f"{name}.csv",
                "the runs have different columns for this claim, which this version does not know",
                ", ".join(columns),
                ", ".join(row),
                "merge with the version of minires that measured it",
            )
    folder.table(name, columns, columns[1:]).replace(rows)


def note(rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """A line that names the tables of unknown claims, if there are any."""
    if not rows:
        return []
    names = few([f"{name}.csv" for name in rows])
    return [f"carried over as they are, of claims that this version does not know: {names}"]
