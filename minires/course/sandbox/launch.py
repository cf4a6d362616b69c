"""Work out how to start a submission's process behind each wall."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...types import PathLike
from . import allowed, bubblewrap, container, isolation, syscalls, visible
from .world import world

START = (
    "import sys; sys.path.insert(0, {world!r}); sys.path += {packages!r}; "
    "from minires.course.sandbox import child; child.main()"
)
OPTIONS = ("-I", "-B")
PASSED_ON = ("LANG", "LC_ALL", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MINIRES_FAST")
FOR_THE_SYSTEM = ("PATH", "SYSTEMROOT")  # Windows needs them to find libraries
ALWAYS = {
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MINIRES_DATASET": "synthetic",
}
THREADS = 64  # at most, behind walls where a submission's threads can be counted


@dataclass
class Launch:
    """A command that starts a submission's process, and everything it needs.

    Parameters
    ----------
    command : list of str
        It holds no secrets, because a submission may see it.
    settings : dict
        Settings for `child.main`, which reads them from standard input.
    environment : dict
    descriptors : tuple of int
        Descriptors of files that the command inherits; the caller closes them.
    clean : callable
        Called when the process is gone.
    """

    command: list[str]
    settings: dict[str, Any]
    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()
    clean: Callable[[], None] = field(default=lambda: None)


def launch(
    wall: str,
    folder: Path,
    assignment: str | None,
    unreadable: Sequence[PathLike],
    memory: int,
    others: Sequence[str] = (),
) -> Launch:
    """How to start the process of a submission.

    Parameters
    ----------
    wall : str
        As `isolation.choose` returns it.
    folder : Path
        An empty folder. Behind bubblewrap and in a container the submission has one in memory
        instead.
    assignment : str or None
        The assignment whose solution is held back.
    unreadable : list of Path
        Files and folders that the hook refuses to read, behind walls that leave them in reach.
    memory : int
        Bytes.
    others : list of str
        Packages that may be imported besides the ones that minires needs. A container has the
        packages of its image instead, and without a wall all installed packages can be imported.

    Returns
    -------
    Launch
    """
    inside = world(assignment)
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | ALWAYS
    if wall in (isolation.BUBBLEWRAP, isolation.UNFILTERED, isolation.CONTAINER):
        passed |= {
            "HOME": "/home/student",
            "TMPDIR": "/submission",
            "MPLCONFIGDIR": "/home/student/.config/matplotlib",
        }
        settings: dict[str, Any] = {
            "folder": "/submission",
            "unreadable": [],
            "fonts": "/world/matplotlib",
            # A container counts its own threads; here all processes of its user would count.
            "threads": None if wall == isolation.CONTAINER else THREADS,
            "filter": wall == isolation.CONTAINER,
        }
        if wall == isolation.CONTAINER:
            name = container.new_name()
            program = ["python3", *OPTIONS, "-c", START.format(world="/world", packages=[])]
            before = container.command(name, inside, memory, passed)
            environment = dict(os.environ)  # for podman or docker; the container gets `passed`
            return Launch(
                [*before, *program], settings, environment, (), lambda: container.remove(name)
            )
        # -S: `site` would add packages from outside the world by itself.
        start = START.format(world="/world", packages=bubblewrap.where_packages_are())
        program = [bubblewrap.python(), *OPTIONS, "-S", "-c", start]
        passed["PATH"] = os.defpath
        descriptors = () if wall == isolation.UNFILTERED else (syscalls.descriptor(),)
        before = bubblewrap.command(inside, (*descriptors, None)[0], others)
        return Launch([*before, *program], settings, passed, descriptors)

    packages = [str(path) for path in visible.packages()]
    start = START.format(world=str(inside), packages=packages)
    passed |= {name: os.environ[name] for name in FOR_THE_SYSTEM if name in os.environ}
    passed |= {name: str(folder) for name in ("HOME", "TMPDIR", "TEMP")}
    passed["MPLCONFIGDIR"] = str(inside / "matplotlib")
    settings = {"folder": str(folder), "unreadable": [str(path) for path in unreadable]}
    if wall == isolation.LANDLOCK:
        roots: list[Path | str] = [
            *visible.SYSTEM,
            visible.python(),
            *visible.library(),
            inside,
        ]
        readable, listed = visible.except_for(roots, list(visible.folders()))
        readable += map(str, allowed.entries(others))
        listed += packages
        settings |= {"unreadable": [], "landlock": {"readable": readable, "listed": listed}}
        settings["absent"] = allowed.absent(others)
    return Launch([str(_python()), *OPTIONS, "-S", "-c", start], settings, passed)


def _python() -> Path | str:
    """The interpreter of no virtual environment: a path in one would tell the user's folders."""
    return visible.python() if sys.platform != "win32" else sys.executable
