"""A museum of mistakes: code that students write, what it breaks, and what training does with it.

The mistakes are planted in the solutions of the coursework, and everything that is shown comes from
running them. `minires museum` lists the exhibits and writes the page; notebook 13 walks through
some of them.
"""

from collections.abc import Sequence

from ...errors import unknown_name
from ...names import expanded
from ...serialization.files import write_bytes
from ...types import PathLike
from . import (
    room_blocks,
    room_convolution,
    room_normalization,
    room_optimization,
    room_tape,
)
from .drawing import share_wrong
from .exhibit import Exhibit, Findings, look
from .in_a_notebook import code, curves, maps
from .page import html
from .training import OUTCOMES

__all__ = [
    "EXHIBITS",
    "OUTCOMES",
    "Exhibit",
    "Findings",
    "code",
    "curves",
    "find",
    "look",
    "maps",
    "share_wrong",
    "write",
]

#: All exhibits, in the order in which they hang.
EXHIBITS: tuple[Exhibit, ...] = (
    *room_tape.EXHIBITS,
    *room_convolution.EXHIBITS,
    *room_normalization.EXHIBITS,
    *room_blocks.EXHIBITS,
    *room_optimization.EXHIBITS,
)


def find(key: str) -> Exhibit:
    """An exhibit by its name.

    Raises
    ------
    ConfigError
        If there is none; it suggests the nearest.
    """
    known = {one.key: one for one in EXHIBITS}
    if key not in known:
        raise unknown_name("museum", "exhibit", key, list(known))
    return known[key]


def write(found: Sequence[tuple[Exhibit, Findings]], path: PathLike) -> None:
    """Write the page on some exhibits, whole or not at all.

    Raises
    ------
    CheckpointError
        If it cannot be written. Then the page that was there stays.
    """
    write_bytes(expanded(path), html(found).encode())
