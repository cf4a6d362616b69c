"""A folder that is there as a whole or not at all."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ...errors import ConfigError, DataError
from ...serialization.files import is_running
from ..records import check_new


def check_free(out: Path) -> None:
    """Raise ConfigError if there is anything in the folder `out`, or it cannot be read."""
    check_new(out, resume=None)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        todo = "choose another folder with --out"
        got = "other files"
        raise ConfigError(str(out), "the folder is not empty", "a new or empty folder", got, todo)


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Within: a new folder beside `out`, to be filled. At the end it becomes `out`, in one step.

    If anything interrupts, `out` stays as it was, and what was begun is removed: now or, if the
    process was killed, by the next call for the same `out`.

    Raises ConfigError if it cannot be made, or if somebody has written to `out` meanwhile.
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
        "choose another with --out",
    )


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a folder; `files` maps their paths in it to where they are now.

    Raises DataError if one cannot be copied.
    """
    for target, source in files.items():
        try:
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / target)  # not its mode: the copy can be written
            _to_disk(folder / target)
        except OSError as error:
            expected = "a file that can be read, and room for a copy"
            got = error.strerror or str(error)
            raise DataError(str(source), "cannot be copied", expected, got) from None


def _to_disk(path: Path) -> None:
    """The copy must be on disk before the folder gets its name, should the power fail."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
