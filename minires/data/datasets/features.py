"""A labelled set of feature vectors, which frozen layers make of images once."""

from dataclasses import dataclass

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
    name : str
    """

    features: Array
    labels: Array
    classes: tuple[str, ...]
    name: str

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
