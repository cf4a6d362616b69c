"""Whose notebooks are in a folder, and of which assignment."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError
from ..types import PathLike
from . import notebooks


@dataclass
class Entry:
    """A notebook to grade."""

    student: str
    assignment: str
    path: Path

    @property
    def key(self) -> str:
        """The folder of its results: a name that this disk has, so that no two share one."""
        return f"{self.student}/{self.assignment}"


@dataclass
class Found:
    """What is in a folder of submissions."""

    entries: list[Entry] = field(default_factory=list)
    students: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (student, line)


def discover(submissions: PathLike, sources: Iterable[str]) -> Found:
    """The notebooks in a folder, and lines about what is none; of two of one student and assignment
    the newest counts.

    Raises
    ------
    ConfigError
        If there is no such folder, or nothing in it.
    """
    folder, here = Path(submissions), Found()
    if not folder.is_dir():
        raise ConfigError(
            "minires course grade",
            "no folder of submissions",
            "a folder with one folder for each student",
            str(folder),
        )
    found: dict[tuple[str, str], list[Path]] = {}
    for place in sorted(folder.iterdir(), key=lambda path: path.name):
        if place.name.startswith("."):
            continue
        student = _student(place)
        paths = (
            [place]
            if place.is_file()
            else sorted(
                path
                for path in place.rglob("*")
                if path.is_file()
                and not any(part.startswith(".") for part in path.relative_to(folder).parts)
            )
        )
        notebooks = [path for path in paths if path.suffix == ".ipynb"]
        if place.is_file() and not notebooks:
            here.problems.append((student, f"{place.name}: not a notebook (.ipynb); left out"))
            continue
        if student not in here.students:
            here.students.append(student)
        if not notebooks:
            here.problems.append(
                (
                    student,
                    "no notebook"
                    + (
                        f" among {', '.join(path.name for path in paths[:5])}"
                        if paths
                        else ": the folder is empty"
                    ),
                )
            )
        for path in notebooks:
            if place.resolve() not in (path.resolve(), *path.resolve().parents):
                here.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: a link to what is not in the "
                        "student's folder; left out",
                    )
                )
                continue
            name = which(path, sources)
            if name is None:
                here.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: it is not to be seen which assignment "
                        "this is; left out",
                    )
                )
                continue
            found.setdefault((student, name), []).append(path)
    if not found and not here.students:
        raise ConfigError(
            "minires course grade",
            "no submissions",
            "one folder for each student",
            f"none in {folder}",
        )
    for (student, name), paths in found.items():
        newest = max(paths, key=lambda path: (path.stat().st_mtime, path.name))
        for path in paths:
            if path != newest:
                here.problems.append(
                    (
                        student,
                        f"{path.relative_to(folder)}: there are {len(paths)} notebooks for "
                        f"{name}; the newest, {newest.relative_to(folder)}, was graded",
                    )
                )
        here.entries.append(Entry(student, name, newest))
    return here


def which(path: Path, sources: Iterable[str]) -> str | None:
    """The assignment of a notebook: by the names of its cells, else by its file name; None if
    neither says.
    """
    try:
        content = (
            path.read_text(encoding="utf-8", errors="replace")
            if path.stat().st_size <= notebooks.LARGEST
            else ""
        )
    except OSError:
        content = ""
    keys = {name.split("_")[0]: name for name in sources}
    counts = {
        keys[key]: number
        for key, number in (
            (key, len(re.findall(rf'"grade_id"\s*:\s*"{key}-', content))) for key in keys
        )
        if number
    }
    if counts:
        return max(counts, key=counts.__getitem__)
    stems = [path.stem.lower(), path.parent.name.lower()]
    return next(
        (
            name
            for stem in stems
            for key, name in keys.items()
            if name in stem or re.search(rf"(^|[^a-z0-9]){key}([^a-z0-9]|$)", stem)
        ),
        None,
    )


def _student(place: Path) -> str:
    """The name of a student: that of the folder, or of the file without what follows the
    assignment's name.
    """
    name = unicodedata.normalize("NFC", place.name if place.is_dir() else place.stem)
    return re.split(r"[ _-]+a\d(?:_\w+)?$", name)[0] or name
