"""See that nobody writes into a folder, and keep it so, without changing a file in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .files import Lock

try:
    import fcntl
except ImportError:  # Windows
    fcntl: Any = None  # type: ignore[no-redef]


@contextmanager
def no_writer(path: Path) -> Iterator[bool]:
    """Within: nobody can take the `files.Lock` at `path`; yields False if somebody has taken it.

    Others may read at the same time. Yields True where there is no such file, so that nobody has
    ever written there, and on a file system without locks.
    """
    if not path.is_file() or not os.access(path, os.R_OK):
        yield True
        return
    if fcntl is None:
        lock = Lock(path)
        try:
            yield lock.acquire()
        finally:
            lock.release()
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield _shared(descriptor)
    finally:
        os.close(descriptor)


def _shared(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks here: as good as free
        return True
    return True
