"""Colours and curves for a terminal: the colours of the figures, and curves of one line each.

Colours are used only in terminals that have 256 of them, never in files and pipes. The environment
variable NO_COLOR switches them off (https://no-color.org).
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Family of nets -> one of the terminal's 256 colours: the figures' orange and blue, in shades that
#: can be read on black and on white.
COLOURS = {"plain": 166, "resnet": 32}
LEVELS = "▁▂▃▄▅▆▇█"
MOST_POINTS = 40  # of a curve: so many fit on a line with a name and two numbers

#: Finds the name of a net, unless it is part of a path or of a longer name.
_NET = re.compile(r"(?<![\w/-])(plain|resnet)-\d+(?![\w/-]|\.\w)")


def has_colours(stream: Any) -> bool:
    """Whether text for `stream` may be coloured."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return False
    kind, colours = (os.environ.get(name, "") for name in ("TERM", "COLORTERM"))
    return "256" in kind or colours in ("truecolor", "24bit") or "WT_SESSION" in os.environ


def has_blocks(stream: Any) -> bool:
    """Whether `stream` is a terminal whose encoding has the characters that curves are made of."""
    try:
        LEVELS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return bool(stream.isatty())


def in_colour(text: str, stream: Any) -> str:
    """`text` with the names of plain and residual nets in colour, if `stream` has colours."""
    if not has_colours(stream):
        return text
    return _NET.sub(lambda net: painted(net[0], net[0]), text)


def painted(text: str, net: str) -> str:
    """`text` in the colour of a net, or unchanged if the net's family has none."""
    colour = COLOURS.get(net.partition("-")[0])
    return text if colour is None else f"\x1b[38;5;{colour}m{text}\x1b[39m"


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """A line of characters, one for each value, whose height shows the value.

    A value that is not finite becomes a space.

    Parameters
    ----------
    values : sequence of float
        If there are more than `MOST_POINTS`, neighbours are averaged.
    low, high : float
        The values of the lowest and the highest character.
    """
    count = min(len(values), MOST_POINTS)
    cuts = [len(values) * point // count for point in range(count + 1)] if count else []
    means = [math.fsum(values[a:b]) / (b - a) for a, b in zip(cuts, cuts[1:])]
    return "".join(_block(value, low, high) for value in means)


def _block(value, low, high):
    if not math.isfinite(value):
        return " "
    part = (value - low) / (high - low) if high > low else 0.0
    return LEVELS[min(max(int(part * len(LEVELS)), 0), len(LEVELS) - 1)]


def curves(title: str, rows: Mapping[str, Sequence[float]]) -> list[str]:
    """Lines of text that show percentages by epoch, a curve for each name, all on one scale.

    The list is empty if no curve has at least two points, or no value is finite.

    Parameters
    ----------
    title : str
        The first line.
    rows : dict
        Name -> percentages, one for each epoch.
    """
    finite = [value for values in rows.values() for value in values if math.isfinite(value)]
    if not finite or max(map(len, rows.values())) < 2:
        return []
    low, high = min(finite), max(finite)
    names = max(map(len, rows))
    width = max(min(len(values), MOST_POINTS) for values in rows.values())
    return [
        title,
        *(
            f"{name:{names}}  {sparkline(values, low, high):{width}}  "
            f"{values[0]:.1f} to {values[-1]:.1f} %"
            for name, values in rows.items()
            if values
        ),
    ]
