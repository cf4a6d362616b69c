"""The colours of figures: plain nets in orange, residual nets in blue, deeper nets with more
contrast.

More contrast means darker on a light page and lighter on a dark one. Every colour has a contrast of
3:1 or more with its page, and no two shades of nets look alike to readers with a common kind of
colour blindness. The tests measure both.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

#: Family of nets -> its shades, from light to dark: the deeper the net, the darker.
SHADES: dict[str, tuple[str, ...]] = {
    "plain": ("#d67c26", "#ad3d00", "#6e2600", "#3d1500"),
    "resnet": ("#4f96d0", "#0868ac", "#08366b", "#041b36"),
}
#: Family of nets -> colour, for figures that need only one shade of each.
COLOURS = {family: shades[1] for family, shades in SHADES.items()}
#: Green, violet, olive and pink, for a third kind of net and more.
OTHERS = ("#418d65", "#8f48e5", "#817930", "#cb438e")
#: For lines that are not about a net.
GREY = "#666666"


@dataclass(frozen=True)
class Theme:
    """The colours of a figure."""

    shades: dict[str, tuple[str, ...]]  # family -> the colours of its nets, the shallowest first
    text: str
    quiet: str  # for parts that should not draw attention, such as axes and captions
    grid: str
    page: str
    suffix: str = ""  # is added to the names of files drawn in this theme

    def colour(self, net: str, nets: Sequence[str]) -> str:
        """The colour of one of the `nets`: deeper nets of a family get more contrast.

        `nets` are in the order of `nets_by_depth`.
        """
        family = net.split("-")[0]
        relatives = [one for one in nets if one.split("-")[0] == family]
        shades, rank, count = self.shades[family], relatives.index(net), len(relatives)
        if count > len(shades):
            rank = round(rank * (len(shades) - 1) / (count - 1))
        return shades[rank]

    @property
    def settings(self) -> dict[Any, Any]:
        """Settings for Matplotlib."""
        return {
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "text.color": self.text,
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": self.quiet,
            "axes.facecolor": self.page,
            "axes.labelcolor": self.text,
            "axes.grid": True,
            "grid.color": self.grid,
            "grid.linewidth": 0.8,
            "axes.axisbelow": True,
            "xtick.color": self.quiet,
            "ytick.color": self.quiet,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "figure.facecolor": self.page,
            "savefig.facecolor": "auto",  # the figure's own
        }


#: The colours of figures on light pages.
LIGHT = Theme(SHADES, "#222222", GREY, "#e6e6e6", "white")
#: The colours of figures on dark pages.
DARK = Theme(
    {
        "plain": ("#a8622d", "#ffa657", "#ffd0a1", "#fff0df"),
        "resnet": ("#3f77ad", "#79c0ff", "#b6dcff", "#e6f3ff"),
    },
    "#d5dbe1",
    "#9198a1",
    "#262c34",
    "#0d1117",
    "-dark",
)
_theme: ContextVar[Theme] = ContextVar("theme", default=LIGHT)


def theme() -> Theme:
    """The theme that figures are drawn in."""
    return _theme.get()


@contextmanager
def use_theme(chosen: Theme) -> Iterator[None]:
    """Within: figures are drawn in the theme `chosen`, `LIGHT` or `DARK`."""
    token = _theme.set(chosen)
    try:
        yield
    finally:
        _theme.reset(token)
