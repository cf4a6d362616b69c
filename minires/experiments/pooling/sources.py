"""The runs to be pooled. They are read and compared, and never written to."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import __version__, checks
from ...errors import ConfigError
from ...names import expanded
from ...serialization.read_lock import no_writer
from ...types import PathLike
from ..records import LOCK, read_config
from ..records.settings_hash import differences, settings_hash


@dataclass(frozen=True)
class Source:
    """The folder of a run, and the settings in its ``config.json``."""

    path: Path
    config: dict[str, Any]


def open_sources(paths: Sequence[PathLike], out: Path) -> list[Source]:
    """Open the runs in these folders, which are to be pooled in the folder `out`.

    Raises
    ------
    ConfigError
        If there are fewer than two folders, one is given twice, or `out` lies in one of them or
        contains one.
    DataError
        If a folder holds no run, or its settings are damaged.
    """
    folders = [expanded(path) for path in checks.paths("merge", "runs", paths)]
    if len(folders) < 2:
        raise ConfigError("merge", "runs to pool", "two or more", f"{len(folders)}")
    places = [folder.resolve() for folder in folders]
    for i, place in enumerate(places):
        if place in places[:i]:
            got = str(folders[places.index(place)])
            raise ConfigError(str(folders[i]), "the same run twice", "different runs", got)
        if place.is_relative_to(out.resolve()) or out.resolve().is_relative_to(place):
            expected = "a folder that neither lies in one of the runs nor contains one"
            raise ConfigError("--out", str(out), expected, str(folders[i]))
    return [Source(folder, read_config(folder)) for folder in folders]


def check_settings(sources: Sequence[Source]) -> None:
    """Check that the runs belong to one experiment and have the same settings.

    Raises
    ------
    ConfigError
        If experiments or settings differ (the error names all differences), or if the settings of a
        run were changed after the run.
    """
    first = sources[0]
    for source in sources:
        _check_unchanged(source)
        kinds = [one.config.get("experiment") for one in (first, source)]
        if kinds[0] != kinds[1]:
            raise other_settings(source, first, [f"experiment {kinds[1]} (not {kinds[0]})"])
        if settings_hash(source.config) != settings_hash(first.config):
            raise other_settings(source, first, differences(first.config, source.config))


def other_settings(source: Source, first: Source, found: Sequence[str]) -> ConfigError:
    """The error for runs that differ in settings; `found` are the differences, in words."""
    return ConfigError(
        str(source.path),
        "the run has other settings",
        f"those of {first.path}",
        ", ".join(found),
        "only runs that differ in nothing but their seeds can be pooled",
    )


def _check_unchanged(source):
    """Raise ConfigError if the hash in a run's ``config.json`` is not that of its settings.

    Runs of another version of minires are not checked, because it may compute the hash in another
    way; early versions wrote none.
    """
    config = source.config
    written = config.get("settings_hash")
    version = (config.get("environment") or {}).get("minires")
    if written is not None and version == __version__ and written != settings_hash(config):
        raise ConfigError(
            str(source.path / "config.json"),
            "the settings were changed after the run",
            f"settings with the hash {written}",
            settings_hash(config),
            "restore the file from a copy",
        )


@contextmanager
def at_rest(sources: Sequence[Source]) -> Iterator[None]:
    """Keep other processes from writing to these runs until the end of the ``with`` block.

    Raises ConfigError if a process writes to one of them now. Only the runs' own locks are held;
    the locks of their nets are only checked at the beginning.
    """
    with ExitStack() as stack:
        for source in sources:
            if not stack.enter_context(no_writer(source.path / LOCK)):
                raise _going_on(source.path)
            for lock in source.path.rglob(LOCK):  # locks of its nets
                if lock.parent != source.path:
                    with no_writer(lock) as free:
                        if not free:
                            raise _going_on(lock.parent)
        yield


def _going_on(path):
    return ConfigError(
        str(path),
        "the run is still going on",
        "a run that is finished or was stopped",
        "a folder that another process writes into",
        "wait until it ends, or stop it with Ctrl-C",
    )
