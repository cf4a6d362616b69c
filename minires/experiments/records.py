"""The folder of a run: its settings, tables and checkpoints; all but the checkpoints plain text.

Tables are written row by row as results come in, so that what is there can be plotted at any time.
"""

import csv
import io
import json
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import backend, plot
from ..errors import CheckpointError, ConfigError, DataError
from ..serialization.files import write_bytes
from ..serialization.old_names import current_config, current_net, previous_net
from ..serialization.safetensors import to_json
from ..training.config import RunConfig
from ..types import Device, Figure, PathLike, Row


class RunFolder:
    """The files of one run of an experiment.

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

    Raises
    ------
    ConfigError
        If the folder holds files already and `resume` is False, or holds a run with other settings
        (all differences are named), or cannot be written.
    """

    def __init__(
        self,
        path: PathLike,
        settings: dict[str, Any],
        growing: Sequence[str] = (),
        resume: bool = False,
        device: Device = "cpu",
    ) -> None:
        self.path = Path(path)
        settings = _as_read_back(settings)
        check_new(self.path, resume)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()):
                self._check_same(settings, growing)
            text = json.dumps({**settings, "environment": environment(device)}, indent=2) + "\n"
            replace_text(self.path / "config.json", text)
        except (OSError, CheckpointError) as error:
            raise ConfigError(
                str(self.path),
                "cannot write here",
                "a folder that can be created and written",
                getattr(error, "strerror", None) or str(error),
                "choose another by --out",
            ) from None

    def _check_same(self, settings: dict[str, Any], growing: Sequence[str]) -> None:
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

    def checkpoint(self, net: str, seed: int) -> Path:
        """The path of the checkpoint of one net. One with the net's previous name is renamed."""
        folder = self.path / "checkpoints"
        folder.mkdir(exist_ok=True)
        before, path = (
            folder / f"{name}-seed{seed}.safetensors" for name in (previous_net(net), net)
        )
        return renamed(before, path)

    def table(self, name: str, columns: Sequence[str], text: Sequence[str] = ()) -> "Table":
        """The table ``name.csv``, to append to; the columns in `text` hold words."""
        return Table(self.path / f"{name}.csv", columns, text)


def renamed(before: Path, path: Path) -> Path:
    """`path`, to which the file or folder `before` is moved if only that is there."""
    if before.exists() and not path.exists():
        before.rename(path)
    return path


def _as_read_back(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as JSON gives them back: tuples become lists, NumPy's numbers Python's."""
    return json.loads(to_json(settings))


def check_new(path: PathLike, resume: bool = False) -> None:
    """Raise ConfigError if there are files in the folder `path`, and no run to resume there."""
    path = Path(path)
    is_run = (path / "config.json").exists()
    if path.is_dir() and any(path.iterdir()) and not (resume and is_run):
        got, todo = "other files", "choose another folder by --out"
        if is_run:
            got, todo = "files of an earlier run", f"go on with it by --resume, or {todo}"
        raise ConfigError(str(path), "the folder is not empty", "a new or empty folder", got, todo)


class Table:
    """A CSV file with a header line. Each row is on disk as soon as it is appended."""

    def __init__(self, path: Path, columns: Sequence[str], text: Sequence[str] = ()) -> None:
        self.path, self.columns, self.text = path, columns, text
        if not path.exists():
            replace_text(path, ",".join(columns) + "\n")

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, each a dict with this table's columns."""
        with open(self.path, "a", newline="", encoding="utf-8", errors="backslashreplace") as file:
            self._write(file, rows)

    def keep(self, condition: Callable[[Row], bool]) -> None:
        """Drop the rows for which ``condition(row)`` is False. The file is replaced as a whole."""
        kept = [row for row in read_table(self.path, self.columns, self.text) if condition(row)]
        text = io.StringIO(newline="")
        text.write(",".join(self.columns) + "\n")
        self._write(text, kept)
        replace_text(self.path, text.getvalue())

    def _write(self, file, rows):
        # It puts words with a comma in quotes.
        writer = csv.DictWriter(file, self.columns, lineterminator="\n")
        writer.writerows({key: _short(row[key]) for key in self.columns} for row in rows)


def read_table(path: PathLike, columns: Sequence[str], text: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file as dicts.

    Whole numbers are int, other numbers float; the columns in `text` stay as they are, but nets get
    today's names.

    Raises
    ------
    DataError
        If the file is missing, lacks a column, a line is cut short, or a word stands where a number
        should.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
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
            str(path), "columns missing", ", ".join(columns), f"no {', '.join(missing)}"
        )
    if rows and None in rows[-1].values():
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


def read_config(folder: PathLike, experiment: str | None = None) -> dict[str, Any]:
    """The settings in ``config.json``, by today's names.

    Raises DataError if it is missing or damaged, or from another experiment.
    """
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("no settings in it")
        config = current_config(config)
    except (OSError, ValueError, TypeError, AttributeError, LookupError) as error:
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
    return config


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def save_figures(figures: Mapping[str, Figure], folder: PathLike) -> list[Path]:
    """Write figures, by name, as PNG files into a run's folder; returns their paths."""
    return [plot.save(figure, Path(folder) / f"{name}.png") for name, figure in figures.items()]


def environment(device: Device = "cpu") -> dict[str, Any]:
    """What numbers depend on besides the settings."""
    import numpy as np

    from .. import __version__

    return {
        "minires": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(backend.blas_libraries()) or "unknown",
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": backend.available_cores(),
        "threads": backend.num_threads(),
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
    if isinstance(before, list) and isinstance(now, list):
        return set(before) <= set(now)
    return isinstance(before, int) and isinstance(now, int) and before <= now


def _short(value):
    return f"{value:.6g}" if isinstance(value, float) else value


def _number(text: str, column: str, where: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise DataError(where, column, "a number", repr(text), "mend the line, or take it out")
