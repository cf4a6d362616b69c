"""The runs of a sweep: their settings, and the names that say them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from ...checks import is_integer
from ...errors import ConfigError
from ...names import shown
from ...training.config import RunConfig
from ..seeds import check_seeds


def configs(
    base: RunConfig, values: Mapping[str, Sequence[Any]], seeds: int | Sequence[int] = 1
) -> dict[str, RunConfig]:
    """The settings of all runs: every combination of the values, with each seed.

    Parameters
    ----------
    base : RunConfig
        The common settings of all runs.
    values : dict
        Setting -> a list of its values. ``net.width`` is the net's own setting ``width``.
    seeds : int or sequence of int
        The number of seeds, beginning with the seed of `base`, or the seeds themselves.

    Returns
    -------
    dict
        Name -> RunConfig. The name is also that of the run's folder:
        ``lr=0.1,net.width=8,seed=0``.

    Raises
    ------
    ConfigError
        If a setting does not exist, a value is impossible or occurs twice, or cannot be a part of
        the name of a folder; or if there is nothing to sweep over.
    """
    for name, its in values.items():
        # A text is a sequence too, of letters.
        if isinstance(its, str) or not isinstance(its, (Sequence, np.ndarray)) or len(its) == 0:
            raise ConfigError("sweep", name, "a list of values, one or more", shown(its))
    if not is_integer(seeds) or seeds != 1:
        if "seed" in values:
            raise ConfigError("sweep", "seed", "--seeds or seeds to sweep over", "both")
        values = {**values, "seed": check_seeds("sweep", seeds, base.seed)}
    if not values:
        raise ConfigError("sweep", "values", "a setting with its values, or several seeds", "none")
    found = {}
    for combination in product(*values.values()):
        changes = dict(zip(values, combination))
        name = ",".join(f"{key}={value}" for key, value in changes.items())
        if name in found:
            raise ConfigError("sweep", "the same run twice", "different values", name)
        if name.count("=") + name.count(",") != 2 * len(changes) - 1 or "/" in name:
            raise ConfigError("sweep", "values name folders", "no comma, = or / in them", name)
        found[name] = _changed(base, changes)
    return found


def _changed(base, changes):
    own = {key.removeprefix("net."): one for key, one in changes.items() if "." in key}
    settings = {key: value for key, value in changes.items() if "." not in key}
    other = [key for key in changes if "." in key and not key.startswith("net.")]
    known = vars(base)
    for key in [*other, *(key for key in settings if key not in known or key == "net")]:
        raise ConfigError(
            "sweep", key, "a setting of minires train, or net. and one of the net's own", repr(key)
        )
    return replace(base, **settings, net={**base.net, **own})


def settings_of(name: str) -> dict[str, str]:
    """The settings in the name of a run: ``lr=0.1,seed=0`` as a dict."""
    pairs = (part.partition("=") for part in name.split(","))
    return {key: value for key, _, value in pairs}


def common(runs: Mapping[str, RunConfig]) -> dict[str, Any]:
    """The settings that all runs of a sweep share: the ones that are not in their names."""
    swept = {key for name in runs for key in settings_of(name)}
    one = next(iter(runs.values())).deciding()
    one["net"] = {key: own for key, own in one["net"].items() if f"net.{key}" not in swept}
    return {key: value for key, value in one.items() if key not in swept and key != "seed"}
