"""What decides the numbers of a run besides the seed, and a short name for it.

Runs with the same hash can be pooled: they differ in seeds, folders and machines only.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ...serialization.safetensors import to_json
from ...training.config import RunConfig

#: What stands in a ``config.json`` besides settings, or differs from seed to seed.
APART = ("seed", "seeds", "runs", "settings_hash", "sources", "environment")


def deciding(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a run's config, as JSON, that decide its numbers, whatever the seed."""
    here = {one.name for one in fields(RunConfig) if not one.metadata["decides"]}
    return {
        name: value
        for name, value in json.loads(to_json(dict(config))).items()
        if name not in here and name not in APART
    }


def settings_hash(config: Mapping[str, Any]) -> str:
    """16 digits that stand for the settings that decide the numbers of a run.

    A setting that has its usual value does not count: runs from before that setting existed have
    the same hash.
    """
    changed = _unusual(_canonical(deciding(config)), _usual())
    text = json.dumps(changed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The settings that differ: each with its value in `other` and, in brackets, in `one`."""
    first, second = (_flat(_usual() | _canonical(deciding(its))) for its in (one, other))
    return [
        f"{name} {second.get(name)} (not {first.get(name)})"
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any], growing: Sequence[str] = ()
) -> list[str]:
    """The settings in `now` that were others `before`, as ``lr 0.1 -> 0.2``.

    A run from before a setting existed was made with what is usual today. The lists named in
    `growing` may have become longer.
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
    # None: the run is from before the setting existed.
    return before is None or isinstance(before, list) and all(one in now for one in before)


def _unusual(settings: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without the usual ones, also among what the runs of a sweep have in common."""
    found = {name: value for name, value in settings.items() if value != usual.get(name)}
    if isinstance(found.get("common"), dict):
        found["common"] = _unusual(found["common"], usual)
    return found


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with those of the net and of a sweep by names of their own: net.width."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            prefix = "" if name == "common" else f"{name}."
            found |= {f"{prefix}{own}": its for own, its in _flat(value).items()}
        else:
            found[name] = value
    return found


def _usual() -> dict[str, Any]:
    """Every setting as it is where nobody gives it."""
    return _canonical(deciding(RunConfig().deciding()))


def _canonical(value: Any) -> Any:
    """7 for 7.0, wherever it stands: equal settings are written alike."""
    if isinstance(value, dict):
        return {name: _canonical(its) for name, its in value.items()}
    if isinstance(value, list):
        return [_canonical(its) for its in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
