"""Pool several runs into one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import ConfigError
from ...names import as_text, expanded
from ...types import PathLike
from .. import single_net, sweep
from ..provenance import machine_notes
from ..provenance import sources as computed_by
from ..records import RunFolder, of_one_run
from ..records.settings_hash import APART, settings_hash
from . import of_claims, of_degradation, of_sweeps
from .copying import check_free, copy_files, staged
from .parts import choose
from .sources import at_rest, check_settings, open_sources

KINDS: dict[str, Any] = {
    "degradation": of_degradation,
    "claims": of_claims,
    sweep.NAME: of_sweeps,
}


class Pooled(NamedTuple):
    """A summary of a pooled run."""

    seeds: list[int]
    settings_hash: str
    notes: list[str]  # lines on what may be unexpected: shared nets, other machines, missing parts


def merge(runs: Sequence[PathLike], out: PathLike) -> Pooled:
    """Pool runs that differ only in their seeds, by copying them into one new run.

    The runs themselves are not changed. The new run can be reported, drawn and resumed like any
    other. The entry ``sources`` of its ``config.json`` says which run and machine computed which
    seeds.

    Parameters
    ----------
    runs : list of str or Path
        Two or more folders of runs of the same experiment: degradation, claims or a sweep.
    out : str or Path
        A new or empty folder. It is written completely or not at all.

    Raises
    ------
    ConfigError
        If the settings of the runs differ (the error names all differences), a run is still going
        on, a folder is given twice, `out` is not empty, or runs of this kind cannot be pooled.
    DataError
        If a folder holds no run or damaged records, or two runs hold different numbers for the same
        net and seed.
    CheckpointError
        If the new run cannot be written.
    """
    out = expanded(out)
    sources = open_sources(runs, out)
    check_free(out)
    kind = _kind(sources[0])
    with of_one_run("merge"):
        check_settings(sources)
        kind.check(sources)
    with at_rest(sources):
        found = []
        for source in sources:
            with of_one_run(source.path):
                found.append((source, kind.read(source)))
        parts, owners, notes = choose(found)
        computed = []
        for source, _ in found:
            seeds = sorted({seed for (_, seed), one in owners.items() if one is source})
            with of_one_run(source.path / "config.json"):
                computed += computed_by(source.config, as_text(source.path), seeds)
        settings = _settings(sources[0].config) | kind.settings(sources, parts)
        settings["sources"] = computed
        with staged(out) as folder:
            with RunFolder(folder, settings) as run_folder:
                for part in parts.values():
                    copy_files(part.files, folder)
                kind.write(run_folder, settings, parts)
        return Pooled(
            sorted({seed for _, seed in parts}),
            settings_hash(settings),
            notes + machine_notes(computed) + kind.notes(settings, parts),
        )


def _kind(source):
    experiment = source.config.get("experiment")
    if experiment in KINDS:
        return KINDS[experiment]
    is_one_net = experiment == single_net.NAME
    raise ConfigError(
        str(source.path),
        "this run cannot be pooled",
        "runs of minires degradation, minires claims, or minires train --seeds",
        "a run of one net" if is_one_net else "another run",
        "train with --seeds, such as --seeds 30-32, and merge these runs" if is_one_net else None,
    )


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of the first run, without entries that describe only this run. The caller
    replaces the settings in which the runs differ.
    """
    apart = set(APART) - {"seeds", "runs"}
    return {name: value for name, value in config.items() if name not in apart}
