"""Several runs become one."""

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
    """What a pooled run holds."""

    seeds: list[int]
    settings_hash: str
    notes: list[str]  # what the reader may not expect, a line each


def merge(runs: Sequence[PathLike], out: PathLike) -> Pooled:
    """Pool runs that differ in nothing but their seeds: copy them into one new run.

    The runs stay as they are. The new one can be reported, drawn and resumed as any other; its
    ``config.json`` says under ``sources`` who computed which seeds.

    Parameters
    ----------
    runs : list of str or Path
        Folders of runs of the degradation experiment, of claims, or of sweeps: two or more.
    out : str or Path
        A new or empty folder. It is there as a whole, or not at all.

    Raises
    ------
    ConfigError
        If the runs' settings differ (all differences are named), a run is still going on, a folder
        is given twice, `out` is in use, or these runs cannot be pooled.
    DataError
        If a folder is no run, its records are damaged, or two runs hold different numbers for the
        same net and seed.
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
            with RunFolder(folder, settings) as its:
                for part in parts.values():
                    copy_files(part.files, folder)
                kind.write(its, settings, parts)
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
    """The settings that the runs share, and those in which they differ, to be replaced."""
    apart = set(APART) - {"seeds", "runs"}
    return {name: value for name, value in config.items() if name not in apart}
