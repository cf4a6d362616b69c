"""Which parts of the machine a submission may see: the system's libraries, Python, its packages.

minires itself is not among them, wherever it is installed: a submission gets the copy that
`world.py` makes. And of the packages only the ones in the list of `allowed.py`.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

#: No programs: nothing there is to be started.
SYSTEM = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
PACKAGES = ("site-packages", "dist-packages")


def python() -> Path:
    """The interpreter itself; that of a virtual environment is a link to it."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def library() -> list[Path]:
    """The folders of Python's own library, if they are not the system's."""
    base = Path(sys.base_prefix).resolve()
    if base in (Path("/usr"), Path("/usr/local")):
        return []
    return [base / name for name in ("lib", "lib64") if (base / name).is_dir()]


def packages() -> list[Path]:
    """Where NumPy and the others are, in the order in which Python looks there."""
    return [Path(path) for path in sys.path if path.endswith(PACKAGES) and Path(path).is_dir()]


def folders() -> set[Path]:
    """Every folder of packages on this machine that could be within reach, without links."""
    bases = {Path(sys.base_prefix), Path(sys.prefix), Path("/usr"), Path("/usr/local")}
    found = {path.resolve() for path in packages()}
    for base in bases:
        for name in PACKAGES:
            found |= {path.resolve() for path in base.glob(f"lib*/python*/{name}")}
    return found


@cache
def hidden() -> list[Path]:
    """Copies of minires among the packages, what leads to them, and what tells where other
    packages in development lie.
    """
    found = [
        path
        for folder in folders()
        for pattern in ("*minires*", "*.pth", "*.egg-link", "__editable__*")
        for path in folder.glob(pattern)
    ]
    return sorted(set(found))


def except_for(roots: Iterable[Path | str], without: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Say "these, except those" to a wall that knows no "except".

    Returns
    -------
    readable : list of str
        Files and folders that are let in with all in them.
    listed : list of str
        Folders of which only the names are, as something within stays outside.
    """
    readable: list[str] = []
    listed: list[str] = []

    def walk(path):
        if path in without:
            return
        if any(path in other.parents for other in without):
            listed.append(str(path))
            for entry in path.iterdir():
                if not entry.is_symlink():  # where it leads, rules of its own hold
                    walk(entry)
        else:
            readable.append(str(path))

    for root in sorted({Path(root).resolve() for root in roots}):
        if root.exists():
            walk(root)
    return readable, listed
