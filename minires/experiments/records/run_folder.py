"""The folder of a run: settings and tables as plain text, and checkpoints."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...errors import CheckpointError, ConfigError
from ...names import expanded
from ...serialization.files import Lock, is_unfinished, remove_unfinished, replace_text
from ...serialization.old_names import previous_net
from ...serialization.safetensors import to_json
from ...types import Device, PathLike
from .config_file import read_config
from .machine import environment
from .settings_hash import changes, settings_hash
from .tables import Table

#: A file in the folder of a run, locked by the process that writes there.
LOCK = ".lock"


class RunFolder:
    """The files of one run of an experiment.

    Only one process at a time can write into a folder. No other process can open it until the
    ``with`` block or the process ends.

    Parameters
    ----------
    path : str or Path
        The folder, which is created if necessary.
    settings : dict
        The settings that decide the results. Values are anything that JSON can hold.
    growing : tuple of str
        Settings that may grow when the run is resumed, such as the list of seeds. Earlier results
        stay valid.
    resume : bool
        Go on with the run in this folder, if there is one.
    device : {"cpu", "gpu"}
        The device of the run, which is recorded with the versions of the software.
    wait : bool
        If another process writes into the folder, wait until it is done instead of raising.

    Raises
    ------
    ConfigError
        If the folder holds files and `resume` is False; if it holds a run with other settings (the
        error names all differences); if it cannot be written; if another process writes into it.
    DataError
        If its ``config.json`` is damaged.
    """

    def __init__(
        self,
        path: PathLike,
        settings: dict[str, Any],
        growing: Sequence[str] = (),
        resume: bool = False,
        device: Device = "cpu",
        wait: bool = False,
    ) -> None:
        self.path = expanded(path)
        settings = _as_read_back(settings)
        check_new(self.path, resume)
        self._lock = Lock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._open(settings, growing, resume, device, wait)
        except (OSError, CheckpointError) as error:
            self._lock.release()
            got = getattr(error, "strerror", None) or str(error)
            raise _cannot_write_results(self.path, got) from None
        except BaseException:
            self._lock.release()
            raise

    def _open(self, settings, growing, resume, device, wait):
        if not self._lock.acquire(wait):
            raise ConfigError(
                str(self.path),
                "another process writes into this folder",
                "one run at a time",
                "two",
                "wait until it ends, or choose another folder with --out",
            )
        for folder in (self.path, self.path / "checkpoints"):
            remove_unfinished(folder, only_writer=self._lock.held)
        check_new(self.path, resume)  # again: another process may have started a run meanwhile
        kept = {}
        if (self.path / "config.json").exists():
            kept = self._check_same(settings, growing)
        about = {"settings_hash": settings_hash(settings), **kept}
        about["environment"] = environment(device)
        replace_text(self.path / "config.json", json.dumps({**settings, **about}, indent=2) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def _check_same(self, settings: dict[str, Any], growing: Sequence[str]) -> dict[str, Any]:
        """Raise ConfigError if the run in the folder has other settings. Returns the part of its
        ``config.json`` that is kept: the sources of a pooled run.
        """
        before = read_config(self.path)
        differences = changes(before, settings, growing)
        if differences:
            raise ConfigError(
                str(self.path),
                "the run in this folder has other settings",
                "the same settings to resume",
                ", ".join(differences),
                "use the settings it was started with, or choose another folder with --out",
            )
        return {name: before[name] for name in ("sources",) if name in before}

    def checkpoint(self, net: str, seed: int) -> Path:
        """The path of the checkpoint of one net. A file with a previous name of the net is renamed.

        Raises CheckpointError if the file cannot be renamed, or the folder cannot be created.
        """
        folder = make_folder(self.path / "checkpoints")
        before, path = (
            folder / f"{name}-seed{seed}.safetensors" for name in (previous_net(net), net)
        )
        return renamed(before, path)

    def table(self, name: str, columns: Sequence[str], text: Sequence[str] = ()) -> Table:
        """The `Table` in ``name.csv``, created if necessary. The columns in `text` hold words."""
        return Table(self.path / f"{name}.csv", columns, text)


def make_folder(path: Path) -> Path:
    """Create the folder `path` if necessary, and return `path`. Raises CheckpointError if the
    folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None
    return path


def renamed(before: Path, path: Path) -> Path:
    """Rename the file or folder `before` to `path`, if only `before` exists, and return `path`.

    Raises CheckpointError if it cannot be renamed.
    """
    try:
        if before.exists() and not path.exists():
            before.rename(path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    return path


def _cannot_write(path: Path, error: OSError) -> CheckpointError:
    got = error.strerror or str(error)
    return CheckpointError(str(path), "cannot write", "a folder that can be written", got)


def _as_read_back(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as they are when read back from JSON: tuples become lists, and NumPy's numbers
    become Python's.
    """
    return json.loads(to_json(settings))


def check_new(path: PathLike, resume: bool | None = False) -> None:
    """Raise ConfigError unless results can be written to the folder `path`.

    The folder must be new or empty, or hold a run if `resume` is True, and it must be writable.
    Commands call this before hours of work. Locks and unfinished files, which a run leaves behind
    if it is interrupted right at its start, do not count as files. With None for `resume`, which
    means that the command cannot resume, the error does not suggest --resume.
    """
    path = Path(path)
    try:
        files = list(path.iterdir()) if path.is_dir() else []
        files = [file for file in files if file.name != LOCK and not is_unfinished(file)]
        # Checked last, because another process may be starting a run here at this moment.
        is_run = (path / "config.json").exists()
    except OSError as error:
        got = error.strerror or str(error)
        raise ConfigError(str(path), "cannot be read", "a folder for the results", got) from None
    if files and not (resume and is_run):
        got, todo = "other files", "choose another folder with --out"
        if is_run:
            got = "files of an earlier run"
            todo = todo if resume is None else f"go on with it with --resume, or {todo}"
        raise ConfigError(str(path), "the folder is not empty", "a new or empty folder", got, todo)
    _check_writable(path)


def _check_writable(path: Path) -> None:
    """Raise ConfigError if the folder `path` can neither be written nor created."""
    place = path
    while not os.path.exists(place) and place != place.parent:
        place = place.parent
    got = None if os.path.isdir(place) else f"{place}, a file"
    if got is None and not os.access(place, os.W_OK):
        got = "a read-only disk, or no permission"
    if got is not None:
        raise _cannot_write_results(path, got)


def _cannot_write_results(path: Path, got: str) -> ConfigError:
    return ConfigError(
        str(path),
        "cannot write here",
        "a folder that can be created and written",
        got,
        "choose another folder with --out",
    )
