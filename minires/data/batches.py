"""How the examples at some positions of a data set become one batch, for each kind of data set.

    ImageBatches          small images in memory: shifted, mirrored and normalised on the device
    PhotographBatches     photographs on disk: random parts, cut and scaled by other processes
    InputBatches          anything else: what the data set's own `inputs` returns

Each works in two steps, so that a loader can have the next batches prepared while one is used:
``finish(start(indices, rng))``. All that is random is drawn from `rng` in `start`. Without `rng`
the examples stay unaltered, for evaluation. With a `part` of the batch, for one of several
processes, it is drawn for all examples, and only those of the part are made.
``for_dataset(dataset)`` makes the same of another set.
"""

import math
from concurrent.futures import Future
from typing import TypeAlias

import numpy as np

from .. import backend, checks
from ..errors import ConfigError, ShapeError
from ..kernels import device_function
from ..types import Array, Device
from . import workers as processes
from .datasets.image_dataset import ImageDataset
from .datasets.photographs import PhotographDataset
from .datasets.protocol import Dataset
from .original_pixels import OriginalPictures
from .transforms import crop_box, random_box

AnyDataset: TypeAlias = ImageDataset | PhotographDataset | Dataset
AnyBatches: TypeAlias = "ImageBatches | PhotographBatches | InputBatches"
ALL = slice(None)
PIXELS_AT_ONCE = 500 * 32 * 32  # of photographs in evaluation: those of 500 CIFAR-10 images


class ImageBatches:
    """Batches of images in memory: ``image / 255 - mean``, cropped and mirrored.

    Parameters
    ----------
    dataset : ImageDataset
    mean : ndarray of float32, shape (H, W, 3)
        Pixel mean of the *training* set, ``train.pixel_mean()``.
    crop_padding : int
        Surround each image with that many zeros (after the mean is subtracted) and cut a window of
        the old size at random; 4 in the paper. 0 cuts nothing.
    flip : bool
        Mirror each image, left to right, with probability 1/2.
    device : {"cpu", "gpu"}
        Where the batches are made. The bytes of the whole set are copied there once; what is random
        is drawn on the CPU, so that both devices see the same batches.

    Raises
    ------
    ConfigError
        For a `crop_padding` that is not a whole number of at least 0.
    ShapeError
        If `mean` does not have the size of the images.
    """

    workers, largest = 0, math.inf

    def __init__(
        self,
        dataset: ImageDataset,
        mean: Array,
        crop_padding: int = 0,
        flip: bool = False,
        device: Device = "cpu",
    ) -> None:
        if np.shape(mean) != dataset.input_shape:
            raise ShapeError(
                "batches",
                "the mean image does not fit the images",
                str(dataset.input_shape),
                str(np.shape(mean)),
                "use train.pixel_mean() of the set at this size",
            )
        self.crop_padding = checks.integer("batches", "crop_padding", crop_padding, least=0)
        self.dataset, self.mean, self.flip, self.device = dataset, mean, flip, device
        self._images = backend.move(np.ascontiguousarray(dataset.images), device)
        self._mean = backend.move(np.ascontiguousarray(mean, np.float32), device)
        self._prepare = device_function("prepare_images", device)

    def start(
        self, indices: Array, rng: np.random.Generator | None = None, part: slice = ALL
    ) -> Array:
        """The batch: array of float32 (len(indices[part]), H, W, 3) on the device."""
        corners = mirrored = None
        if rng is not None and self.crop_padding > 0:
            corners = rng.integers(2 * self.crop_padding + 1, size=(2, len(indices)))[:, part]
        if rng is not None and self.flip:
            mirrored = rng.random(len(indices))[part] < 0.5
        return self._prepare(
            self._images, self._mean, indices[part], self.crop_padding, corners, mirrored
        )

    def finish(self, batch: Array) -> Array:
        """The batch as it is: with images in memory there is nothing to wait for."""
        return batch

    def for_dataset(self, dataset: ImageDataset) -> "ImageBatches":
        """The same, with the mean of the training set, for another set."""
        return ImageBatches(dataset, self.mean, self.crop_padding, self.flip, self.device)


class PhotographBatches:
    """Batches of photographs: random parts, or the middle, scaled to one size and normalised.

    Parameters
    ----------
    dataset : PhotographDataset
        Its `workers` are the processes that cut and scale.
    crop_scale : float or None
        The smallest part of the area that a random crop covers (`transforms.random_box`); None
        takes the middle, as in evaluation.
    flip : bool
        Mirror each image, left to right, with probability 1/2.
    device : {"cpu", "gpu"}

    Raises
    ------
    ConfigError
        For a `crop_scale` outside 0 to 1.
    """

    def __init__(
        self,
        dataset: PhotographDataset,
        crop_scale: float | None = None,
        flip: bool = False,
        device: Device = "cpu",
    ) -> None:
        if crop_scale is not None:
            checks.number(
                dataset.name,
                "crop_scale",
                crop_scale,
                "a number above 0 and at most 1",
                lambda part: 0 < part <= 1,
            )
        self.dataset, self.crop_scale, self.flip, self.device = dataset, crop_scale, flip, device
        self.workers = dataset.workers
        self.largest = max(1, PIXELS_AT_ONCE // dataset.transform.crop**2)

    def start(
        self, indices: Array, rng: np.random.Generator | None = None, part: slice = ALL
    ) -> Future[Array]:
        """Have the batch cut by another process; what to `finish` later."""
        dataset, boxes, mirrored = self.dataset, None, np.zeros(len(indices), bool)
        pictures = dataset.indices[indices]
        if rng is not None and self.crop_scale is not None:
            sizes = dataset.pictures.sizes[pictures]
            boxes = [random_box(height, width, self.crop_scale, rng) for height, width in sizes]
            boxes = boxes[part]
        if rng is not None and self.flip:
            mirrored = rng.random(len(indices)) < 0.5
        source, which = dataset.pictures, pictures[part]
        if isinstance(source, OriginalPictures):
            source, which = source.some(which), np.arange(len(which))
        return processes.submit(
            self.workers,
            _cut,
            source,
            which,
            boxes,
            mirrored[part],
            dataset.transform,
        )

    def finish(self, cut: Future[Array]) -> Array:
        """The batch: array of float32 (N, size, size, 3) on the device."""
        return _normalise(processes.result(cut), self.dataset.transform, self.device)

    def for_dataset(self, dataset: PhotographDataset) -> "PhotographBatches":
        """The same for another set."""
        return PhotographBatches(dataset, self.crop_scale, self.flip, self.device)


class InputBatches:
    """Batches of what a data set itself says a net sees: features, or a set of your own.

    Parameters
    ----------
    dataset : data.datasets.protocol.Dataset
    device : {"cpu", "gpu"}
        Where the batches are used.
    """

    workers, largest = 0, math.inf

    def __init__(self, dataset: Dataset, device: Device = "cpu") -> None:
        self.dataset, self.device = dataset, device

    def start(
        self, indices: Array, rng: np.random.Generator | None = None, part: slice = ALL
    ) -> Array:
        """The batch: array (len(indices[part]), *input_shape) on the device."""
        return backend.move(self.dataset.inputs(indices[part]), self.device)

    def finish(self, batch: Array) -> Array:
        """The batch as it is."""
        return batch

    def for_dataset(self, dataset: Dataset) -> "InputBatches":
        """The same for another set."""
        return InputBatches(dataset, self.device)


def check_crops(
    dataset: AnyDataset, crop_padding: int, crop_scale: float | None, flip: bool, kind: type
) -> None:
    """Raise ConfigError for crops or flips that this kind of data set cannot have."""
    if kind is ImageBatches and crop_scale is not None:
        raise ConfigError(
            dataset.name,
            "crop_scale is for photographs of any size",
            "None for images of one size",
            str(crop_scale),
            "crop_padding shifts these at random",
        )
    if kind is PhotographBatches and crop_padding:
        raise ConfigError(
            dataset.name,
            "crop_padding is for images of one size",
            "0 for photographs",
            str(crop_padding),
            "crop_scale cuts random parts of these",
        )
    if kind is InputBatches and (crop_padding or crop_scale is not None or flip):
        raise ConfigError(
            dataset.name,
            "only images can be cropped and flipped",
            "crop_padding 0, crop_scale None and flip False",
            f"crop_padding {crop_padding}, crop_scale {crop_scale}, flip {flip}",
        )


def _cut(pictures, indices, boxes, mirrored, transform):
    """The middle of these pictures, or the boxes in them, as an array uint8 (N, crop, crop, 3)."""
    batch = np.empty((len(indices), transform.crop, transform.crop, 3), np.uint8)
    for i, index in enumerate(indices):
        pixels = pictures[index]
        if boxes is None:
            image = transform.cut(pixels)
        else:
            image = crop_box(pixels, boxes[i], transform.crop)
        batch[i] = image[:, ::-1] if mirrored[i] else image
    return batch


def _normalise(pixels, transform, device):
    """(pixels / 255 - mean) / std for a batch, on the device: one product, one difference."""
    mean, std = np.array(transform.mean), np.array(transform.std)
    scale, shift = np.float32(1 / (255 * std)), np.float32(mean / std)
    return backend.move(pixels, device).astype(np.float32) * backend.move(
        scale, device
    ) - backend.move(shift, device)
