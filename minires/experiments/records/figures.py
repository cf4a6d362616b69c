"""Save the figures of a run beside its tables."""

from collections.abc import Mapping
from pathlib import Path

from ... import plot
from ...names import expanded
from ...types import Figure, PathLike


def save_figures(figures: Mapping[str, Figure], folder: PathLike) -> list[Path]:
    """Save figures as ``NAME.png`` in the folder of a run, and return the paths.

    With the dark theme in force the files are called ``NAME-dark.png``. Raises CheckpointError if a
    file cannot be written.
    """
    ending = f"{plot.theme().suffix}.png"
    return [
        plot.save(figure, expanded(folder) / f"{name}{ending}") for name, figure in figures.items()
    ]
