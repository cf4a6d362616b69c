"""Which installed packages a submission may import.

These are the packages that minires needs, with everything that they need in turn, and packages that
an instructor allows. A library that holds the answers cannot help if it is not there.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from configparser import ConfigParser
from functools import cache
from importlib import metadata
from pathlib import Path

from ...errors import ConfigError
from .visible import folders, hidden, packages

PACKAGE = Path(__file__).resolve().parents[2]
OF_CELLS = ("matplotlib", "ipython")  # what the cells of the assignments import
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def entries(others: Sequence[str] = ()) -> list[Path]:
    """The files and folders of packages that a submission may import.

    Parameters
    ----------
    others : list of str
        Names of further packages that are allowed, as pip knows them.

    Raises
    ------
    ConfigError
        If one of `others` is not installed.
    """
    return list(_entries(tuple(others), tuple(sys.path)))


def absent(others: Sequence[str] = ()) -> list[str]:
    """Names of installed modules that a submission may not import."""
    there = {path.name.split(".")[0] for one in packages() for path in one.iterdir()}
    let_in = {path.name.split(".")[0] for path in entries(others)}
    return sorted(there - let_in - {PACKAGE.name, "__pycache__"})


@cache
def _entries(others: tuple[str, ...], path: tuple[str, ...]) -> list[Path]:
    for name in others:
        if NAME.fullmatch(name) is None or _distribution(name) is None:
            raise ConfigError(
                "--packages",
                "not installed",
                "names of installed packages, as pip knows them",
                repr(name),
            )
    within, secret = folders(), set(hidden())
    found = {place for one in _closure([*_needed(), *others]) for place in _places(one)}
    return sorted(
        place
        for place in found
        if place.parent in within and place not in secret and place.exists()
    )


def _needed() -> list[str]:
    """The packages that minires requires, from a checkout's setup.cfg or as it was installed."""
    file = PACKAGE.parent / "setup.cfg"
    if file.exists():
        parser = ConfigParser()
        parser.read(file, encoding="utf-8")
        lines = parser.get("options", "install_requires", fallback="").strip().splitlines()
    else:
        lines = _requirements(PACKAGE.name)
    return [*OF_CELLS, *_names(lines)]


def _names(lines: Iterable[str]) -> list[str]:
    """The names in lines such as "pillow>=8; python_version > '3'", without those of extras."""
    matches = [NAME.match(line) for line in lines if "extra ==" not in line]
    return [match[0] for match in matches if match]


def _closure(names: Sequence[str]) -> list[metadata.Distribution]:
    """The installed packages among `names`, and among everything that they need in turn."""
    found: dict[str, metadata.Distribution] = {}
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key not in seen:
            seen.add(key)
            one = _distribution(name)
            if one is not None:
                found[key] = one
                todo += _names(one.requires or [])
    return list(found.values())


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _requirements(name: str) -> list[str]:
    one = _distribution(name)
    return list(one.requires or []) if one else []


def _places(one: metadata.Distribution) -> set[Path]:
    """The files and folders of a package, without programs that it has put elsewhere."""
    folder = Path(str(one.locate_file(""))).resolve()
    names = {path.parts[0] for path in one.files or () if path.parts}
    if not names:  # packages of a Linux distribution list no files, or list them in other ways
        name = one.metadata["Name"]
        owners = metadata.packages_distributions()
        top = [name, *(module for module, found in owners.items() if name in found)]
        names = {*top, *(f"{name}.py" for name in top)}
    return {folder / name for name in names - {"..", "/", "__pycache__"}}
