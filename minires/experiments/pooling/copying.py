"""Write a folder completely or not at all, and copy files into it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ...errors import ConfigError, DataError
from ...serialization.files import is_running
from ..records import check_new


def check_free(out: Path) -> None:
    """Raise ConfigError if the folder `out` holds anything, or cannot be read or written."""
    check_new(out, resume=None)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        todo = "choose another folder with --out"
        got = "other files"
        raise ConfigError(str(out), "the folder is not empty", "a new or empty folder", got, todo)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Yield a new folder beside `out`, which the ``with`` block fills. At the end of the block the
    folder is renamed to `out`, in one step.

    If the block fails, `out` stays as it was, and the new folder is removed. If the process is
    killed, the next call for the same `out` removes it.

    Raises ConfigError if the folder cannot be created, or somebody has written to `out` meanwhile.
    """
    out = Path(os.path.realpath(out))
    folder = out.with_name(f".{out.name}.{os.getpid()}.merging")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(out)
        folder.mkdir()
    except OSError as error:
        raise _cannot_write(out, error) from None
    try:
        yield folder
        check_free(out)
        try:
            if out.exists():
                out.rmdir()
            os.replace(folder, out)
        except OSError as error:
            raise _cannot_write(out, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_over(out: Path) -> None:
    for path in out.parent.glob("*.merging"):
        process = path.name.removeprefix(f".{out.name}.").removesuffix(".merging")
        if process.isdigit() and (int(process) == os.getpid() or not is_running(int(process))):
            shutil.rmtree(path, ignore_errors=True)


def _cannot_write(out: Path, error: OSError) -> ConfigError:
    return ConfigError(
        str(out),
        "cannot write here",
        "a folder that can be created and written",
        error.strerror or str(error),
        "choose another folder with --out",
    )


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a folder. `files` maps paths in that folder to the files to be copied there.

    Raises DataError if a file cannot be copied.
    """
    for target, source in files.items():
        try:
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            # copyfile does not copy permissions, so that the copy of a read-only file is writable.
            shutil.copyfile(source, folder / target)
            _to_disk(folder / target)
        except OSError as error:
            expected = "a file that can be read, and room for a copy"
            got = error.strerror or str(error)
            raise DataError(str(source), "cannot be copied", expected, got) from None


def _to_disk(path: Path) -> None:
    """Write a file through to the disk, so that no power failure after the folder has been renamed
    can leave it incomplete.
    """
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
