"""The parts of a run, each of one net or claim with one seed, and which part is taken if two runs
hold the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

from ...errors import DataError
from ...serialization.files import is_unfinished
from ...types import Row
from ..records import LOCK
from .sources import Source

Unit: TypeAlias = tuple[str, int]  # the name of a net, a claim or a run of a sweep, and the seed
TIMES = ("seconds", "images_per_second")  # columns that differ every time a net is trained
UPDATES = "updates"  # the table that runs of early versions lack
MOST_NAMED = 8  # how many parts a note names


@dataclass(frozen=True)
class Part:
    """The records of one net, claim or run of a sweep, with one seed.

    Parameters
    ----------
    tables : dict
        Name of a table -> rows.
    finished : bool
        Whether the records are complete.
    files : dict
        Path in the folder of the pooled run -> the file to be copied there.
    """

    tables: Mapping[str, Sequence[Row]]
    finished: bool
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def size(self) -> tuple[bool, int, int]:
        """A key for comparing parts: larger for a part that has got further, or has more files."""
        return self.finished, sum(map(len, self.tables.values())), len(self.files)


def files_in(folder: Path, target: str) -> dict[str, Path]:
    """Path below `target` -> file, for all files in `folder` but locks and temporary files. Empty
    if there is no such folder.
    """
    return {
        f"{target}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LOCK and not is_unfinished(path)
    }


def choose(
    found: Sequence[tuple[Source, Mapping[Unit, Part]]],
) -> tuple[dict[Unit, Part], dict[Unit, Source], list[str]]:
    """Choose one part for each unit. If two runs hold the same one, with the same numbers, the part
    that has got further is taken.

    Parameters
    ----------
    found : list of (Source, dict)
        The runs, each with its parts by unit.

    Returns
    -------
    (dict, dict, list of str)
        Unit -> part; unit -> the run that the part is from; a note for each pair of runs that share
        parts.

    Raises
    ------
    DataError
        If two runs hold different numbers for the same unit. The error names the runs, and the
        first column that differs.
    """
    parts: dict[Unit, Part] = {}
    owners: dict[Unit, Source] = {}
    shared: dict[tuple[str, str], list[str]] = {}
    for source, its in found:
        for unit, part in its.items():
            if unit not in parts:
                parts[unit], owners[unit] = part, source
                continue
            before, name = owners[unit], f"{unit[0]} seed {unit[1]}"
            difference = first_difference(parts[unit], part)
            if difference is not None:
                raise DataError(
                    str(source.path),
                    f"{name} has other numbers than in {before.path}",
                    *difference,
                    "leave one of the two runs out, or train other seeds in one of them",
                )
            shared.setdefault((str(before.path), str(source.path)), []).append(name)
            if part.size > parts[unit].size:
                parts[unit], owners[unit] = part, source
    notes = [
        f"{first} and {second} share {few(names)}, with the same numbers: taken once"
        for (first, second), names in shared.items()
    ]
    return parts, owners, notes


def first_difference(one: Part, other: Part) -> tuple[str, str] | None:
    """The values of `one` and `other` at the place where they first differ, in words; None if they
    do not differ.

    Columns of times are ignored. An unfinished part may stop earlier than the other part.
    """
    for name, rows in one.tables.items():
        if name == UPDATES:
            pairs = _alike(rows, other.tables.get(name, ()))
        else:
            pairs = list(zip_longest(rows, other.tables.get(name, ())))
        for row, its in pairs:
            if row is None or its is None:
                if one.finished and other.finished:
                    return tuple(
                        f"{len(part.tables.get(name, ()))} rows in {name}.csv"
                        for part in (one, other)
                    )
                break
            for column, value in row.items():
                if column not in TIMES and not _equal(value, its.get(column)):
                    where = f"{name}.csv{_place(row)}"
                    return f"{column} {value} ({where})", f"{column} {its.get(column)}"
    return None


def _alike(rows: Sequence[Row], others: Sequence[Row]) -> list[tuple[Row, Row]]:
    """The pairs of rows for the same step and layer.

    A run of an early version has no such rows. One that a later version went on with has those of
    the later steps.
    """
    found = {(row["iteration"], row["layer"]): row for row in others}
    places = [(row["iteration"], row["layer"]) for row in rows]
    return [(row, found[place]) for row, place in zip(rows, places) if place in found]


def _place(row: Row) -> str:
    """The place of a row in its table, in words, as far as its columns tell."""
    named = [f"{name} {row[name]}" for name in ("iteration", "layer") if name in row]
    return "".join(f", {one}" for one in named)


def _equal(a: Any, b: Any) -> bool:
    return a == b or (a != a and b != b)  # nan equals nan here


def few(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
