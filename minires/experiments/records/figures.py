"""The figures of a run, beside its tables."""

from collections.abc import Mapping
from pathlib import Path

from ... import plot
from ...names import expanded
from ...types import Figure, PathLike


def save_figures(figures: Mapping[str, Figure], folder: PathLike) -> list[Path]:
    """Write figures, by name, as PNG files into a run's folder; returns their paths. Those of the
    dark theme are called ``NAME-dark.png``.

    Raises CheckpointError if they cannot be written.
    """
    ending = f"{plot.theme().suffix}.png"
    return [
        plot.save(figure, expanded(folder) / f"{name}{ending}") for name, figure in figures.items()
    ]
