"""Reading the ``config.json`` of a run, which may be damaged, edited, or of an earlier version."""

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
