"""A museum of mistakes: wrong code that students write, what it breaks, and how training goes with
it.

The mistakes are planted in the solutions of the coursework, and everything on show comes from
running them. `minires museum` lists the exhibits and writes the page; notebook 16 walks through
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

#: All exhibits, room by room.
EXHIBITS: tuple[Exhibit, ...] = (
    *room_tape.EXHIBITS,
    *room_convolution.EXHIBITS,
    *room_normalization.EXHIBITS,
    *room_blocks.EXHIBITS,
    *room_optimization.EXHIBITS,
)


def find(key: str) -> Exhibit:
    """Find an exhibit by its key.

    Raises
    ------
    ConfigError
        If there is no such exhibit; the message suggests the nearest.
    """
    known = {one.key: one for one in EXHIBITS}
    if key not in known:
        raise unknown_name("museum", "exhibit", key, list(known))
    return known[key]


def write(found: Sequence[tuple[Exhibit, Findings]], path: PathLike) -> None:
    """Write the page of some exhibits, whole or not at all.

    Raises
    ------
    CheckpointError
        If it cannot be written. An older page stays as it was.
    """
    write_bytes(expanded(path), html(found).encode())
