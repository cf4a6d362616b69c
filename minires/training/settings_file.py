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
from ..serialization.files import read_bytes
from ..serialization.old_names import NET_SETTINGS, RUN_SETTINGS, with_current_names
from ..types import PathLike
from .config import RunConfig


def read_settings(path: PathLike) -> dict[str, Any]:
    """The settings that a TOML file gives, by name, for `RunConfig` or `RunConfig.for_data`.

    Raises
    ------
    ConfigError
        If it is missing or not TOML, or for a name that does not exist or a value that a setting
        cannot have.
    """
    where = str(path)
    try:
        given = tomllib.loads(read_bytes(path, "a settings file", ConfigError).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(where, "cannot read", "a settings file in UTF-8", str(error)) from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, lists 1,000 deep
        expected = 'lines such as  model = "resnet-20"'
        raise ConfigError(where, "not TOML", expected, str(error)) from None
    given = {name.replace("-", "_"): value for name, value in given.items()}
    given = with_current_names(given, RUN_SETTINGS)
    known, settings = {one.name: one for one in fields(RunConfig)}, {}
    for name, value in given.items():
        if name not in known:
            raise unknown_name(where, "setting", name, known)
        if name != "net":
            settings[name] = known[name].metadata["kind"].check(where, name, value)
        elif isinstance(value, dict):
            settings[name] = with_current_names(value, NET_SETTINGS)
        else:
            raise ConfigError(where, "net", "a table [net] of the net's own settings", repr(value))
    return settings
