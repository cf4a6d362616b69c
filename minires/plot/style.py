"""One style for all figures: plain nets in orange, residual nets in blue, deeper nets with more
contrast: darker on a light page, lighter on a dark one.

Every colour has a contrast of 3:1 or more with its page, and no two shades of nets look alike with
a common kind of colour blindness. The tests measure both. Matplotlib is imported when a figure is
drawn, so that importing minires stays quick.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any, ParamSpec, TypeVar

from ..names import expanded, printable, shortened
from ..serialization.files import write_bytes
from ..types import Array, Figure, Row
from . import fonts, print_sizes

P = ParamSpec("P")
T = TypeVar("T")
SomePath = TypeVar("SomePath", bound=str | Path)

SHADES: dict[str, tuple[str, ...]] = {
    "plain": ("#d67c26", "#ad3d00", "#6e2600", "#3d1500"),
    "resnet": ("#4f96d0", "#0868ac", "#08366b", "#041b36"),
}
COLOURS = {
    family: shades[1] for family, shades in SHADES.items()
}  # where one shade of each is enough
OTHERS = (
    "#418d65",
    "#8f48e5",
    "#817930",
    "#cb438e",
)  # for a third kind of net and more: green, violet, olive, pink
GREY = "#666666"
CHARACTERS = 15.5  # of a caption, to an inch
MOST_LINES = 10  # of a caption, about: more would leave no room for the panels


@dataclass(frozen=True)
class Theme:
    """The colours of a figure."""

    shades: dict[str, tuple[str, ...]]  # of the nets of a family, from the shallowest on
    text: str
    quiet: str  # of what is not to be seen first
    grid: str
    page: str
    suffix: str = ""  # of the names of files drawn in it

    def colour(self, net: str, nets: Sequence[str]) -> str:
        """Of one of the `nets`: the deeper in its family, the more contrast."""
        family = net.split("-")[0]
        relatives = [one for one in nets if one.split("-")[0] == family]
        shades, rank, count = self.shades[family], relatives.index(net), len(relatives)
        if count > len(shades):
            rank = round(rank * (len(shades) - 1) / (count - 1))
        return shades[rank]

    @property
    def settings(self) -> dict[Any, Any]:
        """Matplotlib's settings."""
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


LIGHT = Theme(SHADES, "#222222", GREY, "#e6e6e6", "white")
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
    """The colours to draw in."""
    return _theme.get()


@contextmanager
def use_theme(chosen: Theme) -> Iterator[None]:
    """Within: the figures of runs are drawn in these colours, `LIGHT` or `DARK`."""
    token = _theme.set(chosen)
    try:
        yield
    finally:
        _theme.reset(token)


#: Settings and metadata with which a drawing is the same file each time, its text still text.
AS_DRAWINGS: dict[str, tuple[Any, Any]] = {
    "pdf": ({"pdf.fonttype": 42}, {"CreationDate": None}),
    "svg": ({"svg.fonttype": "none", "svg.hashsalt": "minires"}, {"Date": None}),
}
_also: ContextVar[tuple[str, ...]] = ContextVar("also", default=())


@contextmanager
def also_as(*kinds: str) -> Iterator[None]:
    """Within: `save` writes each figure as a drawing too, "pdf" or "svg", beside the image."""
    token = _also.set(kinds)
    try:
        yield
    finally:
        _also.reset(token)


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Draw in this module's style, whatever the settings of the program around, and with fonts that
    have the letters of the texts and lists of texts among the arguments.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        from matplotlib import rc_context

        texts = _texts((*args, *kwargs.values()))
        width = print_sizes.print_width()
        settings = {**theme().settings, **(width.settings if width else {})}
        with rc_context({**settings, "font.family": fonts.families(texts)}):
            drawn = draw(*args, **kwargs)
            if width and hasattr(drawn, "savefig"):
                print_sizes.fit(drawn)
            return drawn

    return drawn


def _texts(arguments: Sequence[Any]) -> list[str]:
    lists = [one for one in arguments if isinstance(one, (list, tuple))]
    return [text for some in (arguments, *lists) for text in some if isinstance(text, str)]


def use_style() -> None:
    """Draw all of this program's figures in this style from now on, also the ones that
    Matplotlib draws by itself.
    """
    from matplotlib import rcParams

    rcParams.update(theme().settings)


def panels(
    columns: int,
    size: tuple[float, float],
    share_y: bool = False,
    widths: Sequence[float] | None = None,
    rows: int = 1,
) -> tuple[Figure, Array]:
    """A figure of that many panels side by side, with room for a caption below and a legend above.

    Within `use_width` it is as wide as a column of a paper, and what does not fit side by side goes
    into rows.

    Parameters
    ----------
    columns : int
    size : (float, float)
        Of the whole figure, in inches.
    share_y : bool
    widths : list of float, optional
        Of the panels in a row, relative to each other.
    rows : int
        Into which as many panels are put, row by row; in print the width decides.

    Returns
    -------
    figure, array of axes
    """
    from matplotlib.figure import Figure

    width, each = print_sizes.print_width(), -(-columns // rows)
    if width:
        size, each = (width.inches, width.height(columns)), width.columns(columns)
        widths = widths if each == columns else None
    rows = -(-columns // each)
    figure: Any = Figure(figsize=size, layout="constrained")
    # So that notebooks show it, whether or not pyplot is in use.
    figure._repr_png_ = lambda: picture(figure, dots_per_inch=72)
    figure.get_layout_engine().set(rect=(0, 0.045, 1, 0.885), wspace=0.04)
    axes = figure.subplots(rows, each, sharey=share_y, squeeze=False, width_ratios=widths).ravel()
    for ax in axes[columns:]:
        ax.remove()
    return figure, axes[:columns]


def save(figure: Figure, path: SomePath) -> SomePath:
    """Write the figure to `path` as an image of 150 dots an inch, and return the path. Within
    `also_as` it is written as a drawing beside it, too. Within `use_width` the path gets the
    width's name, and the image 300 dots an inch.

    Raises CheckpointError if it cannot be written. Then the picture that was there stays.
    """
    width, dots = print_sizes.print_width(), 150
    if width:
        path = type(path)(Path(path).with_stem(f"{Path(path).stem}{width.suffix}"))
        dots = print_sizes.DOTS
    write_bytes(expanded(path), picture(figure, Path(path).suffix[1:] or "png", dots))
    for kind in _also.get():
        write_bytes(expanded(path).with_suffix(f".{kind}"), picture(figure, kind))
    return path


def picture(figure: Figure, kind: str = "png", dots_per_inch: int = 150) -> bytes:
    """The figure as a file: an image such as "png", or a drawing, "pdf" or "svg"."""
    import matplotlib as mpl

    image = io.BytesIO()
    settings, metadata = AS_DRAWINGS.get(kind, ({}, {}))
    with _letters_may_be_missing(), mpl.rc_context(settings):
        # On the figure's own page, whatever the program around has chosen for saving.
        figure.savefig(
            image, format=kind, dpi=dots_per_inch, facecolor="auto", metadata=metadata or None
        )
    return image.getvalue()


def animate(
    figure: Figure,
    draw_frame: Callable[[Any], None],
    frames: Sequence[Any],
    path: SomePath,
    per_second: int = 8,
) -> SomePath:
    """Write a GIF to `path` and return the path.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    draw_frame : callable
        ``draw_frame(frame)`` changes the figure into that frame.
    frames : list
        The last one stays for two seconds before it begins again.
    path : str or Path
    per_second : int
        Frames a second.

    Raises
    ------
    CheckpointError
        If it cannot be written. Then the picture that was there stays.
    """
    from matplotlib.animation import FuncAnimation, PillowWriter

    frames = [*frames, *[frames[-1]] * (2 * per_second)]
    # Drawn once beforehand, so that nothing moves to make room while it runs.
    figure.canvas.draw()
    with TemporaryDirectory() as folder:
        written = Path(folder) / "animation.gif"
        FuncAnimation(figure, draw_frame, frames).save(written, PillowWriter(per_second), dpi=80)
        write_bytes(expanded(path), written.read_bytes())
    return path


@contextmanager
def _letters_may_be_missing() -> Iterator[None]:
    """One warning for all letters that are drawn as boxes, since the fonts lack them, instead of
    one for each.
    """
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield
    texts = [str(one.message) for one in given]
    boxes = [text for text in texts if text.startswith("Glyph ")]
    for one in given:
        if str(one.message) not in boxes:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if boxes:
        letters = [chr(int(text.split()[1])) for text in dict.fromkeys(boxes)]
        fonts.warn("boxes stand for letters in the figure", frozenset(letters))


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers only, which epochs, layers and classes are."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True, min_n_ticks=1))


def nets_by_depth(rows: Sequence[Row]) -> list[str]:
    """The names of the nets in the rows: plain ones first, and shallow ones before deep ones."""
    names = {row["net"] for row in rows}
    return sorted(names, key=lambda net: (net.split("-")[0], int(net.split("-")[1])))


def seeds(rows: Sequence[Row], several: str = "mean and range of {} seeds") -> str:
    """How many seeds the rows are of, for the caption, and what was done with `several` of them."""
    count = len({row["seed"] for row in rows})
    return "1 seed" if count == 1 else several.format(count)


def write_below(figure: Figure, text: str) -> None:
    """Write the caption, small, under the figure, in as many lines as it takes.

    A "$" in it, from the name of a folder, is a "$" and begins no formula. A caption that would
    take up the figure is cut in the middle.
    """
    is_print = print_sizes.print_width() is not None
    size = print_sizes.SMALLEST if is_print else 8.5
    width = int(figure.get_figwidth() * CHARACTERS * 8.5 / size)
    text = fonts.readable(text)
    lines = wrap(shortened(printable(text).lstrip("; "), MOST_LINES * width), width)
    if len(lines) > 1 or is_print:
        line = 0.16 * size / 8.5 / figure.get_figheight()
        room = 1.6 * line + line * (len(lines) - 1) if is_print else 0.045 + line * (len(lines) - 1)
        layout: Any = figure.get_layout_engine()  # the one of `panels`
        layout.set(rect=(0, room, 1, (0.99 if is_print else 0.93) - room))
    written: Any = figure.text(0.01, 0.012, "\n".join(lines), fontsize=size, color=theme().quiet)
    written.set(ha="left", va="bottom", parse_math=False)
