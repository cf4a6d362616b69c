"""Read and write whole files: all bytes at once, and one clear line when that fails."""

import os
import re
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

from ..errors import CheckpointError, MiniresError
from ..types import PathLike

PART = ".part"  # how the names of temporary files end
OLD = 3600  # seconds after which one is removed, if its process has ended


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
    _remove_left(path)
    if not path.name or os.path.isdir(path):
        raise CheckpointError(str(path), "cannot write", "the name of a file", "a folder")
    # A name of its own for each process and thread: others may write to this folder too.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{PART}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise CheckpointError(
            str(path),
            "cannot write",
            "a writable place with room for the file",
            error.strerror or str(error),
        ) from None
    finally:
        with suppress(OSError):  # in a folder that does not exist there is none
            temporary.unlink()


def _remove_left(path):
    """Remove the temporary files for `path` of processes that were killed.

    Only old ones: the folder may be shared with another machine, where the process lives.
    """
    if os.name != "posix":  # elsewhere, asking whether a process lives may end it
        return
    name = re.compile(rf"\.{re.escape(path.name)}\.([0-9]{{1,9}})(-[0-9]+)?{re.escape(PART)}")
    with suppress(OSError):
        for entry in list(os.scandir(path.parent)):
            match = name.fullmatch(entry.name)
            if match and time.time() - entry.stat().st_mtime > OLD and _has_ended(int(match[1])):
                os.unlink(entry.path)


def _has_ended(process):
    try:
        os.kill(process, 0)  # 0 is no signal: it only asks whether there is such a process
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False
