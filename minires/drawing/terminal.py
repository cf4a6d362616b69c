"""What a terminal can show besides letters: the colours of the figures, and curves of a line each.

Colours are for terminals that have 256 of them, and for people who want them: none go into files
and pipes, and none anywhere if the environment variable NO_COLOR is set (https://no-color.org).
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
MOST_POINTS = 40  # of a curve: so many fit a terminal, between a name and its numbers

#: The name of a net, which is no part of a path or of a longer name.
_NET = re.compile(r"(?<![\w/-])(plain|resnet)-\d+(?![\w/-]|\.\w)")


def has_colours(stream: Any) -> bool:
    """Whether what is written to `stream` may be coloured."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return False
    told = [os.environ.get(name, "") for name in ("TERM", "COLORTERM")]
    return "256" in told[0] or told[1] in ("truecolor", "24bit") or "WT_SESSION" in os.environ


def has_blocks(stream: Any) -> bool:
    """Whether `stream` is a terminal whose encoding has the blocks that curves are made of."""
    try:
        LEVELS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return bool(stream.isatty())


def in_colour(text: str, stream: Any) -> str:
    """`text` with the names of plain and residual nets in their colours, if `stream` has them."""
    if not has_colours(stream):
        return text
    return _NET.sub(lambda net: painted(net[0], net[0]), text)


def painted(text: str, net: str) -> str:
    """`text` in the colour of that net; as it is if the net's family has none."""
    colour = COLOURS.get(net.partition("-")[0])
    return text if colour is None else f"\x1b[38;5;{colour}m{text}\x1b[39m"


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """A block for each value, the higher the larger; a space where a value is not finite.

    Parameters
    ----------
    values : sequence of float
        Of more than `MOST_POINTS`, neighbours are averaged.
    low, high : float
        What the lowest and the highest block stand for.
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
    """Percentages by epoch as lines of text, a curve for each name, all on one scale.

    Returns no lines if there are no curves of two points or more.
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
