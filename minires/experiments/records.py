"""The folder of a run: its settings, tables and checkpoints; all but the checkpoints plain text.

Tables are written row by row as results come in, so that what is there can be plotted at any time.
"""

import csv
import io
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .. import backend, plot
from ..errors import CheckpointError, ConfigError, DataError, MiniresError
from ..names import expanded
from ..serialization.files import (
    Lock,
    append_bytes,
    is_unfinished,
    remove_unfinished,
    write_bytes,
)
from ..serialization.old_names import current_config, current_net, previous_net
from ..serialization.safetensors import to_json
from ..training.config import RunConfig
from ..training.kinds import Kind
from ..types import Device, Figure, PathLike, Row
from .settings_hash import settings_hash

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
        # A run from before a setting existed was made with what is the default now.
        before = _as_read_back(RunConfig().deciding()) | read_config(self.path)
        differences = [
            f"{key} {before.get(key)} -> {value}"
            for key, value in settings.items()
            if before.get(key) != value
            and not (key in growing and _has_grown(before.get(key), value))
        ]
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

    def table(self, name: str, columns: Sequence[str], text: Sequence[str] = ()) -> "Table":
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


class Table:
    """A CSV file with a header line. Each row is on disk as soon as it is appended.

    All methods raise CheckpointError if the file cannot be written.
    """

    def __init__(self, path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> None:
        self.path, self.columns, self.text = path, columns, text
        if not path.exists():
            self.replace([])

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, each a dict with this table's columns: all of them, or none if that fails."""
        append_bytes(
            self.path,
            self.lines(rows).encode("utf-8", "backslashreplace"),
            first=self._header().encode(),
        )

    def replace(self, rows: Iterable[Row]) -> None:
        """Write these rows instead of what is there. The file is replaced as a whole."""
        replace_text(self.path, self._header() + self.lines(rows))

    def rows(self) -> list[Row]:
        """What is in the file. Raises as `read_table`."""
        return read_table(self.path, self.columns, self.text)

    def keep(self, condition: Callable[[Row], bool]) -> None:
        """Drop the rows for which ``condition(row)`` is False. The file is replaced as a whole."""
        self.replace([row for row in self.rows() if condition(row)])

    def lines(self, rows: Iterable[Row]) -> str:
        """Rows as they are written, a line each; words with a comma in quotes."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writerows({key: _short(row[key]) for key in self.columns} for row in rows)
        return text.getvalue()

    def _header(self):
        return ",".join(self.columns) + "\n"


def read_table(path: PathLike, columns: Sequence[str], text: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file as dicts.

    Whole numbers are int, other numbers float; the columns in `text` stay as they are, but nets get
    today's names.

    Raises
    ------
    DataError
        If the file is missing, lacks a column, a line is cut short, or a word stands where a number
        should. A last line that is cut short is left out: the run was killed while it wrote.
    """
    path = expanded(path)
    try:
        # With "-sig", since Excel begins its files with a byte order mark.
        with open(path, newline="", encoding="utf-8-sig") as file:
            text_of_file = file.read()
        reader = csv.DictReader(io.StringIO(text_of_file, newline=""))
        rows, header = list(reader), reader.fieldnames or []
    except FileNotFoundError:
        raise DataError(
            str(path),
            "no such file",
            "a table written by a run",
            todo="is this the --out folder of a run?",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(str(path), "cannot be read", "a CSV table", str(error)) from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise DataError(
            str(path),
            "columns missing",
            ", ".join(columns),
            f"no {', '.join(missing)}",
            "if another program has saved it, save it there with commas and as UTF-8",
        )
    if rows and None in rows[-1].values() and not text_of_file.endswith(("\n", "\r")):
        rows.pop()  # the run was cut off while it wrote this line
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DataError(
                f"{path}, line {line}",
                "wrong number of entries",
                f"{len(header)}",
                "another number",
            )
    found: list[Row] = [
        {
            key: row[key] if key in text else _number(row[key], key, f"{path}, line {line}")
            for key in header
        }
        for line, row in enumerate(rows, 2)
    ]
    return [{**row, "net": current_net(row["net"])} for row in found] if "net" in text else found


def read_config(
    folder: PathLike, experiment: str | None = None, needed: Mapping[str, Kind] | None = None
) -> dict[str, Any]:
    """The settings in ``config.json``, by today's names.

    Parameters
    ----------
    folder : str or Path
    experiment : str, optional
        Which one they must be of.
    needed : dict, optional
        What must be there besides, by name, and of which kind it must be.

    Raises
    ------
    DataError
        If the file is missing or damaged, from another experiment, or was changed to what cannot
        be: names the setting.
    """
    path = expanded(folder) / "config.json"
    if not path.exists():
        found = "a folder without config.json" if path.parent.is_dir() else "no such folder"
        raise DataError(
            str(path.parent), "not a run", "the output folder of a run (its --out)", found
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(config, dict):
            raise ValueError("no settings in it")
        config = current_config(config)
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise DataError(
            str(path),
            "no settings to be read",
            "the config.json of a run",
            getattr(error, "strerror", None) or str(error),
            "is this the --out folder of a run?",
        ) from None
    is_other = config.get("experiment") != experiment or "dataset_name" not in config
    if experiment is not None and is_other:
        raise DataError(
            str(path),
            f"not the settings of a {experiment} run",
            f'a file with "experiment": "{experiment}"',
            "other content",
            "is this the --out folder of a run?",
        )
    try:
        own = {one.name for one in fields(RunConfig)}
        RunConfig(**{name: value for name, value in config.items() if name in own})
        for name, kind in (needed or {}).items():
            if name not in config:
                raise ConfigError("settings", name, kind.words, "none")
            kind.check("settings", name, config[name])
    except ConfigError as error:
        what = str(error).removeprefix("settings: ")
        raise DataError(str(path), what, todo="take the file from a copy, or mend it") from None
    return config


@contextmanager
def of_one_run(where: PathLike) -> Iterator[None]:
    """Within: what is computed and drawn from records that do not fit each other, since someone
    has changed them, is a DataError that names `where`.
    """
    try:
        yield
    except MiniresError:
        raise
    except (LookupError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            str(where),
            "these records do not fit each other",
            "the tables and the config.json of one run, as it wrote them",
            f"{type(error).__name__} {error}",
            "take them from a copy, or run again",
        ) from error


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all. Raises CheckpointError if it cannot be written."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def save_figures(figures: Mapping[str, Figure], folder: PathLike) -> list[Path]:
    """Write figures, by name, as PNG files into a run's folder; returns their paths. Those of the
    dark theme are called ``NAME-dark.png``.

    Raises CheckpointError if they cannot be written.
    """
    ending = f"{plot.theme().suffix}.png"
    return [
        plot.save(figure, expanded(folder) / f"{name}{ending}") for name, figure in figures.items()
    ]


def environment(device: Device = "cpu") -> dict[str, Any]:
    """What numbers depend on besides the settings."""
    import numpy as np

    from .. import __version__
    from ..distributed.joining import joined

    ranks = joined().size
    return {
        "minires": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(backend.blas_libraries()) or "unknown",
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": backend.available_cores(),
        "threads": backend.num_threads(),
        **({"ranks": ranks} if ranks > 1 else {}),
        **backend.describe(device),
        "command": " ".join(["minires", *sys.argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _has_grown(before, now):
    # None: the run is from before the setting existed.
    return before is None or isinstance(before, list) and all(one in now for one in before)


def _short(value):
    return f"{value:.6g}" if isinstance(value, float) else value


def _number(text: str, column: str, where: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise DataError(where, column, "a number", repr(text), "mend the line, or take it out")
