"""Batches of a data set: endless, in random order, to train on; each example once to evaluate.

::

    shuffle, augment = np.random.default_rng(0), np.random.default_rng(1)
    loader = data.train_loader(train, 128, shuffle, augment, flip=True)
    images, labels = next(loader)
    for images, labels in loader.eval_loader(test, 500):
        ...

The order of a training loader can be repeated to the bit, and a loader stopped and resumed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from .. import checks, random
from ..errors import CheckpointError, ConfigError
from ..types import Array, Device
from .batches import (
    AnyBatches,
    AnyDataset,
    ImageBatches,
    InputBatches,
    PhotographBatches,
    check_crops,
)
from .datasets.image_dataset import ImageDataset
from .datasets.photographs import PhotographDataset
from .workers import AHEAD

NEEDED = ("__len__", "name", "labels", "input_shape")  # see datasets/protocol.py


def train_loader(
    dataset: AnyDataset,
    batch_size: int,
    shuffle: np.random.Generator,
    augment: np.random.Generator,
    *,
    crop_padding: int = 0,
    crop_scale: float | None = None,
    flip: bool = False,
    device: Device = "cpu",
) -> DataLoader:
    """Batches to train on.

    Parameters
    ----------
    dataset : ImageDataset, PhotographDataset, or another that is a `data.datasets.protocol.Dataset`
        Images in memory are normalised by the mean image of this set.
    batch_size : int
    shuffle, augment : numpy.random.Generator
        Two random streams, so that the order of the images stays the same whether or not they are
        cropped and flipped.
    crop_padding : int
        Images in memory: pixels of zeros around one before a random crop of its own size.
    crop_scale : float, optional
        Photographs: the smallest part of the area that a random crop covers.
    flip : bool
        Mirror each image, left to right, with probability 1/2.
    device : {"cpu", "gpu"}

    Returns
    -------
    DataLoader

    Raises
    ------
    ConfigError
        If `dataset` is no data set, there are fewer examples than one batch takes, or crops and
        flips do not suit this kind of data set.
    """
    kind = _kind(dataset, "train_loader")
    for name, generator in (("shuffle", shuffle), ("augment", augment)):
        if not isinstance(generator, np.random.Generator):
            raise ConfigError(
                "train_loader",
                name,
                "a numpy.random.Generator",
                repr(generator),
                "np.random.default_rng(0), for example",
            )
    check_crops(dataset, crop_padding, crop_scale, flip, kind)
    batches: AnyBatches
    if isinstance(dataset, ImageDataset):
        batches = ImageBatches(dataset, dataset.pixel_mean(), crop_padding, flip, device)
    elif isinstance(dataset, PhotographDataset):
        batches = PhotographBatches(dataset, crop_scale, flip, device)
    else:
        batches = InputBatches(dataset, device)
    return DataLoader(batches, batch_size, shuffle, augment)


def eval_loader(
    dataset: AnyDataset, batch_size: int, mean: Array | None = None, device: Device = "cpu"
) -> EvalLoader:
    """Batches to evaluate on: every example once, in order, unaltered but for the normalisation.

    Parameters
    ----------
    dataset : ImageDataset, PhotographDataset, or another that is a `data.datasets.protocol.Dataset`
    batch_size : int
        At most: of large photographs fewer are taken.
    mean : ndarray of float32, shape (H, W, 3)
        Images in memory need it, others do not: the pixel mean of the *training* set,
        ``train.pixel_mean()``.
    device : {"cpu", "gpu"}

    Returns
    -------
    EvalLoader

    Raises
    ------
    ConfigError
        If `dataset` is no data set, a batch would be empty, or `mean` is missing or not needed.
    ShapeError
        If `mean` does not have the size of the images.
    """
    kind = _kind(dataset, "eval_loader")
    if isinstance(dataset, ImageDataset):
        if mean is None:
            raise ConfigError(
                "eval_loader", "mean", "train.pixel_mean() of the training set", "none"
            )
        return EvalLoader(ImageBatches(dataset, mean, device=device), batch_size)
    if mean is not None:
        raise ConfigError("eval_loader", "mean", "none for these examples", "a mean image")
    return EvalLoader(kind(dataset, device=device), batch_size)


class DataLoader:
    """An endless iterator over training batches; `train_loader` makes one.

    ``next(loader)`` is a pair: the inputs, an array on the device, and their labels, int64
    (batch_size,), always of NumPy. Every epoch is a fresh permutation of the set. The rest at the
    end of an epoch, too small for a whole batch, is dropped: batch norm would take its statistics
    from those few examples, and they would be noisy.

    Parameters
    ----------
    batches : ImageBatches, PhotographBatches or InputBatches
    batch_size : int
    shuffle, augment : numpy.random.Generator

    Attributes
    ----------
    part : slice
        Which examples of each batch are returned: all of them. Where several processes share the
        batches, each takes its part; order, crops and flips are drawn for the whole batch.

    Raises
    ------
    ConfigError
        If there are fewer examples than one batch takes, or `batch_size` is not a whole number of
        at least 1.
    """

    def __init__(
        self,
        batches: AnyBatches,
        batch_size: int,
        shuffle: np.random.Generator,
        augment: np.random.Generator,
    ) -> None:
        self.batches, self.dataset, self.device = batches, batches.dataset, batches.device
        self.batch_size = checks.integer("train_loader", "batch_size", batch_size)
        if batch_size > len(self.dataset):
            raise ConfigError(
                "train_loader",
                "a batch larger than the training set",
                f"batch_size of at most {len(self.dataset)}",
                str(batch_size),
                "take a smaller batch or more examples",
            )
        self.shuffle, self.augment = shuffle, augment
        self.part = slice(None)
        self._waiting: deque[tuple[Any, Array, dict[str, Any]]] = deque()
        # A few batches, not a few for each worker: one of 256 photographs takes 40 MB.
        self._ahead = AHEAD * min(1, batches.workers)
        self._start_epoch()
        self._state = self._now()

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in one pass through the set."""
        return len(self.dataset) // self.batch_size

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Array, Array]:
        while len(self._waiting) <= self._ahead:
            indices = self._next_indices()
            started = self.batches.start(indices, self.augment, self.part)
            self._waiting.append((started, self.dataset.labels[indices[self.part]], self._now()))
        started, labels, self._state = self._waiting.popleft()
        return self.batches.finish(started), labels

    def eval_loader(self, dataset: AnyDataset, batch_size: int) -> EvalLoader:
        """An `EvalLoader` of another set, or this one, normalised as this is, on the same device.

        Raises ConfigError if it is a set of another kind, and ShapeError if it has images of
        another size.
        """
        if _kind(dataset, "eval_loader") is not type(self.batches):
            raise ConfigError(
                "eval_loader",
                "training and test set",
                "two of one kind",
                f"{type(self.dataset).__name__} and {type(dataset).__name__}",
            )
        batches = self.batches.for_dataset(dataset)  # type: ignore[arg-type]  # one kind, see above
        return EvalLoader(batches, batch_size)

    def _start_epoch(self):
        self.permutation = self.shuffle.permutation(len(self.dataset))
        self.position = 0

    def _next_indices(self):
        """The positions in the set of the next batch's examples."""
        if self.position + self.batch_size > len(self.permutation):
            self._start_epoch()
        indices = self.permutation[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        return indices

    def _now(self):
        return {
            "permutation": self.permutation,
            "position": self.position,
            "shuffle": self.shuffle.bit_generator.state,
            "augment": self.augment.bit_generator.state,
        }

    def state_dict(self) -> dict[str, Any]:
        """What decides the batches to come: an array, a number and two dicts that JSON can hold.

        Batches in preparation do not count: nobody has seen them yet.
        """
        return {**self._state, "permutation": self._state["permutation"].copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the loader that gave `state` stood.

        Raises
        ------
        CheckpointError
            If `state` belongs to a set of another size, or is damaged. Then nothing has been
            changed.
        """
        n, where = len(self.dataset), "DataLoader.load_state_dict"
        try:
            permutation, position = np.array(state["permutation"]), state["position"]
            if permutation.dtype.kind not in "iu" or not checks.is_integer(position):
                raise TypeError("the order or the position are no whole numbers")
            fits = np.array_equal(np.sort(permutation), np.arange(n))
            random.check_state("shuffle", self.shuffle, state["shuffle"])
            random.check_state("augment", self.augment, state["augment"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                where,
                "the saved state is damaged",
                "what state_dict() returns",
                f"{type(error).__name__}: {error}",
                "resume from another checkpoint",
            ) from error
        if not fits:
            raise CheckpointError(
                where,
                "the saved order of images does not fit this data set",
                f"a permutation of {n} images",
                f"{permutation.size} numbers",
                "resume with the data set of the checkpoint",
            )
        if not 0 <= position <= n:
            raise CheckpointError(
                where,
                "the saved position is outside the data set",
                f"0 to {n}",
                str(position),
                "resume from another checkpoint",
            )
        self.shuffle.bit_generator.state = state["shuffle"]
        self.augment.bit_generator.state = state["augment"]
        self.permutation, self.position = permutation.astype(np.int64), int(position)
        self._waiting.clear()
        self._state = self._now()


class EvalLoader:
    """Every example once, in order; the last batch holds the rest. `eval_loader` makes one.

    It can be gone through any number of times: ``for inputs, labels in loader``.

    Parameters
    ----------
    batches : ImageBatches, PhotographBatches or InputBatches
    batch_size : int
    """

    def __init__(self, batches: AnyBatches, batch_size: int) -> None:
        self.batches, self.dataset, self.device = batches, batches.dataset, batches.device
        batch_size = checks.integer("eval_loader", "batch_size", batch_size)
        self.batch_size = int(min(batch_size, batches.largest))

    def __len__(self) -> int:
        """How many batches there are."""
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return self.every()

    def every(self, step: int = 1, first: int = 0) -> Iterator[tuple[Array, Array]]:
        """Every `step`-th batch from `first` on: several processes share the batches so."""
        waiting: deque[tuple[Any, Array]] = deque()
        ahead = AHEAD * self.batches.workers
        size = self.batch_size
        for start in range(first * size, len(self.dataset), step * size):
            indices = np.arange(start, min(start + self.batch_size, len(self.dataset)))
            waiting.append((self.batches.start(indices), self.dataset.labels[indices]))
            if len(waiting) > ahead:
                yield self._finish(*waiting.popleft())
        while waiting:
            yield self._finish(*waiting.popleft())

    def _finish(self, started, labels):
        return self.batches.finish(started), labels


def check_dataset(dataset: object, where: str) -> None:
    """Raise ConfigError, with what is missing, if this is no data set that a loader can read."""
    _kind(dataset, where)


def _kind(dataset, where):
    """The class in `batches` that makes batches of this data set."""
    missing = [name for name in NEEDED if not hasattr(dataset, name)]
    if not missing and isinstance(dataset, ImageDataset):
        return ImageBatches
    if not missing and isinstance(dataset, PhotographDataset):
        return PhotographBatches
    missing += [] if hasattr(dataset, "inputs") else ["inputs"]
    if missing:
        raise ConfigError(
            where,
            "this is no data set",
            "what minires/data/datasets/protocol.py lists",
            f"{type(dataset).__name__} without {', '.join(missing)}",
        )
    return InputBatches
