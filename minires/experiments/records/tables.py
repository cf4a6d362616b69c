"""The tables of a run: CSV files that are written row by row as results come in.

The results so far can therefore be plotted at any time.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...errors import DataError
from ...names import expanded
from ...serialization.files import append_bytes, replace_text
from ...serialization.old_names import current_net
from ...types import PathLike, Row


class Table:
    """A CSV file with a header line. Rows are on disk as soon as they are appended.

    The file is created if it does not exist. Methods raise CheckpointError if it cannot be written.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    text : sequence of str
        Columns that hold words; all others hold numbers.
    """

    def __init__(self, path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> None:
        self.path, self.columns, self.text = path, columns, text
        if not path.exists():
            self.replace([])

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, each a dict with this table's columns. If that fails, none of them is added."""
        append_bytes(
            self.path,
            self.lines(rows).encode("utf-8", "backslashreplace"),
            first=self._header().encode(),
        )

    def replace(self, rows: Iterable[Row]) -> None:
        """Replace all rows of the table by these. The file is replaced in one step."""
        replace_text(self.path, self._header() + self.lines(rows))

    def rows(self) -> list[Row]:
        """The rows in the file. Raises DataError as `read_table` does."""
        return read_table(self.path, self.columns, self.text)

    def keep(self, condition: Callable[[Row], bool]) -> None:
        """Drop all rows for which ``condition(row)`` is False. The file is replaced in one step."""
        self.replace([row for row in self.rows() if condition(row)])

    def lines(self, rows: Iterable[Row]) -> str:
        """The rows as lines of CSV: floats with 6 significant digits, commas in quotes."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writerows({key: _short(row[key]) for key in self.columns} for row in rows)
        return text.getvalue()

    def _header(self):
        return ",".join(self.columns) + "\n"


def read_table(path: PathLike, columns: Sequence[str], text: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file as dicts.

    Whole numbers become int, other numbers float. The columns in `text` stay text, and in the
    column ``net`` among them earlier names of nets are replaced by the names of today.

    Raises
    ------
    DataError
        If the file is missing, lacks a column, or has a line with too few or too many entries, or
        with a word where a number should be. A last line without a line break at its end raises no
        error and is left out: a run that is killed may leave one, and in its last cell the 10 may
        have been 1023.4. In a table that you edit, end the last line too.
    """
    path = expanded(path)
    try:
        # "-sig" skips the byte order mark with which Excel begins its files.
        with open(path, newline="", encoding="utf-8-sig") as file:
            text_of_file = file.read()
        reader = csv.DictReader(io.StringIO(text_of_file, newline=""))
        rows, header = list(reader), reader.fieldnames or []
    except FileNotFoundError:
        raise DataError(
            str(path),
            "no such file",
            "a table written by a run",
            todo="is this the --out folder of a run?",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(str(path), "cannot be read", "a CSV table", str(error)) from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise DataError(
            str(path),
            "columns missing",
            ", ".join(columns),
            f"no {', '.join(missing)}",
            "if another program has saved it, save it there with commas and as UTF-8",
        )
    if rows and not text_of_file.endswith(("\n", "\r")):
        rows.pop()  # the run was killed while it wrote this line
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DataError(
                f"{path}, line {line}",
                "wrong number of entries",
                f"{len(header)}",
                "another number",
            )
    found: list[Row] = [
        {
            key: row[key] if key in text else _number(row[key], key, f"{path}, line {line}")
            for key in header
        }
        for line, row in enumerate(rows, 2)
    ]
    return [{**row, "net": current_net(row["net"])} for row in found] if "net" in text else found


def _short(value):
    return f"{value:.6g}" if isinstance(value, float) else value


def _number(text: str, column: str, where: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise DataError(where, column, "a number", repr(text), "correct the line, or delete it")
