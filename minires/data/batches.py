"""Batches for training and evaluation, in an order and with crops and flips that can be repeated to the bit."""

import numpy as np

from .. import backend
from ..errors import ConfigError, ShapeError
from ..kernels import device_function
from .loader import Stream


class Batches(Stream):
    """An endless stream of training batches that can be stopped and resumed to the bit; see `Stream`.

    Parameters
    ----------
    dataset : ImageDataset
    batch_size : int
    shuffle, augment : numpy.random.Generator
        Two random streams, so that the order of the images stays the same whether or not they are augmented.
        Use ``numpy.random.default_rng``.
    mean : ndarray of float32, shape (H, W, 3)
        Pixel mean of the *training* set, ``train.pixel_mean()``.
    crop_padding : int
        Surround each image with that many zeros (after the mean is subtracted) and cut a window of the old size at
        random; 4 in the paper. 0 cuts nothing.
    flip : bool
        Mirror every other image, at random, left to right.
    device : {"cpu", "gpu"}
        Where the batches are made. The bytes of the whole set are copied there once; what is random is drawn on the CPU,
        so that both devices see the same batches.

    Raises
    ------
    ConfigError
        If there are fewer images than one batch takes, or `batch_size` or `crop_padding` make no sense.
    ShapeError
        If `mean` is not the size of the images.
    """

    def __init__(self, dataset, batch_size, shuffle, augment, mean, crop_padding=0, flip=False, device="cpu"):
        _check_mean(dataset, mean)
        if crop_padding < 0:
            raise ConfigError("Batches", "negative crop_padding", "0 or more pixels", crop_padding)
        super().__init__(dataset, batch_size, shuffle, augment)
        self.mean, self.device = mean, device
        self.crop_padding = crop_padding
        self.flip = flip
        self._prepare = _Preparer(dataset, mean, device)

    def next(self):
        """The next batch; ``next(batches)`` and ``for images, labels in batches`` do the same.

        Returns
        -------
        images : array of float32, shape (batch_size, H, W, 3)
            ``image / 255 - mean``, cropped and flipped; on the device of this stream.
        labels : ndarray of int64, shape (batch_size,)
            Always of NumPy: a few numbers, which the loss checks before they go to the device.
        """
        chosen = self._choose()
        corners = self.augment.integers(2 * self.crop_padding + 1, size=(2, self.batch_size)) if self.crop_padding else None
        mirrored = self.augment.random(self.batch_size) < 0.5 if self.flip else None
        return self._prepare(chosen, self.crop_padding, corners, mirrored), self.dataset.labels[chosen]

    def evaluating(self, dataset, batch_size):
        """`EvaluationBatches` of another set, normalised as these are, on the same device."""
        return EvaluationBatches(dataset, batch_size, self.mean, self.device)


class EvaluationBatches:
    """Every image once, in order and unaltered but for the normalisation; the last batch holds what is left.

    Can be gone through any number of times: ``for images, labels in batches``.

    Parameters
    ----------
    dataset : ImageDataset
    batch_size : int
    mean : ndarray of float32, shape (H, W, 3)
        Pixel mean of the *training* set.
    device : {"cpu", "gpu"}
        Where the batches are made; the bytes of the set are copied there once.

    Yields
    ------
    images : array of float32, shape (up to batch_size, H, W, 3)
    labels : ndarray of int64, shape (up to batch_size,)
    """

    def __init__(self, dataset, batch_size, mean, device="cpu"):
        if batch_size < 1:
            raise ConfigError("batches", "empty batches", "batch_size of 1 or more", batch_size)
        _check_mean(dataset, mean)
        self.dataset, self.batch_size, self.device = dataset, batch_size, device
        self._prepare = _Preparer(dataset, mean, device)

    def __iter__(self):
        for start in range(0, len(self.dataset), self.batch_size):
            chosen = np.arange(start, min(start + self.batch_size, len(self.dataset)))
            yield self._prepare(chosen), self.dataset.labels[chosen]


class _Preparer:
    """The images of a set, resident on a device, and the routine there that makes batches of them."""

    def __init__(self, dataset, mean, device):
        self.images = backend.move(np.ascontiguousarray(dataset.images), device)
        self.mean = backend.move(np.ascontiguousarray(mean, np.float32), device)
        self.prepare = device_function("prepare_images", device)

    def __call__(self, chosen, padding=0, corners=None, mirrored=None):
        return self.prepare(self.images, self.mean, chosen, padding, corners, mirrored)


def _check_mean(dataset, mean):
    if np.shape(mean) != dataset.images.shape[1:]:
        raise ShapeError("batches", "the mean image does not fit the images", dataset.images.shape[1:], np.shape(mean),
                         "use train.pixel_mean() of the set at this size")
