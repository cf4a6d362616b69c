"""What a submission may use: time, memory, packages; and what it may not read."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..types import PathLike
from . import notebooks
from .sandbox import visible, world


@dataclass(frozen=True)
class Limits:
    """What a submission may use: seconds, bytes, and packages."""

    seconds: float = 60  # for a cell
    total: float = 900  # for the whole submission
    memory: int = 4 * 1024**3  # bytes
    isolation: str | None = None  # the wall around it; None for the strongest that works
    packages: tuple[str, ...] = ()  # further packages that it may import


USUAL = Limits()


def secrets() -> list[PathLike]:
    """The files and folders that the hook keeps a submission from reading.

    These are minires itself, of which it has a copy of its own, the assignments' sources, and
    everything else in the checkout.
    """
    found = [world.PACKAGE, notebooks.SOURCES, *visible.hidden()]
    checkout = world.PACKAGE.parent
    if (checkout / "setup.cfg").exists():
        needed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix)]
        needed.append(Path(tempfile.gettempdir()).resolve())
        found += [
            path
            for path in checkout.iterdir()
            if not any(path in (one, *one.parents) for one in needed)
        ]
    return list(found)
