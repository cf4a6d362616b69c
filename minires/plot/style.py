"""One style for all figures: the frame that each is drawn in, with its fonts, panels and caption.

Matplotlib is imported only when a figure is drawn, so that importing minires stays quick.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from textwrap import wrap
from typing import Any, ParamSpec, TypeVar

from ..names import printable, shortened
from ..types import Array, Figure
from . import fonts, print_sizes
from .saving import picture
from .themes import theme

P = ParamSpec("P")
T = TypeVar("T")

CHARACTERS = 15.5  # of a caption, per inch
MOST_LINES = 10  # of a caption, about; more would leave no room for the panels


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


def whole_numbers(axis: Any) -> None:
    """Put ticks only at whole numbers, for epochs, layers and classes."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True, min_n_ticks=1))


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
