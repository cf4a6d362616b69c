"""A labelled set of feature vectors: what frozen layers make of images, found once and used in every epoch."""

from dataclasses import dataclass

import numpy as np

from ... import backend
from ...errors import ConfigError
from ..loader import Stream


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
        return f"FeatureDataset({self.name}: {len(self):,} vectors of {self.features.shape[1]}, {len(self.classes)} classes)"

    @property
    def input_shape(self):
        """The shape of one vector, (C,)."""
        return self.features.shape[1:]

    def training_batches(self, recipe, shuffle, augment, device="cpu"):
        """The stream of batches that a `Recipe` asks for. Raises ConfigError if it asks for crops or flips: there are no images to cut."""
        if recipe.crop_padding or recipe.crop_scale is not None or recipe.flip:
            raise ConfigError(self.name, "features are not images", "a recipe without crops and flips",
                              f"crop_padding {recipe.crop_padding}, crop_scale {recipe.crop_scale}, flip {recipe.flip}")
        return FeatureBatches(self, recipe.batch_size, shuffle, augment, device)


class FeatureBatches(Stream):
    """An endless stream of training batches; see `Stream`."""

    def __init__(self, dataset, batch_size, shuffle, augment, device="cpu"):
        super().__init__(dataset, batch_size, shuffle, augment)
        self.device = device

    def next(self):
        """The next batch: features, array of float32 (batch_size, C) on the device of this stream, and labels, int64 (batch_size,)."""
        chosen = self._choose()
        return backend.move(self.dataset.features[chosen], self.device), self.dataset.labels[chosen]

    def evaluating(self, dataset, batch_size):
        return FeatureEvaluation(dataset, batch_size, self.device)


class FeatureEvaluation:
    """Every vector once, in order. Can be gone through any number of times: ``for features, labels in batches``."""

    def __init__(self, dataset, batch_size, device="cpu"):
        self.dataset, self.batch_size, self.device = dataset, batch_size, device

    def __iter__(self):
        for start in range(0, len(self.dataset), self.batch_size):
            part = slice(start, start + self.batch_size)
            yield backend.move(self.dataset.features[part], self.device), self.dataset.labels[part]
