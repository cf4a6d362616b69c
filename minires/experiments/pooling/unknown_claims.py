"""Tables of claims that this version does not know: of a newer one, or of somebody's own.

A pooled run carries them over as they are. To leave them out without a word would lose hours of
somebody's measurements.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...serialization.files import is_unfinished
from ...types import Row
from ..records import RunFolder, read_table
from .parts import few

FIRST = "seed"  # column of every table of a claim


def read(folder: Path, known: Collection[str]) -> dict[str, list[Row]]:
    """Name -> rows of each table in `folder` whose first column is the seed and whose name is none
    of the `known`. All else in the rows stays text, so that it is written again as it was.

    Raises as `read_table`.
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
    """Write the pooled rows of such a table.

    Raises DataError if the runs have other columns for the same claim.
    """
    columns = list(rows[0])
    for row in rows:
        if list(row) != columns:
            raise DataError(
                f"{name}.csv",
                "the runs have other columns for the same claim, which this version does not know",
                ", ".join(columns),
                ", ".join(row),
                "merge with the version of minires that measured it",
            )
    folder.table(name, columns, columns[1:]).replace(rows)


def note(rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """A line that names the tables, if there are any."""
    if not rows:
        return []
    names = few([f"{name}.csv" for name in rows])
    return [f"carried over as they are, of claims that this version does not know: {names}"]
