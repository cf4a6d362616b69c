"""Faults on demand: file operations that fail, or during which the process dies."""

import builtins
import errno
import io
import os
import random
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT)
CALLS = ("fsync", "replace", "rename", "mkdir")  # of the module os


def cases(number):
    """How many cases a test tries: `number`, times MINIRES_CASES if that is set."""
    return max(1, round(number * float(os.environ.get("MINIRES_CASES", "1"))))


def refuse(*arguments, **settings):
    """Stands for a function of the system that has no permission."""
    raise PermissionError(13, "Permission denied")


class Killed(BaseException):
    """Stands for the death of the process: nothing is written after it."""


class Disk:
    """Counts what is opened, written and moved below a folder, and lets one of these fail.

    Parameters
    ----------
    folder : Path
        Or the beginning of a path. Other files are not touched.
    at : int, optional
        The number of the operation that fails, from 0.
    kill : bool
        The process ends, instead of an OSError.
    torn : bool
        If the operation is a write, half of its bytes are written first.
    stays : bool
        All operations after it fail too, as on a disk that is full.
    number : int
        The errno.
    """

    def __init__(self, folder, at=None, kill=False, torn=False, stays=False, number=errno.ENOSPC):
        self.folder, self.at, self.kill, self.torn = str(folder), at, kill, torn
        self.stays, self.number = stays or kill, number
        self.count, self.done = 0, []

    def __repr__(self):
        what = "killed" if self.kill else errno.errorcode[self.number]
        return f"{what} at {self.at} ({self.done[-1:]}), torn {self.torn}, stays {self.stays}"

    def touch(self, what, path, first_half=lambda: None):
        """Count one operation, which fails if it is its turn."""
        if not isinstance(path, int) and not str(path).startswith(self.folder):
            return
        now, self.count = self.count, self.count + 1
        if self.at is not None and (now == self.at or now > self.at and self.stays):
            if now == self.at:
                self.done.append(f"{what} {path}")
                if self.torn:
                    first_half()
            raise Killed if self.kill else OSError(self.number, os.strerror(self.number), str(path))


class File:
    """A file that is open for writing on such a Disk."""

    def __init__(self, file, disk, path):
        self._file, self._disk, self._path = file, disk, path

    def write(self, content):
        half = content[: len(content) // 2]
        self._disk.touch("write", self._path, lambda: (self._file.write(half), self._file.flush()))
        return self._file.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)


@contextmanager
def on(disk):
    """Within: whatever is written goes through this Disk."""
    opened, calls = builtins.open, {name: getattr(os, name) for name in CALLS}
    truncate, unlink = os.truncate, os.unlink

    def faulty_open(path, mode="r", *args, **kwargs):
        disk.touch("open", path)
        if not set(mode) & set("wax+") or isinstance(path, int):
            return opened(path, mode, *args, **kwargs)
        file = opened(path, mode, *args, **kwargs)
        return File(file, disk, path) if str(path).startswith(disk.folder) else file

    def faulty(name):
        def call(path, *args, **kwargs):
            disk.touch(name, path)
            return calls[name](path, *args, **kwargs)

        return call

    def unless_dead(call):
        def called(path, *args, **kwargs):
            if disk.kill and disk.done and str(path).startswith(disk.folder):
                raise Killed
            return call(path, *args, **kwargs)

        return called

    with (
        mock.patch.object(builtins, "open", faulty_open),
        mock.patch.object(io, "open", faulty_open),
        mock.patch.multiple(os, **{name: faulty(name) for name in CALLS}),
        mock.patch.multiple(os, truncate=unless_dead(truncate), unlink=unless_dead(unlink)),
    ):
        yield disk


def random_disk(folder, operations, generator: random.Random) -> Disk:
    """A Disk on which one operation fails, within that many."""
    return Disk(
        Path(folder),
        at=generator.randrange(operations),
        kill=generator.random() < 0.4,
        torn=generator.random() < 0.5,
        stays=generator.random() < 0.3,
        number=generator.choice(ERRORS),
    )
