"""Figures for a column of a paper: as wide as the column, with letters of 7 to 9 points.

If a figure is drawn 10 inches wide and printed 3.5 inches wide, its letters have 3 points. So the
figure is laid out again for the narrower width: panels that do not fit side by side go below each
other, letters and lines are drawn in the size of print, and labels that would overlap are turned.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from textwrap import fill
from typing import Any

from ..errors import unknown_name

SMALLEST, LARGEST = 7.0, 9.0  # points, of any letter
NOTE = 7.5  # points: the largest letter inside a panel
PANEL = 1.9  # inches, the least width of a panel
ROW = 2.15  # inches, the height of a row of panels
LINE = 0.70  # the width of lines, as a fraction of that on a screen
DOTS = 300  # per inch, in an image


@dataclass(frozen=True)
class PrintWidth:
    """A width of figures: its name, and its size in inches."""

    name: str
    inches: float

    @property
    def suffix(self) -> str:
        """What is added to the names of files drawn in this width."""
        return f"-{self.name}"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings for Matplotlib, which go over those of the theme."""
        return {
            "font.size": 8,
            "axes.titlesize": 8.5,
            "axes.labelsize": 8,
            "xtick.labelsize": 7.5,
            "ytick.labelsize": 7.5,
            "legend.fontsize": 7.5,
            "axes.linewidth": 0.6,
            "grid.linewidth": 0.5,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
        }

    def columns(self, panels: int) -> int:
        """How many of these panels stand side by side, if the rows are as equal as possible."""
        rows = ceil(panels / max(1, int(self.inches / PANEL)))
        return ceil(panels / rows)

    def height(self, panels: int) -> float:
        """The height of a figure of so many panels in inches, with room for legend and caption."""
        return ROW * ceil(panels / self.columns(panels)) + 0.55


#: The widths of one and of two columns of IEEE, close to those of most conferences and journals.
WIDTHS = {one.name: one for one in (PrintWidth("one-column", 3.5), PrintWidth("two-column", 7.16))}
_chosen: ContextVar[PrintWidth | None] = ContextVar("print_width", default=None)


def print_width() -> PrintWidth | None:
    """The width that figures are drawn for; None for a screen."""
    return _chosen.get()


@contextmanager
def use_width(name: str) -> Iterator[PrintWidth]:
    """Within: figures are drawn for a column of a paper, "one-column" or "two-column".

    Raises ConfigError for another name.
    """
    if name not in WIDTHS:
        raise unknown_name("use_width", "width", name, WIDTHS)
    token = _chosen.set(WIDTHS[name])
    try:
        yield WIDTHS[name]
    finally:
        _chosen.reset(token)


def fit(figure: Any) -> None:
    """Give all letters, lines and marks of a drawn figure their size in print."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    if getattr(figure, "is_fitted", False):  # one drawing function may call another
        return
    figure.is_fitted = True
    for text in figure.findobj(Text):
        text.set_fontsize(min(LARGEST, max(SMALLEST, text.get_fontsize())))
    for ax in figure.axes:
        for text in ax.texts:  # names and numbers inside a panel
            text.set_fontsize(min(NOTE, text.get_fontsize()))
    for line in figure.findobj(Line2D):
        line.set_linewidth(LINE * line.get_linewidth())
        line.set_markersize(LINE * line.get_markersize())
        line.set_markeredgewidth(LINE * line.get_markeredgewidth())
    axes = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for ax in axes:
        if not ax.get_ylabel() and _in_first_column(ax):
            ax.set_ylabel(axes[0].get_ylabel())
    _narrow_legends(figure)
    figure.canvas = FigureCanvasAgg(figure)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for ax in axes:
        _turn_labels(ax, renderer)
        _break_title_of_y(ax, renderer)


def _in_first_column(ax):
    place = ax.get_subplotspec()
    return place is not None and place.is_first_col()


def _narrow_legends(figure):
    """Give the figure's legends as many columns as fit, and put the panels below them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for legend in list(figure.legends):
        handles, labels = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
        renderer = FigureCanvasAgg(figure).get_renderer()
        for columns in range(len(labels), 0, -1):
            legend.remove()
            legend = figure.legend(
                handles, labels, loc="upper right", ncols=columns, borderaxespad=0.2
            )
            box = legend.get_window_extent(renderer)
            if box.width < 0.98 * figure.bbox.width:
                break
        left, low, width, height = figure.get_layout_engine().get()["rect"]
        top = 1 - box.height / figure.bbox.height - 0.02
        figure.get_layout_engine().set(rect=(left, low, width, min(height, top - low)))


def _turn_labels(ax, renderer):
    """Turn the labels under the x axis if two of them would overlap."""
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    low, high = ax.get_window_extent(renderer).intervalx
    boxes = [label.get_window_extent(renderer) for label in labels]
    boxes = sorted((box for box in boxes if low <= (box.x0 + box.x1) / 2 <= high), key=_left)
    if all(one.x1 + 2 < other.x0 for one, other in zip(boxes, boxes[1:])):
        return
    ax.tick_params(axis="x", labelrotation=40)
    for label in ax.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor", text=label.get_text().replace("\n", " "))


def _break_title_of_y(ax, renderer):
    """Break the label of the y axis into lines until it is no longer than the panel is high."""
    words = " ".join(ax.get_ylabel().split())
    room = ax.get_window_extent(renderer).height
    for lines in range(1, 5):
        box = ax.yaxis.label.get_window_extent(renderer)
        if box.height <= room or not words:
            return
        ax.set_ylabel(fill(words, ceil(len(words) / (lines + 1)) + 3))


def _left(box):
    return box.x0
