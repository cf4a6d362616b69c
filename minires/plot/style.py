"""One style for all figures: plain nets in orange, residual nets in blue, deeper nets with more
contrast.

More contrast means darker on a light page and lighter on a dark one. Every colour has a contrast of
3:1 or more with its page, and no two shades of nets look alike to readers with a common kind of
colour blindness. The tests measure both. Matplotlib is imported only when a figure is drawn, so
that importing minires stays quick.
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
#: Family of nets -> colour, for figures that need only one shade of each.
COLOURS = {family: shades[1] for family, shades in SHADES.items()}
#: Green, violet, olive and pink, for a third kind of net and more.
OTHERS = ("#418d65", "#8f48e5", "#817930", "#cb438e")
GREY = "#666666"
CHARACTERS = 15.5  # of a caption, per inch
MOST_LINES = 10  # of a caption, about; more would leave no room for the panels


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


#: Kind of drawing -> settings and metadata that give the same bytes each time, and leave text text.
AS_DRAWINGS: dict[str, tuple[Any, Any]] = {
    "pdf": ({"pdf.fonttype": 42}, {"CreationDate": None}),
    "svg": ({"svg.fonttype": "none", "svg.hashsalt": "minires"}, {"Date": None}),
}
_also: ContextVar[tuple[str, ...]] = ContextVar("also", default=())


@contextmanager
def also_as(*kinds: str) -> Iterator[None]:
    """Within: beside each image, `save` also writes drawings of these kinds, "pdf" or "svg"."""
    token = _also.set(kinds)
    try:
        yield
    finally:
        _also.reset(token)


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in this module's style, whatever Matplotlib's settings are outside.

    It uses fonts that have the letters of all texts and lists of texts among its arguments. Within
    `use_width`, the figure that it returns is fitted to that width.
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
    """The strings among the arguments, and those in lists and tuples among them."""
    lists = [one for one in arguments if isinstance(one, (list, tuple))]
    return [text for some in (arguments, *lists) for text in some if isinstance(text, str)]


def use_style() -> None:
    """Draw all figures of this program in this style from now on, those made with pyplot too."""
    from matplotlib import rcParams

    rcParams.update(theme().settings)


def panels(
    columns: int,
    size: tuple[float, float],
    share_y: bool = False,
    widths: Sequence[float] | None = None,
    rows: int = 1,
) -> tuple[Figure, Array]:
    """Make a figure with panels, with room for a caption below and a legend above.

    Within `use_width` it is as wide as a column of a paper, and panels that do not fit side by side
    go into further rows.

    Parameters
    ----------
    columns : int
        The number of panels. They stand side by side, unless there are several `rows`.
    size : (float, float)
        Width and height of the whole figure, in inches.
    share_y : bool
        Whether all panels have the same vertical axis.
    widths : list of float, optional
        The widths of the panels in a row, relative to each other.
    rows : int
        Over how many rows the panels are spread. Within `use_width` the width decides this.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : array of matplotlib.axes.Axes, shape (columns,)
    """
    from matplotlib.figure import Figure

    width, each = print_sizes.print_width(), -(-columns // rows)
    if width:
        size, each = (width.inches, width.height(columns)), width.columns(columns)
        widths = widths if each == columns else None
    rows = -(-columns // each)
    figure: Any = Figure(figsize=size, layout="constrained")
    # With this method notebooks show the figure, whether or not pyplot is in use.
    figure._repr_png_ = lambda: picture(figure, dots_per_inch=72)
    figure.get_layout_engine().set(rect=(0, 0.045, 1, 0.885), wspace=0.04)
    axes = figure.subplots(rows, each, sharey=share_y, squeeze=False, width_ratios=widths).ravel()
    for ax in axes[columns:]:
        ax.remove()
    return figure, axes[:columns]


def save(figure: Figure, path: SomePath) -> SomePath:
    """Write a figure to `path` as an image of 150 dots per inch, and return the path.

    Within `also_as` drawings are written beside it. Within `use_width` the name of the width is
    added to the file's name, and the image has 300 dots per inch.

    Raises
    ------
    CheckpointError
        If the file cannot be written. A picture that was there before is kept.
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
    """The bytes of a file with the figure: an image such as "png", or a drawing, "pdf" or "svg"."""
    import matplotlib as mpl

    image = io.BytesIO()
    settings, metadata = AS_DRAWINGS.get(kind, ({}, {}))
    with _letters_may_be_missing(), mpl.rc_context(settings):
        # "auto" is the figure's own background, whatever Matplotlib's settings outside say.
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
    """Write an animation to `path` as a GIF, and return the path.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    draw_frame : callable
        ``draw_frame(frame)`` changes the figure so that it shows that frame.
    frames : list
        The last frame is shown for two more seconds before the animation begins again.
    path : str or Path
    per_second : int
        Frames per second.

    Raises
    ------
    CheckpointError
        If the file cannot be written. A picture that was there before is kept.
    """
    from matplotlib.animation import FuncAnimation, PillowWriter

    frames = [*frames, *[frames[-1]] * (2 * per_second)]
    # Draw it once first, so that the layout is final and nothing moves during the animation.
    figure.canvas.draw()
    with TemporaryDirectory() as folder:
        written = Path(folder) / "animation.gif"
        FuncAnimation(figure, draw_frame, frames).save(written, PillowWriter(per_second), dpi=80)
        write_bytes(expanded(path), written.read_bytes())
    return path


@contextmanager
def _letters_may_be_missing() -> Iterator[None]:
    """Within: letters that are drawn as boxes cause one warning together, and not one each."""
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
    """Put ticks only at whole numbers, for epochs, layers and classes."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True, min_n_ticks=1))


def nets_by_depth(rows: Sequence[Row]) -> list[str]:
    """The names of the nets in the rows, sorted by family, and then by depth."""
    names = {row["net"] for row in rows}
    return sorted(names, key=lambda net: (net.split("-")[0], int(net.split("-")[1])))


def seeds(rows: Sequence[Row], several: str = "mean and range of {} seeds") -> str:
    """The words for a caption that say how many seeds the rows come from.

    `several` has a place for the number if there is more than one, and says how they are shown.
    """
    count = len({row["seed"] for row in rows})
    return "1 seed" if count == 1 else several.format(count)


def write_below(figure: Figure, text: str) -> None:
    """Write a caption in small letters below the figure, in as many lines as it needs.

    A "$" in it, as in the name of a folder, does not begin a formula. A caption of more than about
    ten lines is cut in the middle.
    """
    is_print = print_sizes.print_width() is not None
    size = print_sizes.SMALLEST if is_print else 8.5
    width = int(figure.get_figwidth() * CHARACTERS * 8.5 / size)
    text = fonts.readable(text)
    lines = wrap(shortened(printable(text).lstrip("; "), MOST_LINES * width), width)
    if len(lines) > 1 or is_print:
        line = 0.16 * size / 8.5 / figure.get_figheight()
        room = 1.6 * line + line * (len(lines) - 1) if is_print else 0.045 + line * (len(lines) - 1)
        layout: Any = figure.get_layout_engine()  # `panels` chose a constrained layout
        layout.set(rect=(0, room, 1, (0.99 if is_print else 0.93) - room))
    written: Any = figure.text(0.01, 0.012, "\n".join(lines), fontsize=size, color=theme().quiet)
    written.set(ha="left", va="bottom", parse_math=False)
