"""Which files of a folder are pictures, and which are left out.

Nothing is left out without a word: a folder of 12 .jpg and 20 .heic would train on the 12.
"""

import os
import stat
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from ..names import as_text, expanded
from ..types import PathLike
from .picture_kinds import ADVICE, SUFFIXES, begins_like_a_picture, ending

#: Beside names that begin with a dot: what Macs, Windows and Synology's disks put into folders.
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir", "$RECYCLE.BIN")
#: What is left out besides files with an ending, in words: one, and several.
PLURALS = {
    "hidden file": "hidden files",
    "hidden folder": "hidden folders",
    "broken link": "broken links",
    "link to a folder that is read anyway": "links to folders that are read anyway",
    "pipe or device": "pipes or devices",
    "file without an ending": "files without an ending",
    "picture beside the folders of the classes": "pictures beside the folders of the classes",
}


class LeftOut(UserWarning):
    """Files or folders that were there, but are not read."""


@dataclass
class Found:
    """What is in a folder.

    Parameters
    ----------
    pictures : list of Path
        Sorted.
    left_out : Counter
        What is not read, by its kind -> how many: an ending (``".heic"``), a word of `PLURALS`, or
        ``"folder NAME/"``.
    misnamed : int
        How many of the pictures have a name that does not end as a picture's does.
    """

    pictures: list[Path] = field(default_factory=list)
    left_out: "Counter[str]" = field(default_factory=Counter)
    misnamed: int = 0

    def add(self, other: "Found") -> None:
        """Count what another folder holds to this one's; the pictures, too."""
        self.pictures += other.pictures
        self.left_out += other.left_out
        self.misnamed += other.misnamed

    def tell(self, folder: PathLike) -> None:
        """Warn, in one line, of what is left out or named in a misleading way."""
        parts = []
        if self.left_out:
            parts.append(f"left out: {in_words(self.left_out)}")
        if self.misnamed:
            several = self.misnamed > 1
            parts.append(
                f"{self.misnamed:,} {'files are pictures' if several else 'file is a picture'} "
                f"though {'their names do' if several else 'its name does'} not end like one: read"
            )
        if parts:
            warnings.warn(f"{as_text(folder)}: {'; '.join(parts)}", LeftOut, stacklevel=4)


def is_hidden(name: str) -> bool:
    """Whether programs put it there for themselves: copies, previews, their notes."""
    return name.startswith(".") or name in HIDDEN


def find_pictures(folder: PathLike) -> Found:
    """The pictures in a folder and in the folders within it, and how many other files of each kind
    are there.

    Links to folders elsewhere are followed. A link to a folder that is read anyway, or that would
    lead round in a circle, is counted among what is left out.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    DataError
        If a folder cannot be read.
    """
    found, folder = Found(), expanded(folder)
    root = Path(os.path.realpath(folder))
    followed: set[Path] = set()
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        entered = []
        for name in sorted(folders):
            if is_hidden(name):
                found.left_out["hidden folder"] += 1
            elif _leads_back(Path(place, name), root, followed):
                found.left_out["link to a folder that is read anyway"] += 1
            else:
                entered.append(name)
        folders[:] = entered
        for name in files:
            _sort_in(Path(place, name), found)
    found.pictures.sort()
    return found


def _sort_in(path: Path, found: Found) -> None:
    """Count one file as a picture, or as what it is instead."""
    suffix = ending(path)
    kind = None
    try:
        mode = os.stat(path).st_mode
    except OSError:
        kind = "broken link"
    else:
        if not stat.S_ISREG(mode):
            kind = "pipe or device"
    if is_hidden(path.name):
        kind = "hidden file"
    if kind is None and suffix not in SUFFIXES:
        if begins_like_a_picture(path):
            found.misnamed += 1
        else:
            kind = suffix or "file without an ending"
    if kind is None:
        found.pictures.append(path)
    else:
        found.left_out[kind] += 1


def _leads_back(path: Path, root: Path, followed: set[Path]) -> bool:
    """Whether `path` is a link to what is read from `root` anyway, or around it; else it is noted
    in `followed`, the folders that links have led to.
    """
    if not path.is_symlink():
        return False
    target = Path(os.path.realpath(path))
    around = root.is_relative_to(target) or _leads_out(path)
    if around or any(target.is_relative_to(one) for one in (root, *followed)):
        return True
    followed.add(target)
    return False


def in_words(left_out: "Counter[str]") -> str:
    """What was left out, the most frequent first: "20 .heic (export them ...), 1 hidden file"."""
    shown = [_in_words(kind, count) for kind, count in left_out.most_common(10)]
    rest = sum(left_out.values()) - sum(count for _, count in left_out.most_common(10))
    return ", ".join(shown + ([f"{rest:,} others"] if rest else []))


def _in_words(kind: str, count: int) -> str:
    if kind.startswith("folder "):
        return f"the {as_text(kind)}"
    if kind in PLURALS:
        return f"{count:,} {PLURALS[kind] if count > 1 else kind}"
    advice = f" ({ADVICE[kind]})" if kind in ADVICE else ""
    return f"{count:,} {as_text(kind)}{advice}"


def visible_folders(folder: Path) -> list[Path]:
    """The folders in `folder` that are not hidden, by name; no links back to it or to what it is
    in. Raises DataError if it cannot be read.
    """
    return [
        path
        for path in _inside(folder)
        if path.is_dir() and not is_hidden(path.name) and not _leads_out(path)
    ]


def beside(folder: Path) -> Found:
    """What lies in `folder` itself, beside the folders in it. Raises DataError if it cannot be
    read.
    """
    found = Found()
    for path in _inside(folder):
        if not path.is_dir():
            _sort_in(path, found)
        elif is_hidden(path.name):
            found.left_out["hidden folder"] += 1
        elif _leads_out(path):
            found.left_out["link to a folder that is read anyway"] += 1
    return found


def _leads_out(path: Path) -> bool:
    """Whether it is a link to the folder that it is in, or to one around that."""
    place = Path(os.path.realpath(path.parent))
    return path.is_symlink() and place.is_relative_to(os.path.realpath(path))


def _inside(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        return _refuse(error)


def _refuse(error: OSError) -> Iterable[Path]:
    raise DataError(error.filename, "cannot be read", "a folder of pictures", error.strerror)
