"""How much the images of each class count in the loss, where a training set is uneven.

A net that sees 900 cats and 100 dogs can say "cat" to everything and be wrong in a tenth of the
cases only. If a dog counts nine times as much as a cat, that no longer pays.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..checks import integer
from ..data.batches import AnyDataset
from ..errors import ConfigError, DataError
from ..types import ArrayLike
from .config import RunConfig


def balanced_weights(labels: ArrayLike, num_classes: int) -> tuple[float, ...]:
    """n / (K n_k) for each class k: n images, n_k of them of that class, K classes with images.

    With these all classes count alike, and the mean weight of an image is 1: they are those of
    scikit-learn's ``compute_class_weight("balanced")``, after King and Zeng 2001, *Logistic
    Regression in Rare Events Data*. A class without images gets 0.

    Parameters
    ----------
    labels : array of int (n,)
        From 0 to `num_classes` - 1.
    num_classes : int

    Raises
    ------
    DataError
        For labels that are no list of such numbers.
    ConfigError
        If `num_classes` is not a whole number of at least 1.
    """
    num_classes = integer("balanced_weights", "num_classes", num_classes)
    counts = _counts(np.asarray(labels), num_classes)
    present = int((counts > 0).sum())
    return tuple(float(counts.sum() / (present * n)) if n else 0.0 for n in counts)


def with_class_weights(config: RunConfig, train_set: AnyDataset) -> RunConfig:
    """The config with a number for each class of `train_set`, if it has class weights.

    Raises
    ------
    ConfigError
        If it has another number of them than the set has classes, or 0 for a class with images: a
        batch of such images alone would have no loss.
    """
    weights, classes = config.class_weights, train_set.classes
    if weights is None:
        return config
    if isinstance(weights, str):
        return replace(config, class_weights=balanced_weights(train_set.labels, len(classes)))
    check_number(weights, classes)
    counts = _counts(np.asarray(train_set.labels), len(classes))
    for name, weight, images in zip(classes, weights, counts):
        if images and not weight:
            raise ConfigError(
                "class_weights",
                f"no weight for {name}, which has images",
                "a number above 0",
                str(weight),
                "to train without a class, name the others in only",
            )
    return config


def check_number(weights: str | Sequence[float] | None, classes: Sequence[str]) -> None:
    """Raise ConfigError for another number of class weights than there are classes."""
    if weights is not None and not isinstance(weights, str) and len(weights) != len(classes):
        expected = f"{len(classes)}, one for each of {', '.join(classes)}"
        raise ConfigError("class_weights", "numbers", expected, str(len(weights)))


def _counts(labels, classes):
    """How many of the labels name each class."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.size == 0:
        got = f"{labels.dtype} of shape {labels.shape}"
        raise DataError("class_weights", "labels of the wrong kind", "a list of integers", got)
    if wrong := [label for label in (labels.min(), labels.max()) if not 0 <= label < classes]:
        expected = f"0 to {classes - 1} ({classes} classes)"
        raise DataError("class_weights", "label out of range", expected, str(wrong[0]))
    return np.bincount(labels, minlength=classes)
