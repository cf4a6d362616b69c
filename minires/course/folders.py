"""The folders in which submissions run: each has one, which is removed once it is marked.

A process that is killed leaves its folder behind, and the next run removes it. A lock tells whether
a folder is still in use: the system releases it when its holder ends.
"""

import itertools
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..serialization.files import Lock

PREFIX = "minires-submission-"
DAY = 86_400  # seconds


@contextmanager
def submission_folder() -> Iterator[Path]:
    """Within the block there is an empty folder for a submission; it is removed at the end."""
    outer = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with Lock(outer / "lock") as lock:  # beside the submission's folder, out of its reach
            lock.acquire()
            inner = outer / "home"
            inner.mkdir()
            yield inner
    finally:
        remove(outer)


def remove_leftovers() -> None:
    """Remove the folders that killed processes left behind, as far as possible."""
    for outer in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(Exception):  # this is only tidying up, so the run goes on
            found = outer.lstat()
            is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
            if not (is_ours and stat.S_ISDIR(found.st_mode)):
                continue
            if not (outer / "lock").exists():
                # A folder that is being made has no lock yet; folders of older versions never had
                # one.
                is_left = time.time() - found.st_mtime > DAY
            else:
                with Lock(outer / "lock") as lock:
                    lock.acquire()
                    is_left = lock.held
            if is_left:
                remove(outer)


def remove(folder: Path) -> None:
    """Remove a folder as far as possible.

    A submission may have taken away the right to list it, or nested thousands of folders in it.
    """
    with suppress(OSError, RecursionError):
        if os.rename in os.supports_dir_fd and os.scandir in os.supports_fd:
            _flatten(folder)
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _flatten(folder: Path) -> None:
    """Remove the folders in a folder one by one, after moving their contents up. So no path gets
    long and no call deep.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW  # a link may lead anywhere
    top, numbers = os.open(folder, flags), itertools.count()
    try:
        with os.scandir(top) as found:
            waiting = [one.name for one in found if one.is_dir(follow_symlinks=False)]
        while waiting:
            name = waiting.pop()
            with suppress(OSError):
                os.chmod(name, 0o700, dir_fd=top)
                inner = os.open(name, flags, dir_fd=top)
                try:
                    waiting += _empty(inner, top, numbers)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _empty(inner, top, numbers):
    """Remove the files of a folder, and move the folders in it up; return their new names."""
    moved = []
    with os.scandir(inner) as found:
        held = [(one.name, one.is_dir(follow_symlinks=False)) for one in found]
    for name, is_folder in held:
        with suppress(OSError):
            if not is_folder:
                os.unlink(name, dir_fd=inner)
                continue
            new = f"{PREFIX}{next(numbers)}"
            os.chmod(name, 0o700, dir_fd=inner)  # without the right to write it cannot be moved
            os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)
            moved.append(new)
    return moved
