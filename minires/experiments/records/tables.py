"""The tables of a run: CSV files, written row by row as results come in.

So what is there can be plotted at any time.
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
    """A CSV file with a header line. Each row is on disk as soon as it is appended.

    All methods raise CheckpointError if the file cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> None:
        self.path, self.columns, self.text = path, columns, text
        if not path.exists():
            self.replace([])

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, each a dict with this table's columns: all of them, or none if that fails."""
        append_bytes(
            self.path,
            self.lines(rows).encode("utf-8", "backslashreplace"),
            first=self._header().encode(),
        )

    def replace(self, rows: Iterable[Row]) -> None:
        """Write these rows instead of what is there. The file is replaced as a whole."""
        replace_text(self.path, self._header() + self.lines(rows))

    def rows(self) -> list[Row]:
        """What is in the file. Raises as `read_table`."""
        return read_table(self.path, self.columns, self.text)

    def keep(self, condition: Callable[[Row], bool]) -> None:
        """Drop the rows for which ``condition(row)`` is False. The file is replaced as a whole."""
        self.replace([row for row in self.rows() if condition(row)])

    def lines(self, rows: Iterable[Row]) -> str:
        """Rows as they are written, a line each; words with a comma in quotes."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writerows({key: _short(row[key]) for key in self.columns} for row in rows)
        return text.getvalue()

    def _header(self):
        return ",".join(self.columns) + "\n"


def read_table(path: PathLike, columns: Sequence[str], text: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file as dicts.

    Whole numbers are int, other numbers float; the columns in `text` stay as they are, but nets get
    today's names.

    Raises
    ------
    DataError
        If the file is missing, lacks a column, a line is cut short, or a word stands where a number
        should. A last line that is cut short is left out: the run was killed while it wrote.
    """
    path = expanded(path)
    try:
        # With "-sig", since Excel begins its files with a byte order mark.
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
    if rows and None in rows[-1].values() and not text_of_file.endswith(("\n", "\r")):
        rows.pop()  # the run was cut off while it wrote this line
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
    raise DataError(where, column, "a number", repr(text), "mend the line, or take it out")
