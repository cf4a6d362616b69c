"""A picture with a slider: it changes with one number."""

import io
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from ..errors import ConfigError
from .html_pieces import address
from .pictures import show
from .surface import surface


def slider(
    name: str,
    values: Sequence[float],
    draw: Callable[[Any, float], None],
    *,
    frames: Sequence[float],
    alt: str,
    size: tuple[float, float] = (4.2, 3.0),
) -> None:
    """Show a picture that changes with a number.

    A live notebook shows a slider, which the arrow keys move too. On a page, and wherever nobody
    can move a slider, a few states of the picture are shown side by side, or below each other where
    the screen is narrow.

    Parameters
    ----------
    name : str
        The name of the number, such as "gain".
    values : list of float
        All values of the slider, in order.
    draw : callable
        ``draw(ax, value)`` draws one state on an empty Matplotlib `Axes`; it should be quick.
    frames : list of float
        The values, among `values`, that a page shows; a live picture starts with the first.
    alt : str
        What the frames show, in a sentence or two, for readers who do not see them.
    size : (float, float)
        Width and height of one state, in inches.

    Raises
    ------
    ConfigError
        If `frames` is empty or holds a number that is not in `values`.

    Notes ----- Do not use it in the cell right after `predict`, whose output is kept as plain HTML.
    """
    missing = [one for one in frames if one not in values]
    if missing or not frames:
        raise ConfigError(
            "slider",
            "frames",
            f"some of {', '.join(f'{one:g}' for one in values)}",
            ", ".join(f"{one:g}" for one in missing) or "none",
        )
    if surface() == "widgets":
        _show_live(name, values, draw, frames[0], size)
        return
    if surface() == "page":
        _show_frames(name, draw, frames, alt, size)
        return
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1,
        len(frames),
        figsize=(size[0] * len(frames), size[1]),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, value in zip(axes[0], frames):
        draw(ax, value)
        ax.set_title(f"{name} {value:.4g}")
    show(alt, figure)


def _show_live(name, values, draw, first, size):
    import ipywidgets as widgets
    from IPython.display import display

    picture = widgets.HTML(_as_image(name, draw, first, size))
    chosen = widgets.SelectionSlider(
        options=[(f"{value:.4g}", value) for value in values],
        value=first,
        description=name,
        continuous_update=False,
        layout=widgets.Layout(width="100%", max_width="34em"),
    )

    def redraw(change):
        picture.value = _as_image(name, draw, change["new"], size)

    chosen.observe(redraw, "value")
    display(widgets.VBox([chosen, picture]))


def _show_frames(name, draw, frames, alt, size):
    """A few states, each a picture of its own, so that a narrow page can break the row."""
    from IPython.display import display

    figures = [_figure(name, draw, value, size) for value in frames]
    ends = [end for figure in figures for end in figure.axes[0].get_ylim()]
    for figure in figures:  # one scale for all, as if they shared an axis
        figure.axes[0].set_ylim(min(ends), max(ends))
    same = "The same picture as the one before it, drawn for"
    words = [alt, *(f"{same} {name} {value:.4g} instead." for value in frames[1:])]
    width = round(100 * size[0])
    style = f"flex: 1 1 {min(width, 700 // len(frames))}px; min-width: 0; max-width: {width}px"
    shown = "\n".join(_html(figure, one, style) for figure, one in zip(figures, words))
    row = f'<div style="display: flex; flex-wrap: wrap; align-items: start">{shown}</div>'
    display({"text/html": row, "text/plain": alt}, raw=True)


def _as_image(name, draw, value, size):
    """One state of the picture, as HTML."""
    figure = _figure(name, draw, value, (1.5 * size[0], 1.5 * size[1]))
    return _html(figure, f"The picture for {name} {value:.4g}", "max-width: 100%")


def _figure(name, draw, value, size):
    from matplotlib.figure import Figure  # without pyplot, so that no figure stays open

    figure = Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    draw(ax, value)
    ax.set_title(f"{name} {value:.4g}")
    return figure


def _html(figure, words, style):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return (
        f'<img alt="{escape(words, quote=True)}" style="{style}" '
        f'src="{address(file.getvalue(), "image/png")}">'
    )
