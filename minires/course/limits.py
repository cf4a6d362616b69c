"""What a submission may use, and what it may not read."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..types import PathLike
from . import notebooks
from .sandbox import visible, world


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 60  # for a cell
    total: float = 900  # for all of it
    memory: int = 4 * 1024**3  # bytes
    isolation: str | None = None  # the wall around it: by default the strongest there is
    packages: tuple[str, ...] = ()  # that may be imported besides what minires needs


USUAL = Limits()


def secrets() -> list[PathLike]:
    """What a submission may not read where only the hook keeps it from that: minires itself (it has
    a copy of its own), the sources, and all else in the checkout.
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
