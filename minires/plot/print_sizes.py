"""Figures for a column of a paper: as wide as it is, with letters of 7 to 9 points.

A figure that is drawn 10 inches wide and printed 3.5 inches wide has letters of 3 points. So it is
laid out anew for the width: panels go below each other where they do not fit side by side, letters
and lines get the size that they are printed in, and labels that would run into each other turn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from textwrap import fill
from typing import Any

SMALLEST, NOTE, LARGEST = 7.0, 7.5, 9.0  # points: of any letter, of one in a panel, of any letter
PANEL = 1.9  # inches: no panel is narrower
ROW = 2.15  # inches, the height of a row of panels
LINE = 0.70  # of the width of lines on a screen
DOTS = 300  # an inch, of an image


@dataclass(frozen=True)
class PrintWidth:
    """A width to draw for: its name, and inches."""

    name: str
    inches: float

    @property
    def suffix(self) -> str:
        """Of the names of files drawn in it."""
        return f"-{self.name}"

    @property
    def settings(self) -> dict[str, Any]:
        """Matplotlib's settings, over those of the theme."""
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
        """How many of so many panels stand side by side, in rows that are as full as can be."""
        rows = ceil(panels / max(1, int(self.inches / PANEL)))
        return ceil(panels / rows)

    def height(self, panels: int) -> float:
        """Of a figure of so many panels, in inches, with room for legend and caption."""
        return ROW * ceil(panels / self.columns(panels)) + 0.55


#: Of two columns: IEEE's, which are close to those of most conferences and journals.
WIDTHS = {one.name: one for one in (PrintWidth("one-column", 3.5), PrintWidth("two-column", 7.16))}
_chosen: ContextVar[PrintWidth | None] = ContextVar("print_width", default=None)


def print_width() -> PrintWidth | None:
    """The width to draw for; None for a screen."""
    return _chosen.get()


@contextmanager
def use_width(name: str) -> Iterator[PrintWidth]:
    """Within: figures are drawn for a column of a paper, "one-column" or "two-column"."""
    token = _chosen.set(WIDTHS[name])
    try:
        yield WIDTHS[name]
    finally:
        _chosen.reset(token)


def fit(figure: Any) -> None:
    """Give all letters, lines and marks of a drawn figure the size that they are printed in."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    if getattr(figure, "is_fitted", False):  # by a function that this one was drawn in
        return
    figure.is_fitted = True
    for text in figure.findobj(Text):
        text.set_fontsize(min(LARGEST, max(SMALLEST, text.get_fontsize())))
    for ax in figure.axes:
        for text in ax.texts:  # names and numbers beside lines and bars
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
    """Legends of the figure in as many columns as fit, with the panels below them."""
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
    """Turn the names under the x axis if two of them run into each other."""
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
    """Write the name of the y axis in as many lines as the height of the panel asks for."""
    words = " ".join(ax.get_ylabel().split())
    room = ax.get_window_extent(renderer).height
    for lines in range(1, 5):
        box = ax.yaxis.label.get_window_extent(renderer)
        if box.height <= room or not words:
            return
        ax.set_ylabel(fill(words, ceil(len(words) / (lines + 1)) + 3))


def _left(box):
    return box.x0
