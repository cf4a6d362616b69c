"""How much the images of each class count in the loss, where a training set is uneven.

A net that sees 900 cats and 100 dogs can say "cat" to everything and be wrong in a tenth of the
cases only. If a dog counts nine times as much as a cat, that no longer pays.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..data.batches import AnyDataset
from ..errors import ConfigError
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
    """
    counts = np.bincount(np.asarray(labels), minlength=num_classes)
    present = int((counts > 0).sum())
    return tuple(float(counts.sum() / (present * n)) if n else 0.0 for n in counts)


def with_class_weights(config: RunConfig, train_set: AnyDataset) -> RunConfig:
    """The config with a number for each class of `train_set`, if it has class weights.

    Raises
    ------
    ConfigError
        If it has another number of them than the set has classes.
    """
    weights, classes = config.class_weights, train_set.classes
    if weights is None:
        return config
    if isinstance(weights, str):
        return replace(config, class_weights=balanced_weights(train_set.labels, len(classes)))
    check_number(weights, classes)
    return config


def check_number(weights: str | Sequence[float] | None, classes: Sequence[str]) -> None:
    """Raise ConfigError for another number of class weights than there are classes."""
    if weights is not None and not isinstance(weights, str) and len(weights) != len(classes):
        expected = f"{len(classes)}, one for each of {', '.join(classes)}"
        raise ConfigError("class_weights", "numbers", expected, str(len(weights)))
