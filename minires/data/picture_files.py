"""Which files of a folder are pictures, and which are left out.

Nothing is left out without a word: a folder of 12 .jpg and 20 .heic would train on the 12.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..errors import DataError
from ..names import as_text
from ..types import PathLike
from .images import SUFFIXES

#: Beside names that begin with a dot: what Macs, Windows and Synology's disks put into folders.
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir")


class LeftOut(UserWarning):
    """Files or folders that were there, but are not read."""


def is_hidden(name: str) -> bool:
    """Whether programs put it there for themselves: copies, previews, their notes."""
    return name.startswith(".") or name in HIDDEN


def is_picture(path: Path) -> bool:
    """Whether it is a file with the name of a picture."""
    return path.suffix.lower() in SUFFIXES and not is_hidden(path.name) and path.is_file()


def find_pictures(folder: PathLike, inner: bool = True) -> tuple[list[Path], "Counter[str]"]:
    """The pictures in a folder, sorted, and how many other files of each kind are there.

    Parameters
    ----------
    folder : str or Path
    inner : bool
        Look into the folders within, too, but for hidden ones.

    Returns
    -------
    pictures : list of Path
    others : Counter
        Suffix -> files that are not hidden: ``{".heic": 20}``.

    Raises
    ------
    DataError
        If a folder cannot be read.
    """
    pictures: list[Path] = []
    others: Counter[str] = Counter()
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if inner and not is_hidden(name)]
        for path in (Path(place, name) for name in files if not is_hidden(name)):
            if is_picture(path):
                pictures.append(path)
            elif path.is_file():
                others[path.suffix.lower() or "without a suffix"] += 1
            else:
                others["that are no files, such as broken links"] += 1
    return sorted(pictures), others


def in_words(others: "Counter[str]") -> str:
    """What was left out, the most frequent first: "20 .heic, 1 .txt"."""
    return ", ".join(f"{count} {as_text(suffix)}" for suffix, count in others.most_common(10))


def visible_folders(folder: Path) -> list[Path]:
    """The folders in `folder` that are not hidden, by name. Raises DataError if it cannot be
    read.
    """
    return [path for path in _inside(folder) if path.is_dir() and not is_hidden(path.name)]


def loose_pictures(folder: Path) -> list[Path]:
    """The pictures in `folder` itself. Raises DataError if it cannot be read."""
    return [path for path in _inside(folder) if is_picture(path)]


def _inside(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        return _refuse(error)


def _refuse(error: OSError) -> Iterable[Path]:
    raise DataError(error.filename, "cannot be read", "a folder of pictures", error.strerror)
