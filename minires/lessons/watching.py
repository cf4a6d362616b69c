"""A picture that is drawn anew while something is computed."""

from collections.abc import Callable, Iterable
from typing import Any

from .. import checks
from ..plot.live import LivePicture
from .surface import surface


def watch(
    draw: Callable[..., None],
    states: Iterable[tuple[Any, ...]],
    *,
    every: int = 1,
    alt: str,
    size: tuple[float, float] = (4.2, 3.0),
) -> None:
    """In a live notebook, draw one picture again and again while `states` are computed.

    On a page, in a terminal and in a script nothing is computed and nothing is shown: the lesson
    has to show what matters as a still picture too.

    Parameters
    ----------
    draw : callable
        ``draw(ax, *state)`` draws one state on an empty Matplotlib `Axes`; it should be quick.
    states : iterable of tuple
        Such as a generator that trains a net, and yields after each step what there is to draw.
    every : int
        The first state is drawn, and from there each one whose number is a multiple of it.
    alt : str
        What the picture shows, in a sentence or two, for readers who do not see it.
    size : (float, float)
        Width and height, in inches.

    Raises
    ------
    ConfigError
        If `every` is not a whole number of at least 1.
    """
    checks.integer("watch", "every", every, 1)
    if surface() != "widgets":
        return
    from matplotlib.figure import Figure  # without pyplot, so that no figure stays open

    picture = LivePicture()
    for number, state in enumerate(states):
        if number % every == 0:
            figure = Figure(figsize=size, layout="constrained")
            draw(figure.subplots(), *state)
            picture.show(figure, alt, alt)
