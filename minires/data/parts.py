"""Parts of a labelled set: the images of some classes, and a validation part of a training set."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from .. import checks
from ..errors import ConfigError, unknown_name
from .datasets.image_dataset import ImageDataset
from .datasets.photographs import PhotographDataset

Images = TypeVar("Images", ImageDataset, PhotographDataset)


def only_classes(dataset: Images, names: Sequence[str]) -> Images:
    """The images of the classes `names`, as a set with these classes alone.

    The classes keep the order that they have in `dataset`, and so do the images.

    Raises
    ------
    ConfigError
        For a class that the set does not have, the same one twice, or fewer than two.
    """
    check_classes(dataset.name, dataset.classes, names)
    kept = [label for label, name in enumerate(dataset.classes) if name in names]
    new_labels = np.full(len(dataset.classes), -1)
    new_labels[kept] = np.arange(len(kept))
    labels = new_labels[dataset.labels]
    chosen = np.flatnonzero(labels >= 0)
    part: Any = dataset.pick(chosen)
    return replace(part, labels=labels[chosen], classes=tuple(dataset.classes[i] for i in kept))


def check_classes(dataset: str, known: Sequence[str], names: Sequence[str]) -> None:
    """Raise ConfigError for a class that is not among those `known` in the data set of that name,
    the same one twice, or fewer than two.
    """
    for name in names:
        if name not in known:
            raise unknown_name(dataset, "class", name, known)
    if len(set(names)) < max(2, len(names)):
        expected = "two or more, each once"
        raise ConfigError(dataset, "only these classes", expected, " ".join(names))


def validation_part(dataset: Images, fraction: float, seed: int = 0) -> tuple[Images, Images]:
    """The set without a part that is kept for validation, and that part.

    From each class the same fraction is taken at random: at least one image, and never the last.

    Parameters
    ----------
    dataset : ImageDataset or PhotographDataset
        A training set.
    fraction : float
        Above 0 and below 1.
    seed : int
        For the choice.

    Raises
    ------
    ConfigError
        If the fraction makes no sense, or no class has two images.
    """
    fraction = checks.number(
        "validation_part", "fraction", fraction, "a number between 0 and 1", lambda x: 0 < x < 1
    )
    rng = np.random.default_rng(seed)
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes)).tolist()
    chosen: list[int] = []
    for label, size in enumerate(validation_sizes(dataset.name, counts, fraction)):
        chosen += rng.permutation(np.flatnonzero(dataset.labels == label))[:size].tolist()
    is_chosen = np.zeros(len(dataset), bool)
    is_chosen[chosen] = True
    return dataset.pick(np.flatnonzero(~is_chosen)), dataset.pick(np.flatnonzero(is_chosen))


def validation_sizes(dataset: str, counts: Sequence[int], fraction: float) -> list[int]:
    """How many images of each class `validation_part` takes from a data set of that name with
    `counts` images of each class.

    Raises ConfigError if no class has two images.
    """
    sizes = [min(max(1, round(fraction * count)), max(0, count - 1)) for count in counts]
    if not any(sizes):
        raise ConfigError(
            dataset,
            "too few training images for a validation part",
            "two or more of a class",
            f"{sum(counts)} images of {len(counts)} classes",
            "leave out patience, or take more images",
        )
    return sizes
