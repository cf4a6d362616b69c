"""Find the notebooks in a folder of submissions: whose they are, and of which assignment."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError
from ..types import PathLike
from . import notebooks

LONGEST_NAME = 200  # bytes of the name of a folder; systems allow 255
_HASHED = re.compile(r"~[0-9a-f]{16}$")  # how `folder_name` ends a name


@dataclass
class Entry:
    """A notebook to grade."""

    student: str
    assignment: str
    path: Path

    @property
    def key(self) -> str:
        """The folder of its results, below that of all results; no two entries share one."""
        return f"{folder_name(self.student)}/{self.assignment}"


@dataclass
class Found:
    """What was found in a folder of submissions."""

    entries: list[Entry] = field(default_factory=list)
    students: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (student, line)


def folder_name(student: str) -> str:
    """The name of a student's folder of results.

    A name that is too long for disks is cut. A hash is added then, so that no two students share
    one.
    """
    name = student.replace("/", "_")
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= LONGEST_NAME and name == student and not _HASHED.search(name):
        return name
    start = data[: LONGEST_NAME // 2].decode("utf-8", "ignore")
    whole = student.encode("utf-8", "surrogateescape")
    return f"{start}~{hashlib.sha256(whole).hexdigest()[:16]}"


def discover(submissions: PathLike, sources: Iterable[str]) -> Found:
    """Find the notebooks in a folder of submissions, and note everything that is left out.

    Of several notebooks of one student and assignment the newest counts. Files beside a student's
    folder never replace files in it.

    Parameters
    ----------
    submissions : str or Path
    sources : iterable of str
        Names of the assignments, such as "a2_convolution".

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
    handed_in: dict[tuple[str, str], list[Path]] = {}
    for student, place, reason in _places(folder):
        if reason is not None:
            here.problems.append((student, f"{place.name}: {reason}; left out"))
            continue
        if student not in here.students:
            here.students.append(student)
        files = _files(place)
        if not any(map(_is_notebook, files)):
            here.problems.append((student, _without_notebook(files)))
        for path in filter(_is_notebook, files):
            if place.resolve() not in (path.resolve(), *path.resolve().parents):
                reason = "a link to a file outside the student's folder"
            elif (assignment := which(path, sources)) is None:
                reason = "cannot tell which assignment this is"
            else:
                handed_in.setdefault((student, assignment), []).append(path)
                continue
            here.problems.append((student, f"{path.relative_to(folder)}: {reason}; left out"))
    if not here.students:
        raise ConfigError(
            "minires course grade",
            "no submissions",
            "one folder for each student",
            f"none in {folder}",
        )
    for (student, assignment), paths in handed_in.items():
        newest = max(paths, key=lambda path: (path.stat().st_mtime, path.name))
        here.entries.append(Entry(student, assignment, newest))
        here.problems += [
            (
                student,
                f"{path.relative_to(folder)}: there are {len(paths)} notebooks for {assignment}; "
                f"the newest, {newest.relative_to(folder)}, was graded",
            )
            for path in paths
            if path != newest
        ]
    return here


def _places(folder: Path) -> Iterator[tuple[str, Path, str | None]]:
    """Yield (student, place, reason) for everything that lies in the folder of submissions.

    `reason` says in words why a place does not count. For a place that counts it is None.
    """
    places = sorted(folder.iterdir(), key=lambda path: path.name)
    places = [place for place in places if not place.name.startswith(".")]
    linked = {place for place in places if _leads_into(place, folder)}
    for place in sorted(linked):
        yield _student(place), place, "a link to another submission"
    places = [place for place in places if place not in linked]
    owners = _owners(places)
    for place in places:
        student = _student(place)
        if place not in owners[student]:
            first = ", ".join(one.name for one in owners[student][:3])
            yield student, place, f"this student has the folder {first}"
        elif place.is_file() and not _is_notebook(place):
            yield student, place, "not a notebook (.ipynb)"
        else:
            yield student, place, None


def _files(place: Path) -> list[Path]:
    """The files that a student has handed in; those of hidden folders do not count."""
    if place.is_file():
        return [place]
    return sorted(
        path
        for path in place.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(place).parts)
    )


def _is_notebook(path: Path) -> bool:
    return path.suffix == ".ipynb"


def _without_notebook(files: list[Path]) -> str:
    """The problem of a student who has handed in these files, none of them a notebook."""
    names = ", ".join(path.name for path in files[:5])
    return f"no notebook among {names}" if files else "no notebook: the folder is empty"


def _leads_into(place: Path, folder: Path) -> bool:
    """Whether a place is a link into the folder of submissions, or to a folder around it."""
    if not place.is_symlink():
        return False
    try:
        target, whole = place.resolve(), folder.resolve()
    except (OSError, RuntimeError):  # links in a circle
        return True
    return whole in (target, *target.parents) or target in whole.parents


def _owners(places: Iterable[Path]) -> dict[str, list[Path]]:
    """The places that count for each student: the folder of exactly that name; without it, folders
    whose names hold more; without these, files.

    Otherwise a student could hand in a file under somebody else's name.
    """
    ranks: dict[str, dict[int, list[Path]]] = {}
    for place in places:
        student = _student(place)
        name = unicodedata.normalize("NFC", place.name)
        rank = 3 if not place.is_dir() else 2 if name != student else 1 if name != place.name else 0
        ranks.setdefault(student, {}).setdefault(rank, []).append(place)
    counts = {student: (min(found), found[min(found)]) for student, found in ranks.items()}
    return {student: many if rank > 1 else many[:1] for student, (rank, many) in counts.items()}


def which(path: Path, sources: Iterable[str]) -> str | None:
    """The assignment of a notebook, from the names of its cells or else its file name; None if
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
    """The name of a student: that of the folder or file, without the name of the assignment."""
    name = unicodedata.normalize("NFC", place.name if place.is_dir() else place.stem)
    return re.split(r"[ _-]+a\d(?:_\w+)?$", name)[0] or name
