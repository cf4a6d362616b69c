"""All caches of decoded pictures together: where they are, how large they may become, and which of
them are removed when room runs out.

Each data set has a folder of its own in there, for each size. A process that uses one leaves a mark
in it, and a cache with the mark of a living process stays, whatever the limit is. Nothing is
removed but files that minires wrote, one by one; links are not followed.
"""

import atexit
import json
import math
import os
import re
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..names import as_text, expanded, shown
from ..serialization.files import HOUR, Lock, is_running
from ..types import PathLike
from .paths import user_cache

LIMIT = "MINIRES_CACHE_LIMIT"  # the environment variable
USUAL_LIMIT = "20 GB"  # some 77,000 photographs at 256 pixels
PIXELS, INDEX = "pixels.bin", "index.json"
MARK = ".in-use"  # at the end of the name of a mark, after process and machine: 123@pc.in-use
WEEK = 7 * 24 * 3600  # seconds, after which a mark from another machine no longer counts
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


class CacheRemoved(UserWarning):
    """Decoded pictures were removed to make room for others."""


@dataclass(frozen=True)
class Entry:
    """The decoded pictures of one data set at one size.

    Parameters
    ----------
    folder : Path
    bytes : int
    used : float
        When it was last used, in seconds since 1970.
    in_use : bool
        Whether a process uses it now.
    """

    folder: Path
    bytes: int
    used: float
    in_use: bool

    @property
    def name(self) -> str:
        """The name of the folder of photographs."""
        return as_text(self.folder.name.rsplit("-", 2)[0])

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        return int(self.folder.name.rsplit("-", 1)[1])

    def contents(self) -> tuple[int, str]:
        """How many pictures there are, and the folder that they were read from; (0, "") if that
        cannot be read.
        """
        try:
            names = json.loads((self.folder / INDEX).read_bytes())["names"]
            return len(names), as_text(os.path.commonpath([names[0], names[-1]]))
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return 0, ""


def cache_place(folder: PathLike | None = None) -> Path:
    """The folder of the caches: the one that is named, else ``pictures`` in the user's cache."""
    return expanded(folder) if folder is not None else user_cache() / "pictures"


def cache_limit() -> int | None:
    """The most bytes that all caches together may take, from the environment variable
    MINIRES_CACHE_LIMIT; None for no limit.

    Raises ConfigError if it is no size.
    """
    text = os.environ.get(LIMIT) or USUAL_LIMIT
    if text.strip().lower() == "none":
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    most = math.inf
    if found is not None and found[2].upper() in UNITS:
        most = float(found[1]) * UNITS[found[2].upper()]
    if most == math.inf:
        raise ConfigError(LIMIT, "no size", "a size such as 20 GB or 500 MB, or none", shown(text))
    return int(most)


def size_in_words(number: float) -> str:
    """A number of bytes as people write it: 1.2 GB."""
    for unit in ("TB", "GB", "MB", "kB"):
        if number >= UNITS[unit.upper()]:
            return f"{number / UNITS[unit.upper()]:.3g} {unit}"
    return f"{number:.0f} bytes"


def entries(place: Path) -> list[Entry]:
    """The caches in the folder `place`, the one that was used last first. Other folders and files,
    and links, do not count.
    """
    found = []
    for path in _inside(place):
        if not _is_ours(path):
            continue
        try:
            files = [file.lstat() for file in path.iterdir()]
            used = max(file.st_mtime for file in files)
        except (OSError, ValueError):  # removed at this moment, or empty
            continue
        size = sum(file.st_size for file in files)
        found.append(Entry(path, size, used, any(True for _ in _users(path))))
    return sorted(found, key=lambda one: -one.used)


def use(folder: Path) -> None:
    """Note that this process uses the cache in `folder`, until the process ends.

    Where nothing can be written, nothing can be removed either.
    """
    mark = folder / f"{os.getpid()}@{_machine()}{MARK}"
    with suppress(OSError):
        is_new = not mark.exists()
        mark.touch()
        os.utime(folder / INDEX)  # the mark goes, and the time of the last use stays
        if is_new:
            atexit.register(_forget, mark, os.getpid())


def make_room(place: Path, keep: Path | None = None) -> list[Entry]:
    """Remove the caches that were not used for the longest time, until the limit is met.

    Parameters
    ----------
    place : Path
        The folder of the caches.
    keep : Path, optional
        A cache that stays.

    Returns
    -------
    list of Entry
        What was removed; a `CacheRemoved` warning names each. Those in use stay.
    """
    limit, removed = cache_limit(), []
    there = entries(place)
    total = sum(one.bytes for one in there)
    for one in reversed(there):
        if limit is None or total <= limit:
            break
        if one.folder != keep and remove(one.folder):
            total -= one.bytes
            removed.append(one)
            warnings.warn(
                f"cache: removed {one.name} at {one.side} pixels ({size_in_words(one.bytes)}, last "
                f"used {time_in_words(one.used)}): more than {size_in_words(limit)} ({LIMIT})",
                CacheRemoved,
                stacklevel=3,
            )
    return removed


def remove(folder: Path) -> bool:
    """Remove one cache; False if it stays: see `removed_or_why`."""
    return removed_or_why(folder) is None


def removed_or_why(folder: Path) -> str | None:
    """Remove one cache; why it stays, in words, if a process uses it, it is no cache, or nothing
    can be removed there.

    It is given another name first, so that nobody finds half of it.
    """
    if not _is_ours(folder):
        return "which is no cache, or has other files in it"
    in_use = "which a process uses"
    lock = Lock(folder.with_name(f".{folder.name}.lock"))
    try:
        if not lock.acquire():  # somebody makes it anew, or opens it
            return in_use
        with lock:
            if any(True for _ in _users(folder)):
                return in_use
            going = folder.with_name(f"{folder.name}.{os.getpid()}.part")
            os.replace(folder, going)
            return None if remove_files(going) else "of which some files could not be removed"
    except OSError as error:
        return f"which cannot be removed: {error.strerror or error}"


def remove_files(folder: Path) -> bool:
    """Remove a folder and the files of a cache in it; anything else in it stays, and so does the
    folder then. Says whether it is gone.
    """
    try:
        if folder.is_symlink():
            return False
        for file in folder.iterdir():
            if _is_file_of_ours(file):
                file.unlink()
        folder.rmdir()
    except OSError:
        return False
    return True


def remove_unfinished(place: Path, name: str | None = None) -> None:
    """Remove what processes that have ended left of caches that they were making or removing.

    A process may run on another machine that shares the folder. So what is younger than an hour
    stays, but for the cache of that `name`, which the caller has locked.
    """
    for path in _inside(place):
        own, _, process = path.name.removesuffix(".part").rpartition(".")
        if not path.name.endswith(".part") or not process.isdecimal() or not _NAME.fullmatch(own):
            continue
        with suppress(OSError):
            changed = max(one.lstat().st_mtime for one in (path, *path.iterdir()))
            is_old = own == name or time.time() - changed >= HOUR
            if is_old and not is_running(int(process)):
                remove_files(path)


def time_in_words(moment: float) -> str:
    """How long ago that was, in words."""
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


_NAME = re.compile(r".+-[0-9a-f]{8}-\d+", re.DOTALL)


def _is_ours(path: Path) -> bool:
    """Whether it is the folder of a cache, with nothing else in it."""
    if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
        return False
    try:
        names = [file.name for file in path.iterdir() if _is_file_of_ours(file)]
        return INDEX in names and len(names) == len(list(path.iterdir()))
    except OSError:
        return False


def _is_file_of_ours(path: Path) -> bool:
    is_link_or_file = path.is_symlink() or path.is_file()
    return is_link_or_file and (path.name in (PIXELS, INDEX) or path.name.endswith(MARK))


def _users(folder: Path) -> Iterator[Path]:
    """The marks of living processes in a cache; those of dead ones are removed."""
    for mark in _inside(folder):
        process, _, machine = mark.name.removesuffix(MARK).partition("@")
        if not mark.name.endswith(MARK) or not process.isdecimal():
            continue
        with suppress(OSError):
            if machine == _machine() and os.name == "posix":
                alive = is_running(int(process))
            else:
                alive = time.time() - mark.lstat().st_mtime < WEEK
            if alive:
                yield mark
            else:
                mark.unlink()


def _machine() -> str:
    return re.sub(r"[^\w.-]", "_", socket.gethostname())


def _forget(mark: Path, process: int) -> None:
    """Remove the mark of this process; one that was forked from it has the same list to do."""
    if os.getpid() == process:
        with suppress(OSError):
            mark.unlink()


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
