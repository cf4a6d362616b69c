"""A labelled set of feature vectors, which frozen layers computed from images once for all."""

from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ...types import Array, Shape


@dataclass(frozen=True, eq=False, repr=False)
class FeatureDataset:
    """Feature vectors with one label each.

    Parameters
    ----------
    features : ndarray of float32, shape (N, C)
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
        The name of each class.
    name : str
        What the set is called in tables and errors.

    Raises
    ------
    DataError
        If the shapes do not fit, or a label is not a position in `classes`.
    """

    features: Array
    labels: Array
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        if np.ndim(self.features) != 2 or np.shape(self.labels) != (len(self.features),):
            got = f"shapes {np.shape(self.features)} and {np.shape(self.labels)}"
            raise DataError(self.name, "features and labels", "shapes (N, C) and (N,)", got)
        wrong = [label for label in self.labels if not 0 <= label < len(self.classes)]
        if wrong:
            expected = f"0 to {len(self.classes) - 1}"
            raise DataError(self.name, "a label is out of range", expected, wrong[0])

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        size = self.features.shape[1]
        return (
            f"FeatureDataset({self.name}: {len(self):,} vectors of {size}, "
            f"{len(self.classes)} classes)"
        )

    @property
    def input_shape(self) -> Shape:
        """The shape of one vector, (C,)."""
        return self.features.shape[1:]

    def inputs(self, indices: Array) -> Array:
        """The vectors at these positions, (len(indices), C)."""
        return self.features[indices]
