"""The settings that decide the numbers of a run, apart from the seed, and a hash of them.

Runs with the same hash can be pooled: they differ only in seeds, folders and machines.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ...serialization.safetensors import to_json
from ...training.config import RunConfig

#: Entries of a ``config.json`` that are not settings, or that differ from seed to seed.
APART = ("seed", "seeds", "runs", "settings_hash", "sources", "environment")


def deciding(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a run's ``config.json`` that decide its numbers, apart from the seed."""
    irrelevant = {one.name for one in fields(RunConfig) if not one.metadata["decides"]}
    return {
        name: value
        for name, value in json.loads(to_json(dict(config))).items()
        if name not in irrelevant and name not in APART
    }


def settings_hash(config: Mapping[str, Any]) -> str:
    """16 hexadecimal digits, a hash of the settings that decide the numbers of a run.

    Settings with their default value are left out of the hash, so that it stays the same when
    minires gets a new setting.
    """
    changed = _unusual(_canonical(deciding(config)), _usual())
    text = json.dumps(changed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The settings that differ between two runs, as ``lr 0.2 (not 0.1)``: the value in `other`
    first, then the value in `one`.
    """
    first, second = (_flat(_usual() | _canonical(deciding(its))) for its in (one, other))
    return [
        f"{name} {second.get(name)} (not {first.get(name)})"
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any], growing: Sequence[str] = ()
) -> list[str]:
    """The settings that have changed between `before` and `now`, as ``lr 0.1 -> 0.2``.

    A setting that is missing in `before` counts as its default value, because earlier versions of
    minires trained like that. Lists that are named in `growing` may have become longer.
    """
    known = {*now, *now.get("common", {})}
    earlier, today = _flat(_usual() | _canonical(dict(before))), _flat(_canonical(dict(now)))
    return [
        f"{name} {earlier.get(name)} -> {today.get(name)}"
        for name in dict.fromkeys([*today, *earlier])
        if earlier.get(name) != today.get(name)
        and name.partition(".")[0] in known
        and not (name in growing and _has_grown(earlier.get(name), today.get(name)))
    ]


def _has_grown(before: Any, now: Any) -> bool:
    # None: the run is older than this setting.
    return before is None or isinstance(before, list) and all(one in now for one in before)


def _unusual(settings: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that differ from the defaults, also in the common settings of a sweep."""
    found = {name: value for name, value in settings.items() if value != usual.get(name)}
    if isinstance(found.get("common"), dict):
        found["common"] = _unusual(found["common"], usual)
    return found


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without nesting: the width in ``net`` becomes ``net.width``, and the common
    settings of a sweep get names without a prefix.
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            prefix = "" if name == "common" else f"{name}."
            found |= {f"{prefix}{own}": its for own, its in _flat(value).items()}
        else:
            found[name] = value
    return found


def _usual() -> dict[str, Any]:
    """The default value of every setting."""
    return _canonical(deciding(RunConfig().deciding()))


def _canonical(value: Any) -> Any:
    """The value with 7 for 7.0 everywhere inside, so that equal settings are written alike."""
    if isinstance(value, dict):
        return {name: _canonical(its) for name, its in value.items()}
    if isinstance(value, list):
        return [_canonical(its) for its in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
