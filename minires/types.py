"""The names that type hints use for what many functions take."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import matplotlib.figure

#: A NumPy array or, on a GPU, CuPy's, which has the same methods.
Array: TypeAlias = np.ndarray
#: What `numpy.asarray` makes an array of.
ArrayLike: TypeAlias = Array | np.generic | Sequence[Any] | float
Shape: TypeAlias = tuple[int, ...]
#: One number for height and width, or one for each.
IntPair: TypeAlias = int | tuple[int, int]
#: Axes to work along: one, several, or None for all.
Axes: TypeAlias = int | tuple[int, ...] | None
Device: TypeAlias = Literal["cpu", "gpu"]
PathLike: TypeAlias = str | os.PathLike[str]
Mode: TypeAlias = Literal["train", "eval"]
#: Of a table: column -> number or word.
Row: TypeAlias = dict[str, Any]
#: In quotes, for Matplotlib is imported when a figure is drawn.
Figure: TypeAlias = "matplotlib.figure.Figure"
