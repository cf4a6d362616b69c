"""A batch of training images from the bytes of the whole set: normalised, cropped, flipped."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...types import Array


def prepare_images(
    images: Array,
    mean: Array,
    indices: Array,
    padding: int = 0,
    corners: Array | None = None,
    flipped: Array | None = None,
) -> Array:
    """``images[indices] / 255 - mean``, cropped and flipped.

    Parameters
    ----------
    images : array of uint8 (all, H, W, C)
    mean : array of float32 (H, W, C)
    indices : ndarray of int (N,)
        Which images to take.
    padding : int
        The width of the border of zeros that images get before a crop. It is added after the mean
        was subtracted.
    corners : ndarray of int (2, N), optional
        The first row and column of each crop in the padded image, from 0 to 2 `padding`. Without
        corners nothing is cropped.
    flipped : ndarray of bool (N,), optional
        Which images to flip left to right, after the crop.

    Returns
    -------
    array of float32 (N, H, W, C)
    """
    batch = images[indices]
    batch = _normalise(batch, mean) if corners is None else _crop(batch, mean, padding, *corners)
    if flipped is not None:
        batch[flipped] = batch[flipped, :, ::-1]
    return batch


def _crop(images, mean, padding, top, left):
    """Cut one window from each padded image, in a single gather.

    The paper pads with zeros *after* it subtracts the mean. To pad the bytes and the mean with
    zeros, and to cut both at the same place, gives the same: 0 / 255 - 0 = 0 outside the image.
    """
    borders = (padding, padding), (padding, padding), (0, 0)
    image_windows = _windows(np.pad(images, ((0, 0), *borders)), images.shape[1:3])
    mean_windows = _windows(np.pad(mean, borders)[None], images.shape[1:3])
    return _normalise(image_windows[np.arange(len(images)), top, left], mean_windows[0, top, left])


def _normalise(images, mean):
    """``images / 255 - mean`` in float32, from bytes."""
    scaled = images.astype(np.float32)
    scaled /= 255
    scaled -= mean
    return scaled


def _windows(images, size):
    """A view (N, top, left, H, W, C) of all windows of `size` (H, W) in images (N, ..., ..., C)."""
    return sliding_window_view(images, size, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
