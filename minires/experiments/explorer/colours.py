"""A colour for every net: the one in minires's figures if there is one, made darker (on a dark page
lighter) if a thin line or a word in it would be hard to see.

The contrast follows the Web Content Accessibility Guidelines 2.2: 3:1 for lines (1.4.11), 4.5:1 for
words (1.4.3).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ...plot.themes import DARK, LIGHT, OTHERS, Theme

FOR_LINES, FOR_WORDS = 3.0, 4.5
STOPS = 9  # number of colours for the heat maps, between which the page interpolates
PAGES = {"light": "#ffffff", "dark": DARK.page}
DASHES = ("", "8 3", "2 3", "8 3 2 3")  # tell nets apart when there are more nets than colours


def in_order(names: Iterable[str]) -> list[str]:
    """Each net once: plain nets first, then residual nets, both by depth, then all others in the
    order in which they are given.
    """
    unique = list(dict.fromkeys(names))
    place = {name: i for i, name in enumerate(unique)}
    families = list(LIGHT.shades)

    def key(name: str) -> tuple[int, int, int]:
        family, depth = _family(name), name.rpartition("-")[2]
        if family is None:
            return len(families), 0, place[name]
        return families.index(family), int(depth), place[name]

    return sorted(unique, key=key)


def _family(name: str) -> str | None:
    """The family of a net such as ``plain-20``; None for all other names."""
    family, _, depth = name.partition("-")
    is_depth = depth.isascii() and depth.isdigit() and len(depth) < 6
    return family if family in LIGHT.shades and is_depth else None


def of(net: str, nets: Sequence[str]) -> dict[str, Any]:
    """The colours of a net as a dict: ``line`` and ``word``, each for a light and a dark page, and
    the ``dash`` of its lines.

    Parameters
    ----------
    net : str
    nets : list of str
        All nets in the page, including `net`.
    """
    found: dict[str, Any] = {"line": {}, "word": {}, "dash": _dash(net, nets)}
    for name, theme in (("light", LIGHT), ("dark", DARK)):
        colour, page = _colour(net, nets, theme), PAGES[name]
        found["line"][name] = readable(colour, page, FOR_LINES)
        found["word"][name] = readable(colour, page, FOR_WORDS)
    return found


def _colour(net: str, nets: Sequence[str], theme: Theme) -> str:
    if _family(net) is not None:
        return theme.colour(net, [one for one in nets if _family(one) is not None])
    return OTHERS[_rank(net, nets) % len(OTHERS)]


def _dash(net: str, nets: Sequence[str]) -> str:
    if _family(net) is not None:
        return ""
    return DASHES[_rank(net, nets) // len(OTHERS) % len(DASHES)]


def _rank(net: str, nets: Sequence[str]) -> int:
    return [one for one in nets if _family(one) is None].index(net)


def of_maps() -> list[str]:
    """The colours of the heat maps, from low to high: cividis, which gets lighter evenly and looks
    the same to most colour-blind readers.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["cividis"](i / (STOPS - 1))) for i in range(STOPS)]


def readable(colour: str, page: str, contrast: float) -> str:
    """`colour`, mixed with as much black (on a dark page white) as the contrast requires."""
    end = (0, 0, 0) if luminance(page) > 0.5 else (255, 255, 255)
    start = _parts(colour)
    for percent in range(0, 101, 2):
        mixed = [round(a + (b - a) * percent / 100) for a, b in zip(start, end)]
        found = "#" + "".join(f"{value:02x}" for value in mixed)
        if contrast_of(found, page) >= contrast:
            break
    return found


def contrast_of(colour: str, page: str) -> float:
    """The contrast of two colours ``#rrggbb`` by WCAG 2.2: from 1, equal, to 21, black on white."""
    low, high = sorted(map(luminance, (colour, page)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, from 0 to 1: WCAG 2.2."""
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(colour))
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def _parts(colour: str) -> list[int]:
    return [*bytes.fromhex(colour.lstrip("#"))]
