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
    can move a slider, a few states of the picture are shown side by side.

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


def _as_image(name, draw, value, size):
    """One state of the picture, as HTML."""
    from matplotlib.figure import Figure  # without pyplot, so that no figure stays open

    figure = Figure(figsize=(1.5 * size[0], 1.5 * size[1]), layout="constrained")
    ax = figure.subplots()
    draw(ax, value)
    ax.set_title(f"{name} {value:.4g}")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    words = escape(f"The picture for {name} {value:.4g}", quote=True)
    return (
        f'<img alt="{words}" style="max-width: 100%" src="{address(file.getvalue(), "image/png")}">'
    )
