"""Figures with a description, for readers who do not see them."""

from typing import Any

from .surface import shell


def show(alt: str, figure: Any = None) -> None:
    """Show a figure of Matplotlib and say in words what it shows.

    A notebook keeps the words beside the picture: pages made from it have them as the picture's
    alternative text, which screen readers read aloud.

    Parameters
    ----------
    alt : str
        What the figure shows, in a sentence or two.
    figure : Figure, optional
        By default the current one.
    """
    import matplotlib.pyplot as plt

    figure = figure if figure is not None else plt.gcf()
    if getattr(shell(), "kernel", None) is None:
        plt.show()
        return
    from IPython.display import display

    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)
