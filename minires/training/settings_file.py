"""Settings in a TOML file: the names in `RunConfig` as keys, the net's own settings in a table::

    model = "resnet-20"
    dataset = "cifar10"
    epochs = 20
    schedule = "cosine"

    [net]
    width = 8
    shortcut = "B"

The net's settings are those of its function in `models`.
"""

import tomllib
from dataclasses import fields
from typing import Any

from ..errors import ConfigError, unknown_name
from ..names import expanded, printable
from ..serialization.files import read_bytes
from ..serialization.old_names import NET_SETTINGS, RUN_SETTINGS, with_current_names
from ..types import PathLike
from .config import RunConfig

BACKSLASH = (
    "in double quotes a backslash begins an escape such as \\t: "
    "write the path with / or in single quotes"
)


def read_settings(path: PathLike) -> dict[str, Any]:
    """The settings that a TOML file gives, by name, for `RunConfig` or `RunConfig.for_data`.

    Raises
    ------
    ConfigError
        If it is missing or not TOML, or for a name that does not exist or a value that a setting
        cannot have.
    """
    path = expanded(path)
    where, text = str(path), _read(path)
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of 5,000 digits, dates that are
        # none, and a thousand nested lists
        expected = 'lines such as  model = "resnet-20"'
        todo = BACKSLASH if _has_backslash(text, error) else None
        raise ConfigError(where, "not TOML", expected, str(error), todo) from None
    given = {name.replace("-", "_"): value for name, value in given.items()}
    given = with_current_names(given, RUN_SETTINGS)
    known, settings = {one.name: one for one in fields(RunConfig)}, {}
    for name, value in given.items():
        if name not in known:
            raise unknown_name(where, "setting", name, known)
        if isinstance(value, str) and printable(value) != value:  # "C:\temp" holds a tab
            raise ConfigError(where, name, "letters and signs", repr(value), BACKSLASH)
        if name != "net":
            settings[name] = known[name].metadata["kind"].check(where, name, value)
        elif isinstance(value, dict):
            settings[name] = with_current_names(value, NET_SETTINGS)
        else:
            raise ConfigError(where, "net", "a table [net] of the net's own settings", repr(value))
    return settings


def _read(path):
    """The text of the file; Windows's editors put a mark in front of UTF-8, which is dropped."""
    try:
        return read_bytes(path, "a settings file", ConfigError).decode("utf-8-sig")
    except UnicodeDecodeError:
        got = "another encoding"
        expected = "text in UTF-8"
        raise ConfigError(str(path), "cannot be read", expected, got, "save it so") from None


def _has_backslash(text, error):
    """Whether the line that the error names has one."""
    _, _, number = str(error).rpartition("(at line ")
    number, lines = number.partition(",")[0], text.splitlines()
    return number.isdecimal() and any("\\" in line for line in lines[int(number) - 1 :][:1])
