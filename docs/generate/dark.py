"""Figures for dark pages.

Some figures have a dark twin in the repository, whose name ends in ``-dark``. Those of claims are
recorded for light pages only, and are drawn here once more from the same numbers.
"""

from functools import cache
from typing import Any

from minires.experiments.explorer.colours import readable
from minires.experiments.records import read_config
from minires.plot.saving import picture as image_of
from minires.plot.themes import DARK, LIGHT

from .places import ROOT
from .recorded_claims import best_rows, pictures, recorded

CONTRAST = 3.0  # of a colour to the page: the least that WCAG asks of graphics
DOTS_PER_INCH = 110


def twin(picture: str) -> str | None:
    """The dark twin of a picture.

    Parameters
    ----------
    picture : str
        A file of the repository.

    Returns
    -------
    str or None
        A path within the folder ``files`` of the site's source. None if there is no twin.
    """
    stem, _, kind = picture.rpartition(".")
    beside = f"{stem}-dark.{kind}"
    if (ROOT / beside).exists() or picture in pictures():
        return beside
    return None


@cache
def figures(only: str = "") -> dict[str, bytes]:
    """Path in the source of the site -> PNG, for each claim with a recorded figure.

    Parameters
    ----------
    only : str
        The name of a claim; by default, all claims.
    """
    found = {}
    for one in recorded():
        if only not in ("", one.claim.name) or one.picture not in pictures():
            continue
        caption = read_config(ROOT / one.folder)["caption"]
        figure = recoloured(one.claim.draw(best_rows(one.claim.name), caption))
        found[f"files/{twin(one.picture)}"] = image_of(figure, dots_per_inch=DOTS_PER_INCH)
    return found


def recoloured(figure: Any) -> Any:
    """Change the colours of a figure from those of a light page to those of a dark one.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Is changed.

    Returns
    -------
    Figure
        The same figure.
    """
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    figure.draw_without_rendering()  # ticks and their labels do not exist before
    for artist in figure.findobj():
        if isinstance(artist, Line2D):
            parts = ("color", "markerfacecolor", "markeredgecolor")
        elif isinstance(artist, (Patch, Collection)):
            if isinstance(artist, Collection) and artist.get_array() is not None:
                continue  # its colours stand for numbers
            parts = ("facecolor", "edgecolor")
        elif isinstance(artist, Text):
            parts = ("color",)
            for outline in artist.get_path_effects():
                if foreground := getattr(outline, "_gc", {}).get("foreground"):
                    outline._gc["foreground"] = _dark(foreground)
        else:
            continue
        for part, colour in [(part, getattr(artist, f"get_{part}")()) for part in parts]:
            getattr(artist, f"set_{part}")(_all_dark(colour))
    return figure


def _all_dark(colour: Any) -> Any:
    """One colour, or each of an array of them."""
    import numpy as np

    if isinstance(colour, np.ndarray) and colour.ndim == 2:
        return [_dark(one) for one in colour]
    return colour if isinstance(colour, str) and colour == "none" else _dark(colour)


def _dark(colour: Any) -> tuple[float, ...]:
    """The colour that means the same on a dark page.

    The shade of a net becomes the shade of the same net. A grey lies as far between page and text
    as before. Any other colour becomes lighter until it can be seen.
    """
    from matplotlib.colors import to_hex, to_rgb, to_rgba

    *rgb, alpha = to_rgba(colour)
    plain = to_hex(rgb)
    for family, shades in LIGHT.shades.items():
        if plain in shades:
            return (*to_rgb(DARK.shades[family][shades.index(plain)]), alpha)
    if max(rgb) - min(rgb) < 0.05:
        page, text = to_rgb(DARK.page), to_rgb(DARK.text)
        share = sum(rgb) / 3  # 1 is white, which was the page
        return (*(share * a + (1 - share) * b for a, b in zip(page, text)), alpha)
    return (*to_rgb(readable(plain, DARK.page, CONTRAST)), alpha)
