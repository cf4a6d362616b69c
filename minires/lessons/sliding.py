"""A picture with a slider: it changes with one number."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from ..drawing import svg
from ..errors import ConfigError
from ..plot import on_screen
from .html_pieces import address
from .pictures import show
from .surface import surface


def slider(
    name: str,
    values: Sequence[float],
    draw: Callable[[Any, float], None] | None = None,
    *,
    frames: Sequence[float],
    alt: str,
    picture: Callable[[float], Any] | None = None,
    size: tuple[float, float] = (4.2, 3.0),
) -> None:
    """Show a picture that changes with a number.

    A live notebook shows a slider, and two buttons that move it by one step. On a page, and
    wherever nobody can move a slider, a few states of the picture are shown side by side, or below
    each other where the screen is narrow.

    Parameters
    ----------
    name : str
        The name of the number, such as "gain".
    values : list of float
        All values of the slider, in order.
    draw : callable, optional
        ``draw(ax, value)`` draws one state on an empty Matplotlib `Axes`; it should be quick.
    frames : list of float
        The values, among `values`, that a page shows; a live picture starts with the first.
    alt : str
        What the frames show, in a sentence or two, for readers who do not see them.
    picture : callable, optional
        Instead of `draw`: ``picture(value)`` returns one state as a whole picture, a Matplotlib
        `Figure` such as `plot.im2col` makes, or one of boxes and arrows from `mr.graph`.
    size : (float, float)
        Width and height of one state that `draw` draws, in inches.

    Raises
    ------
    ConfigError
        If `frames` is empty or holds a number that is not in `values`, or if not exactly one of
        `draw` and `picture` is given.

    Notes
    -----
    Do not use it in the cell right after `predict`, whose output is kept as plain HTML.
    """
    if (draw is None) == (picture is None):
        given = "neither" if draw is None else "both"
        raise ConfigError("slider", "draw, picture", "one of them", given)
    missing = [one for one in frames if one not in values]
    if missing or not frames:
        raise ConfigError(
            "slider",
            "frames",
            f"some of {', '.join(f'{one:g}' for one in values)}",
            ", ".join(f"{one:g}" for one in missing) or "none",
        )
    if surface() == "widgets":

        def state(value):
            if draw is None:
                return _captioned(name, value, picture(value))
            return _as_image(name, draw, value, size)

        _show_live(name, values, state, frames[0])
        return
    if draw is None:
        _show_pictures(name, picture, frames, alt)
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


def _show_live(name, values, state, first):
    """A slider above one state; ``state(value)`` is its HTML.

    Jupyter Notebook takes the arrow keys for itself, even if a slider has the focus, and goes to
    another cell. So two buttons move the slider by one step: Tab reaches them, Enter presses them.
    """
    import ipywidgets as widgets
    from IPython.display import display

    picture = widgets.HTML(state(first))
    chosen = widgets.SelectionSlider(
        options=[(f"{value:.4g}", value) for value in values],
        value=first,
        description=name,
        continuous_update=False,
        layout=widgets.Layout(width="100%", max_width="34em"),
    )

    def redraw(change):
        picture.value = state(change["new"])

    def button(sign, way, step):
        one = widgets.Button(
            description=sign, tooltip=way, layout=widgets.Layout(width="2.6em", padding="0")
        )
        one.on_click(lambda _: move(step))
        return one

    def move(step):
        chosen.index = min(max(chosen.index + step, 0), len(values) - 1)

    chosen.observe(redraw, "value")
    buttons = [button("◀", "one step back", -1), button("▶", "one step on", 1)]
    display(widgets.VBox([widgets.HBox([chosen, *buttons]), picture]))


def _show_frames(name, draw, frames, alt, size):
    """A few states, each a picture of its own, so that a narrow page can break the row."""
    from IPython.display import display

    figures = [_figure(name, draw, value, size) for value in frames]
    words = _words(name, frames, alt)
    ends = [end for figure in figures for end in figure.axes[0].get_ylim()]
    for figure in figures:  # one scale for all, as if they shared an axis
        figure.axes[0].set_ylim(min(ends), max(ends))
    width = round(100 * size[0])
    style = f"flex: 1 1 {min(width, 700 // len(frames))}px; min-width: 0; max-width: {width}px"
    shown = [_html(figure, one, style) for figure, one in zip(figures, words)]
    display({"text/html": _row(shown), "text/plain": alt}, raw=True)


def _show_pictures(name, picture, frames, alt):
    """A few states, each a whole picture in its own size, or as wide as the page."""
    if surface() != "page":
        for value, words in zip(frames, _words(name, frames, alt)):
            one = picture(value)
            if not isinstance(one, svg.Picture):  # there is no window that shows an SVG
                show(words, one)
        return
    from IPython.display import display

    shown = [
        _captioned(name, value, picture(value), words, 700 // len(frames))
        for value, words in zip(frames, _words(name, frames, alt))
    ]
    display({"text/html": _row(shown), "text/plain": alt}, raw=True)


def _captioned(name, value, picture, words=None, share=700):
    """A whole picture as HTML, below its value.

    It shrinks to its `share` of a row, in pixels, but by a quarter at most: then the row breaks.
    """
    words = words or f"The picture for {name} {value:.4g}"
    if isinstance(picture, svg.Picture):
        image, width = svg.Picture(picture.svg, words).html(), picture.width
    else:
        image = _html(picture, words, "max-width: 100%")
        width = round(100 * picture.get_figwidth())
    basis = max(min(width, share), 3 * width // 4)
    style = f"flex: 1 1 {basis}px; min-width: 0; max-width: {width}px; margin: 0 0 1em"
    return (
        f'<figure style="{style}"><figcaption style="text-align: center"><b>{name} {value:.4g}</b>'
        f"</figcaption>{image}</figure>"
    )


def _row(shown):
    inside = "\n".join(shown)
    return f'<div style="display: flex; flex-wrap: wrap; align-items: start">{inside}</div>'


def _words(name, frames, alt):
    """The alternative text of each frame."""
    same = "The same picture as the one before it, drawn for"
    return [alt, *(f"{same} {name} {value:.4g} instead." for value in frames[1:])]


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
    png, size = on_screen(figure, 100)
    return (
        f'<img alt="{escape(words, quote=True)}" width="{size["width"]}" '
        f'style="{style}; height: auto" src="{address(png, "image/png")}">'
    )
