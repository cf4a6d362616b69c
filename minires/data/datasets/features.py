"""A labelled set of feature vectors, which frozen layers make of images once."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class FeatureDataset:
    """Feature vectors with one label each.

    Parameters
    ----------
    features : ndarray of float32, shape (N, C)
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
    name : str
    """

    features: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    name: str

    def __len__(self):
        return len(self.features)

    def __repr__(self):
        size = self.features.shape[1]
        return (
            f"FeatureDataset({self.name}: {len(self):,} vectors of {size}, "
            f"{len(self.classes)} classes)"
        )

    @property
    def input_shape(self):
        """The shape of one vector, (C,)."""
        return self.features.shape[1:]

    def inputs(self, indices):
        """The vectors at these positions, (len(indices), C)."""
        return self.features[indices]
