"""The folder of a run: its settings, tables and checkpoints; all but the checkpoints plain text."""

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

LOCK = ".lock"  # in the folder of a run: the process that writes there holds it


class RunFolder:
    """The files of one run of an experiment.

    One process at a time writes into a folder: from here to the end of a ``with`` block, or until
    the process ends, nobody else can open it.

    Parameters
    ----------
    path : str or Path
        Created if it is not there.
    settings : dict
        What decides the results; anything JSON can hold.
    growing : tuple of str
        Settings that may grow when the run is resumed, such as the number of seeds: what is done
        stays valid.
    resume : bool
        Go on with what is in the folder, if anything is.
    device : {"cpu", "gpu"}
        Where the run computes, to be written down with the versions.
    wait : bool
        If another process writes into the folder, wait until it is done.

    Raises
    ------
    ConfigError
        If the folder holds files already and `resume` is False, or holds a run with other settings
        (all differences are named), or cannot be written, or another process writes into it.
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
                "wait for its end, or choose another folder by --out",
            )
        for folder in (self.path, self.path / "checkpoints"):
            remove_unfinished(folder, only_writer=self._lock.held)
        check_new(self.path, resume)  # once more: it may have been started meanwhile
        kept = {}
        if (self.path / "config.json").exists():
            kept = self._check_same(settings, growing)
        apart = {"settings_hash": settings_hash(settings), **kept}
        apart["environment"] = environment(device)
        replace_text(self.path / "config.json", json.dumps({**settings, **apart}, indent=2) + "\n")

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
        """What its ``config.json`` holds that stays as it is: who computed what was pooled."""
        before = read_config(self.path)
        differences = changes(before, settings, growing)
        if differences:
            raise ConfigError(
                str(self.path),
                "the run in this folder has other settings",
                "the same settings to resume",
                ", ".join(differences),
                "use those it was started with, or choose another folder by --out",
            )
        return {name: before[name] for name in ("sources",) if name in before}

    def checkpoint(self, net: str, seed: int) -> Path:
        """The path of the checkpoint of one net. One with the net's previous name is renamed.

        Raises CheckpointError if that cannot be done.
        """
        folder = make_folder(self.path / "checkpoints")
        before, path = (
            folder / f"{name}-seed{seed}.safetensors" for name in (previous_net(net), net)
        )
        return renamed(before, path)

    def table(self, name: str, columns: Sequence[str], text: Sequence[str] = ()) -> Table:
        """The table ``name.csv``, to append to; the columns in `text` hold words."""
        return Table(self.path / f"{name}.csv", columns, text)


def make_folder(path: Path) -> Path:
    """`path`, where there is a folder now. Raises CheckpointError if it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None
    return path


def renamed(before: Path, path: Path) -> Path:
    """`path`, to which the file or folder `before` is moved if only that is there.

    Raises CheckpointError if it cannot be moved.
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
    """The settings as JSON gives them back: tuples become lists, NumPy's numbers Python's."""
    return json.loads(to_json(settings))


def check_new(path: PathLike, resume: bool | None = False) -> None:
    """Raise ConfigError if there are files in the folder `path`, and no run to resume there; or if
    nothing can be written there, which is better known before hours of work than after them.

    What a start leaves that was cut off at once is no file of a run. None for `resume` is for what
    cannot be resumed: then no error suggests it.
    """
    path = Path(path)
    try:
        files = list(path.iterdir()) if path.is_dir() else []
        files = [file for file in files if file.name != LOCK and not is_unfinished(file)]
        # Asked last: another process may be starting a run here at this moment.
        is_run = (path / "config.json").exists()
    except OSError as error:
        got = error.strerror or str(error)
        raise ConfigError(str(path), "cannot be read", "a folder for the results", got) from None
    if files and not (resume and is_run):
        got, todo = "other files", "choose another folder by --out"
        if is_run:
            got = "files of an earlier run"
            todo = todo if resume is None else f"go on with it by --resume, or {todo}"
        raise ConfigError(str(path), "the folder is not empty", "a new or empty folder", got, todo)
    _check_writable(path)


def _check_writable(path: Path) -> None:
    """Raise ConfigError if a folder `path` can neither be written nor made."""
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
        "choose another by --out",
    )
