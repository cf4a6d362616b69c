"""The folders in which submissions run: one for each, gone when it is marked.

A process that is killed leaves its folder behind. The next run removes it: a lock, which the system
opens when its holder ends, tells whether the folder is still in use.
"""

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
    """An empty folder for a submission, removed at the end with all that it holds."""
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
    """Remove the folders of processes that were killed."""
    for outer in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = outer.lstat()
            is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
            if not (is_ours and stat.S_ISDIR(found.st_mode)):
                continue
            if not (outer / "lock").exists():
                # One that is being made has none for a moment; those of older versions never had.
                is_left = time.time() - found.st_mtime > DAY
            else:
                with Lock(outer / "lock") as lock:
                    lock.acquire()
                    is_left = lock.held
            if is_left:
                remove(outer)


def remove(folder: Path) -> None:
    """Remove a folder, also where a submission has forbidden to list what it holds."""
    for place, names, _ in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):  # a link may lead anywhere
                with suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
