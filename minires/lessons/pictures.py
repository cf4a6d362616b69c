"""Figures with a description, for readers who do not see them."""

from typing import Any

from ..plot import on_screen
from .revealing import description
from .surface import shell


def show(alt: str, figure: Any = None) -> None:
    """Show a Matplotlib figure together with a description in words.

    A notebook stores the words with the picture. Pages made from it use them as the alternative
    text, which screen readers read aloud.

    Parameters
    ----------
    alt : str
        What the figure shows, in a sentence or two. In these notebooks it may be the key of a
        question, such as "04.rows": the words beside a question would give its answer away.
    figure : Figure, optional
        By default the current figure.
    """
    import matplotlib.pyplot as plt

    figure = figure if figure is not None else plt.gcf()
    if getattr(shell(), "kernel", None) is None:
        plt.show()
        return
    from IPython.display import display

    png, size = on_screen(figure, tight=True)
    display(
        {"image/png": png, "text/plain": repr(figure)},
        metadata={"image/png": {"alt": description(alt), **size}},
        raw=True,
    )
    plt.close(figure)
