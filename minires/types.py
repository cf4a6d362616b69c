"""Names for the types of arguments that many functions take, for use in type hints."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import matplotlib.figure

#: A NumPy array or, on a GPU, CuPy's, which has the same methods.
Array: TypeAlias = np.ndarray
#: Anything that `numpy.asarray` turns into an array.
ArrayLike: TypeAlias = Array | np.generic | Sequence[Any] | float
Shape: TypeAlias = tuple[int, ...]
#: One number for height and width, or one for each.
IntPair: TypeAlias = int | tuple[int, int]
#: Axes to work along: one, several, or None for all.
Axes: TypeAlias = int | tuple[int, ...] | None
Device: TypeAlias = Literal["cpu", "gpu"]
PathLike: TypeAlias = str | os.PathLike[str]
Mode: TypeAlias = Literal["train", "eval"]
#: A row of a table: column -> number or word.
Row: TypeAlias = dict[str, Any]
#: In quotes, because Matplotlib is imported only when a figure is drawn.
Figure: TypeAlias = "matplotlib.figure.Figure"
