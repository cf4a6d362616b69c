"""Read the ``config.json`` of a run, which may be damaged, edited, or from an earlier version."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from ...errors import ConfigError, DataError, MiniresError
from ...names import expanded
from ...serialization.old_names import current_config
from ...training.config import RunConfig
from ...training.kinds import Kind
from ...types import PathLike


def read_config(
    folder: PathLike, experiment: str | None = None, needed: Mapping[str, Kind] | None = None
) -> dict[str, Any]:
    """The settings in the ``config.json`` of a run, with settings and nets named as today.

    Parameters
    ----------
    folder : str or Path
        The folder of the run.
    experiment : str, optional
        The experiment that the run must belong to. By default it may be any.
    needed : dict, optional
        Settings that the file must also hold: name -> `Kind` of its value.

    Raises
    ------
    DataError
        If the file is missing or damaged, belongs to another experiment, or lacks a setting or
        holds an impossible value for it. The error names the setting.
    """
    path = expanded(folder) / "config.json"
    if not path.exists():
        found = "a folder without config.json" if path.parent.is_dir() else "no such folder"
        if path.parent.is_file():
            found = "a file"
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
            "the settings cannot be read",
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
        todo = "restore the file from a copy, or correct this setting"
        raise DataError(str(path), what, todo=todo) from None
    return config


@contextmanager
def of_one_run(where: PathLike) -> Iterator[None]:
    """Turn errors of the ``with`` block into a DataError that names `where`.

    The block computes or draws something from the records of a run. If it fails, the records
    contradict each other, because someone has changed them. Errors of minires stay as they are.
    """
    try:
        yield
    except MiniresError:
        raise
    except (LookupError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            str(where),
            "these records contradict each other",
            "the tables and the config.json of one run, as it wrote them",
            f"{type(error).__name__} {error}",
            "restore them from a copy, or run again",
        ) from error
