"""The wall of bubblewrap: a submission gets namespaces of its own.

Inside there are the system's libraries and Python, the world of the assignment, and small file
systems in memory. Paths are the same on every machine, so that no path tells whose machine it is.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from . import allowed, headroom, syscalls, visible

ALONE = "--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts".split()
PLAIN = "--unshare-cgroup-try --die-with-parent --new-session --cap-drop ALL".split()
NOBODY = "--uid 1000 --gid 1000 --hostname submission".split()
#: The folders that can be written to: file systems in memory, with their sizes in bytes.
WRITABLE = {
    "/submission": 256 * 1024**2,
    "/tmp": 64 * 1024**2,
    "/home/student": 16 * 1024**2,
    "/dev/shm": 16 * 1024**2,
}


def where_packages_are() -> list[str]:
    """The paths of `visible.packages`, as seen from inside."""
    return [_within(path) for path in visible.packages()]


def python() -> str:
    """The path of Python's interpreter, as seen from inside."""
    program = visible.python()
    return f"/python/bin/{program.name}" if visible.library() else str(program)


def command(world: Path, filter_descriptor: int | None, others: Sequence[str] = ()) -> list[str]:
    """The words that start bubblewrap; the program and its arguments follow them.

    Parameters
    ----------
    world : Path
        The folder from `world.world`.
    filter_descriptor : int or None
        The file descriptor of a filter of system calls.
    others : list of str
        Further packages that may be imported: see `allowed.entries`.
    """
    words = [shutil.which("bwrap") or "bwrap", *ALONE, *PLAIN, *NOBODY]
    # No /proc: it would name the folders outside that all this comes from.
    words += ["--dev", "/dev"]
    for place in visible.SYSTEM:
        words += ["--ro-bind-try", place, place]
    words += ["--ro-bind", str(visible.python()), python()]
    for path in visible.library():
        words += ["--ro-bind", str(path), f"/python/{path.name}"]
        words += ["--setenv", "LD_LIBRARY_PATH", "/python/lib:/python/lib64"]
    let_in = allowed.entries(others)
    for folder in sorted(visible.folders()):
        for name in _names_within(folder):
            words += ["--tmpfs", name]
            for path in let_in:
                if path.parent == folder:
                    words += ["--ro-bind", str(path), f"{name}/{path.name}"]
            words += ["--remount-ro", name]
    words += ["--ro-bind", str(world), "/world"]
    for name, size in WRITABLE.items():
        words += ["--size", str(size), "--tmpfs", name]
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/submission"]
    if filter_descriptor is not None:
        words += ["--seccomp", str(filter_descriptor)]
    return words


def _names_within(folder: Path) -> list[str]:
    """All paths by which a folder of packages can be seen from inside: /lib may be a link to
    /usr/lib.
    """
    found = {
        str(Path(place) / folder.relative_to(Path(place).resolve()))
        for place in visible.SYSTEM
        if folder.is_relative_to(Path(place).resolve())
    }
    is_seen = folder in {path.resolve() for path in visible.packages()}
    if is_seen or any(folder.is_relative_to(path) for path in visible.library()):
        found.add(_within(folder))
    return sorted(found)


def _within(path: Path) -> str:
    """The path of a folder of packages, or of an entry in one, as seen from inside."""
    path = path.parent.resolve() / path.name
    for base in map(Path, ("/usr/lib", "/usr/local/lib")):
        if path.is_relative_to(base):
            return str(path)
    for folder in visible.library():
        if path.is_relative_to(folder):
            return f"/python/{folder.name}/{path.relative_to(folder)}"
    for number, folder in enumerate(visible.packages()):
        if path.is_relative_to(folder.resolve()):
            return str(Path(f"/packages/{number}") / path.relative_to(folder.resolve()))
    return str(path)


@cache
def why_not() -> str | None:
    """Why this wall does not work here, or None. To find out, NumPy is imported behind it."""
    if not sys.platform.startswith("linux"):
        return "it is for Linux"
    if shutil.which("bwrap") is None:
        return "no program bwrap: on Debian and Ubuntu, apt install bubblewrap"
    program = f"import sys; sys.path += {where_packages_are()!r}; import numpy"
    with tempfile.TemporaryDirectory(prefix="minires-") as empty:
        words = [*command(Path(empty), None), python(), "-I", "-S", "-c", program]
        try:
            with headroom.lifted():
                done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bwrap fails: {error}"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return f"bwrap fails: {lines[-1]}"
    return None


def filtered() -> bool:
    """Whether this wall can have a filter of system calls."""
    return syscalls.why_not() is None
