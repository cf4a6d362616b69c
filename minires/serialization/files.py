"""Read and write whole files, by one process at a time: all bytes at once, and one clear line when
that fails.
"""

import errno
import os
import re
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from ..errors import CheckpointError, MiniresError
from ..types import PathLike

HOUR = 3600  # seconds
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # of a file system that has none


def read_bytes(
    path: PathLike,
    expected: str,
    error: type[MiniresError] = CheckpointError,
    most: int | None = None,
) -> bytes:
    """The content of the file `path`, which is opened once.

    Parameters
    ----------
    path : str or Path
    expected : str
        The kind of file it should be, for the error.
    error : type
        The class of the error.
    most : int, optional
        Bytes that a file of this kind has at most.

    Returns
    -------
    bytes

    Raises
    ------
    CheckpointError, or `error`
        If there is no such file, it is a folder, a pipe or a device, it cannot be read, or it is
        too large.
    """
    where = os.fsdecode(path)
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise error(where, "cannot read", expected, "a folder")
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device might never end
            raise error(
                where, "cannot read", expected, "a pipe or a device", "save it to a file first"
            )
        if most is not None and found.st_size > most:
            todo = "is it the right file?"
            raise error(
                where, f"too large for {expected}", f"up to {most} bytes", f"{found.st_size}", todo
            )
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise error(where, "no such file", expected) from None
    except (OSError, ValueError) as problem:  # no permission, a name too long or with a null in it
        if isinstance(problem, MiniresError):
            raise
        reason = getattr(problem, "strerror", None) or str(problem)
        raise error(where, "cannot read", expected, reason) from None


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write `content` to the file `path`, whole or not at all.

    The bytes go to a temporary file in the same folder, which then takes the place of `path` in one
    step. Whatever interrupts, either the old file or the new one is there, and whole.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    path = Path(path)
    if not path.name or os.path.isdir(path):
        raise CheckpointError(str(path), "cannot write", "the name of a file", "a folder")
    # A name of its own for each process and thread: others may write to this folder too.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _cannot_write(path, error)
    finally:
        with suppress(OSError):  # in a folder that does not exist there is none
            temporary.unlink()
    # A young one may belong to a process on another machine that shares the folder.
    remove_unfinished(path.parent, path.name, older_than=HOUR)


def replace_text(path: PathLike, text: str) -> None:
    """Write a text file whole or not at all. Raises CheckpointError if it cannot be written."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def append_bytes(path: PathLike, content: bytes, first: bytes = b"") -> None:
    """Add `content` at the end of the file `path`: all of it or, if that fails, nothing.

    A file that is empty or not there begins with `first`.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    path, size = Path(path), None
    try:
        with open(path, "ab") as file:
            size = file.seek(0, os.SEEK_END)
            file.write(content if size else first + content)
    except BaseException as error:
        if size is not None:
            with suppress(OSError):
                os.truncate(path, size)
        if isinstance(error, OSError):
            _cannot_write(path, error)
        raise


def _cannot_write(path: Path, error: OSError) -> NoReturn:
    raise CheckpointError(
        str(path),
        "cannot write",
        "a writable place with room for the file",
        error.strerror or str(error),
    ) from None


def is_unfinished(path: Path, name: str | None = None) -> bool:
    """Whether `path` is a temporary file of `write_bytes`, for a file of that name or for any."""
    found = re.fullmatch(r"\.(.+)\.\d+(-\d+)?\.part", path.name, re.DOTALL)
    return found is not None and name in (None, found[1])


def remove_unfinished(
    folder: PathLike,
    name: str | None = None,
    older_than: float = 0,
    only_writer: bool = False,
) -> None:
    """Remove the temporary files of processes that ended while they wrote.

    Parameters
    ----------
    folder : str or Path
    name : str
        Of the file that was to be written; by default any.
    older_than : float
        Seconds. Younger ones stay.
    only_writer : bool
        Nobody else writes into this folder now, so that all of them are left over.
    """
    with suppress(OSError):
        for path in filter(lambda path: is_unfinished(path, name), Path(folder).iterdir()):
            process = path.name.split(".")[-2].split("-")[0]
            is_old = time.time() - path.stat().st_mtime >= older_than
            is_dead = only_writer or not is_running(int(process))
            if is_old and is_dead:
                path.unlink()


def is_running(process: int) -> bool:
    """Whether there is a process of that number; True where asking would end it (Windows)."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)  # 0 is no signal: it only asks
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's process, or no number of one
        return True
    return True


class Lock:
    """A file that one holder at a time can lock. The system unlocks it when its process ends,
    however that happens.

    Parameters
    ----------
    path : str or Path
        It is made if it is not there, and stays.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._lock: Any = None

    @property
    def held(self) -> bool:
        """Whether it is locked by this object; False where files cannot be locked."""
        return self._lock is not None

    def acquire(self, wait: bool = False) -> bool:
        """Lock it, or say False if another process or thread has locked it.

        On a file system without locks it is True for all. With `wait`, wait for it. Raises OSError
        if the file cannot be made.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(str(self.path), thread_local=False)
        try:
            lock.acquire(timeout=-1 if wait else 0, poll_interval=0.1)
        except Timeout:
            return False
        except NotImplementedError:  # no locks here: as good as locked
            return True
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return True
        self._lock = lock
        return True

    def release(self) -> None:
        """Unlock it, if it is locked."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
