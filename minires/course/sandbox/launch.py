"""How a submission's process is started behind each of the walls."""

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
FOR_THE_SYSTEM = ("PATH", "SYSTEMROOT")  # Windows finds libraries by them
ALWAYS = {
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MINIRES_DATASET": "synthetic",
}
THREADS = 64  # at most, where they can be counted


@dataclass
class Launch:
    """A command, and what it needs.

    Parameters
    ----------
    command : list of str
        It tells nothing: a submission may see it.
    settings : dict
        For `child.main`, over standard input.
    environment : dict
    descriptors : tuple of int
        Files that the command inherits; the caller closes them.
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
        What is held back.
    unreadable : list of Path
        What the hook refuses to read, where the files are within reach.
    memory : int
        Bytes.
    others : list of str
        Packages that may be imported besides those that minires needs. In a container there are
        those of its image, and without a wall all that are installed.

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
            # A container counts its own; its user may have other processes, which would count here.
            "threads": None if wall == isolation.CONTAINER else THREADS,
            "filter": wall == isolation.CONTAINER,
        }
        if wall == isolation.CONTAINER:
            name = container.new_name()
            program = ["python3", *OPTIONS, "-c", START.format(world="/world", packages=[])]
            before = container.command(name, inside, memory, passed)
            environment = dict(os.environ)  # the program's own; the container has `passed`
            return Launch(
                [*before, *program], settings, environment, (), lambda: container.remove(name)
            )
        # -S: `site` would look for packages by itself, and follow what it finds out of the world.
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
    """The interpreter outside any virtual environment, whose folder it would tell."""
    return visible.python() if sys.platform != "win32" else sys.executable
