"""The wall of bubblewrap: namespaces of a submission's own.

Within, there are the system's libraries and Python, the world of the assignment, and three small
file systems in memory. Everything has the same name on every machine: no path tells whose it is.
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
#: What can be written to, each in memory and of limited size (bytes).
WRITABLE = {
    "/submission": 256 * 1024**2,
    "/tmp": 64 * 1024**2,
    "/home/student": 16 * 1024**2,
    "/dev/shm": 16 * 1024**2,
}


def where_packages_are() -> list[str]:
    """The names within of `visible.packages`."""
    return [_within(path) for path in visible.packages()]


def python() -> str:
    """The name within of Python's interpreter."""
    program = visible.python()
    return f"/python/bin/{program.name}" if visible.library() else str(program)


def command(world: Path, filter_descriptor: int | None, others: Sequence[str] = ()) -> list[str]:
    """What stands before the program.

    Parameters
    ----------
    world : Path
        As `world.world` makes it.
    filter_descriptor : int or None
        That of a filter of system calls.
    others : list of str
        Packages that are let in besides: see `allowed.entries`.
    """
    words = [shutil.which("bwrap") or "bwrap", *ALONE, *PLAIN, *NOBODY]
    # No /proc at all: it would name the folders outside in which all this lies.
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
    """All names by which a folder of packages would be seen: /lib may be a link to /usr/lib."""
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
    """The name within of a folder of packages, or of something in one."""
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
    """Why this wall cannot be had here, or None: Python and NumPy are started behind it."""
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
    """Whether there is a filter of system calls for it."""
    return syscalls.why_not() is None
