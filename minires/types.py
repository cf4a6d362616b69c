"""The names that type hints use for what many functions take."""

import os
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

#: A NumPy array or, on a GPU, CuPy's, which has the same methods.
Array: TypeAlias = np.ndarray
#: What `numpy.asarray` makes an array of.
ArrayLike: TypeAlias = Array | Sequence[Any] | float
Shape: TypeAlias = tuple[int, ...]
#: One number for height and width, or one for each.
IntPair: TypeAlias = int | tuple[int, int]
#: Axes to work along: one, several, or None for all.
Axes: TypeAlias = int | tuple[int, ...] | None
Device: TypeAlias = Literal["cpu", "gpu"]
PathLike: TypeAlias = str | os.PathLike[str]
