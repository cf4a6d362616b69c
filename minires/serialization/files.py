"""Read and write whole files: all bytes at once, and one clear line when that fails."""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from ..errors import CheckpointError
from ..types import PathLike


def read_bytes(path: PathLike, expected: str) -> bytes:
    """The content of the file `path`, which is opened once.

    Parameters
    ----------
    path : str or Path
    expected : str
        The kind of file it should be, for the error.

    Returns
    -------
    bytes

    Raises
    ------
    CheckpointError
        If there is no such file, it is a folder, a pipe or a device, or it cannot be read.
    """
    where = str(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise CheckpointError(where, "cannot read", expected, "a folder")
        if not stat.S_ISREG(mode):  # reading a pipe or a device might never end
            raise CheckpointError(
                where, "cannot read", expected, "a pipe or a device", "save it to a file first"
            )
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(where, "no such file", expected) from None
    except (OSError, ValueError) as error:  # no permission, a name too long or with a null in it
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(where, "cannot read", expected, reason) from None


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
        raise CheckpointError(
            str(path),
            "cannot write",
            "a writable place with room for the file",
            error.strerror or str(error),
        ) from None
    finally:
        with suppress(OSError):  # in a folder that does not exist there is none
            temporary.unlink()
