"""The parts of a run of claims: the rows of each claim and seed, and the trained nets."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import ConfigError, DataError
from ...serialization.old_names import current_net
from ...training.kinds import SEEDS
from ..claims import CLAIMS
from ..claims.frame import registration
from ..claims.frame.run import NEEDED
from ..records import RunFolder, read_config, read_table
from ..seeds import as_text
from ..training_tables import GRADIENTS, METRICS, TEXT, UPDATES
from . import unknown_claims
from .parts import Part, Unit, few, files_in
from .sources import Source

CLAIM = "claim "  # the names of parts that are not nets begin with this


def check(sources: Sequence[Source]) -> None:
    """Raise DataError if settings are missing or damaged that every run of claims has."""
    for source in sources:
        read_config(source.path, "claims", NEEDED)
        if "seeds" in source.config:
            try:
                SEEDS.check("settings", "seeds", source.config["seeds"])
            except ConfigError as error:
                raise DataError(str(source.path / "config.json"), str(error)) from None


def read(source: Source) -> dict[Unit, Part]:
    """The parts of a run: every measured claim, whether or not this version knows it, and every net
    that has a folder. Raises DataError if there are none, or records are damaged.
    """
    parts: dict[Unit, Part] = {}
    registered = registration.read(source.path)
    measured = {
        claim.name: read_table(path, claim.columns, claim.text)
        for claim in CLAIMS.values()
        if (path := source.path / f"{claim.name}.csv").exists()
    }
    measured |= unknown_claims.read(source.path, {*CLAIMS, registration.NAME})
    for name, rows in measured.items():
        for seed in dict.fromkeys(row["seed"] for row in rows):
            its = [row for row in rows if row["seed"] == seed]
            own = [row for row in registered if (row["claim"], row["seed"]) == (name, seed)]
            parts[CLAIM + name, seed] = Part({name: its, registration.NAME: own}, finished=True)
    for path in sorted(source.path.glob("nets/*/seed*/config.json")):
        number = re.fullmatch(r"seed(\d+)", path.parent.name)
        if number:
            net = current_net(path.parent.parent.name)
            parts[net, int(number[1])] = _net(path.parent, f"nets/{net}/{path.parent.name}")
    if not parts:
        raise DataError(
            str(source.path),
            "nothing to pool yet",
            "at least one measured claim or trained net",
            "none",
            "let the run continue until it has measured a claim or trained a net",
        )
    return parts


def _net(folder: Path, target: str) -> Part:
    config = read_config(folder)
    metrics, gradients, updates = (
        read_table(path, columns, TEXT) if path.exists() else []
        for path, columns in (
            (folder / "metrics.csv", METRICS),
            (folder / "gradients.csv", GRADIENTS),
            (folder / "updates.csv", UPDATES),
        )
    )
    done = bool(metrics) and metrics[-1]["iteration"] >= (config.get("iterations") or 0)
    tables = {"metrics": metrics, "gradients": gradients, "updates": updates}
    return Part(tables, done, files_in(folder, target))


def settings(sources: Sequence[Source], parts: Mapping[Unit, Part]) -> dict[str, Any]:
    """The settings of the pooled run in which the single runs may differ: its seeds."""
    seeds = {seed for source in sources for seed in source.config.get("seeds", ())}
    return {"seeds": sorted(seeds | {seed for _, seed in parts})}


def write(folder: RunFolder, config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> None:
    """Write the tables of all claims, with rows in the order of the seeds, and the table of
    registered predictions. Raises DataError if tables of the same claim have different columns.
    """
    for name in _measured(parts):
        claim = CLAIMS[name]
        folder.table(name, claim.columns, claim.text).replace(_rows(name, config, parts))
    for name in _unknown(parts):
        unknown_claims.write(folder, name, _rows(name, config, parts))
    registered = [row for part in parts.values() for row in part.tables.get(registration.NAME, ())]
    if registered:
        registered.sort(key=lambda row: (row["claim"], row["seed"]))
        table = folder.table(registration.NAME, registration.COLUMNS, registration.TEXT)
        table.replace(registered)


def notes(config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> list[str]:
    """Lines on claims that lack some seeds, and on claims that this version does not know."""
    missing = [
        f"{name} seed {seed}"
        for name in _measured(parts)
        for seed in config["seeds"]
        if (CLAIM + name, seed) not in parts
    ]
    todo = f"minires claims --seeds {as_text(config['seeds'])} measures them"
    found = [f"not measured: {few(missing)}; {todo}"] if missing else []
    return found + unknown_claims.note({one: _rows(one, config, parts) for one in _unknown(parts)})


def _rows(name, config, parts):
    """The rows of a claim, in the order of the seeds."""
    return [
        row
        for seed in config["seeds"]
        if (CLAIM + name, seed) in parts
        for row in parts[CLAIM + name, seed].tables[name]
    ]


def _names(parts):
    """The names of all claims that have rows."""
    return {unit[0].removeprefix(CLAIM) for unit in parts if unit[0].startswith(CLAIM)}


def _measured(parts):
    """The claims with rows that this version knows, in the order of the report."""
    names = _names(parts)
    return [name for name in CLAIMS if name in names]


def _unknown(parts):
    """The claims with rows that this version does not know, in alphabetical order."""
    return sorted(_names(parts) - set(CLAIMS))
