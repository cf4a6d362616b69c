"""Which parts of the machine a submission may see: the system's libraries, Python, and packages.

minires itself is not among them, wherever it is installed: a submission gets the copy that
`world.py` makes. Of the packages it sees only the ones in the list of `allowed.py`.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

#: No folders of programs, because a submission may start none.
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
    """The real interpreter; the one in a virtual environment is a link to it."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def library() -> list[Path]:
    """The folders of Python's own library, unless they are among the system's."""
    base = Path(sys.base_prefix).resolve()
    if base in (Path("/usr"), Path("/usr/local")):
        return []
    return [base / name for name in ("lib", "lib64") if (base / name).is_dir()]


def packages() -> list[Path]:
    """The folders of installed packages, in the order in which Python looks there."""
    return [Path(path) for path in sys.path if path.endswith(PACKAGES) and Path(path).is_dir()]


def folders() -> set[Path]:
    """All folders of packages on this machine that could be within reach, with links resolved."""
    bases = {Path(sys.base_prefix), Path(sys.prefix), Path("/usr"), Path("/usr/local")}
    found = {path.resolve() for path in packages()}
    for base in bases:
        for name in PACKAGES:
            found |= {path.resolve() for path in base.glob(f"lib*/python*/{name}")}
    return found


@cache
def hidden() -> list[Path]:
    """Copies of minires among the packages, links to them, and files that name other source
    folders.
    """
    found = [
        path
        for folder in folders()
        for pattern in ("*minires*", "*.pth", "*.egg-link", "__editable__*")
        for path in folder.glob(pattern)
    ]
    return sorted(set(found))


def except_for(roots: Iterable[Path | str], without: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Split folders into rules for a wall that cannot say "except".

    Parameters
    ----------
    roots : iterable of Path or str
        Files and folders to let in.
    without : list of Path
        What to leave out of them.

    Returns
    -------
    readable : list of str
        Files and folders to let in with everything in them.
    listed : list of str
        Folders of which only the names may be listed, because something in them stays hidden.
    """
    readable: list[str] = []
    listed: list[str] = []

    def walk(path):
        if path in without:
            return
        if any(path in other.parents for other in without):
            listed.append(str(path))
            for entry in path.iterdir():
                if not entry.is_symlink():  # the target of a link has rules of its own
                    walk(entry)
        else:
            readable.append(str(path))

    for root in sorted({Path(root).resolve() for root in roots}):
        if root.exists():
            walk(root)
    return readable, listed
