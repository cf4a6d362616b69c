"""The parts of a sweep: one for each of its runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ConfigError, DataError
from ...names import shown
from ...training.kinds import WORDS
from .. import single_net, sweep
from ..records import RunFolder, read_config
from ..records.settings_hash import differences
from ..seeds import as_text
from .of_degradation import net_tables
from .parts import Part, Unit, few, files_in
from .sources import Source, other_settings


def check(sources: Sequence[Source]) -> None:
    """Check that the runs of these sweeps differ only in their seeds.

    Raises
    ------
    ConfigError
        If the name of a run has no seed in it, or other settings differ.
    DataError
        If the settings of a run are missing or damaged.
    """
    first = sources[0]
    configs: dict[str, tuple[Source, dict[str, Any]]] = {}
    for source in sources:
        read_config(source.path, sweep.NAME, {"runs": WORDS})
        for name in source.config["runs"]:
            if "/" in name or "\\" in name:  # a path out of this folder
                where, expected = source.path / "config.json", "names of folders"
                raise DataError(str(where), "runs", expected, shown(name))
            if "seed" not in sweep.settings_of(name):
                expected, todo = "runs with their seeds in their names", "train with --seeds"
                raise ConfigError(str(source.path), "a sweep of one seed", expected, name, todo)
        ours, theirs = ({_split(name)[0] for name in one.config["runs"]} for one in (first, source))
        if ours != theirs:
            other = ", ".join(sorted(ours ^ theirs))
            raise other_settings(source, first, [f"{other} in one of them only"])
        for name, config in _configs(source).items():
            one, its = configs.setdefault(_split(name)[0], (source, config))
            found = differences(its, config)
            if found:
                raise other_settings(source, one, found)


def _configs(source):
    """Name -> settings of each run that has begun."""
    return {
        name: read_config(source.path / name, single_net.NAME, single_net.NEEDED)
        for name in source.config["runs"]
        if (source.path / name / "config.json").exists()
    }


def _split(name: str) -> Unit:
    """The name of a run without its seed, and the seed."""
    settings = sweep.settings_of(name)
    seed = int(settings.pop("seed"))
    return ",".join(f"{key}={value}" for key, value in settings.items()), seed


def read(source: Source) -> dict[Unit, Part]:
    """The parts of a sweep: every run that has begun. Raises DataError if one is damaged."""
    parts = {}
    for name, config in _configs(source).items():
        folder = source.path / name
        rows = net_tables(folder, config["model"], config["seed"])
        done = (folder / "evaluation.json").exists()
        parts[_split(name)] = Part(rows, done, files_in(folder, name))
    return parts


def settings(sources: Sequence[Source], parts: Mapping[Unit, Part]) -> dict[str, Any]:
    """The settings of the pooled sweep in which the single sweeps may differ: the names of its
    runs, in the order that one sweep would have.
    """
    names = list(dict.fromkeys(name for source in sources for name in source.config["runs"]))
    values: dict[str, list[str]] = {}
    for name in names:
        for key, value in sweep.settings_of(name).items():
            values.setdefault(key, []).append(value)
    values["seed"].sort(key=int)

    def place(name: str) -> list[int]:
        return [values[key].index(value) for key, value in sweep.settings_of(name).items()]

    return {"runs": sorted(names, key=place)}


def write(folder: RunFolder, config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> None:
    """Write ``sweep.csv``. The folders of the runs must have been copied before."""
    sweep.write_table(folder, config["runs"])


def notes(config: Mapping[str, Any], parts: Mapping[Unit, Part]) -> list[str]:
    """A line on the runs that are not trained to the end, if there are any."""
    units = {name: _split(name) for name in config["runs"]}
    missing = [
        name for name, unit in units.items() if unit not in parts or not parts[unit].finished
    ]
    if not missing:
        return []
    command = f"--seeds {as_text(sorted({seed for _, seed in units.values()}))} --resume"
    return [
        f"not finished: {few(missing)}; to train them, repeat the sweeps' command with {command}"
    ]
