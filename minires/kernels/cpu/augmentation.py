"""A batch of images from the bytes of the whole set."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def prepare_images(images, mean, chosen, padding=0, corners=None, mirrored=None):
    """``images[chosen] / 255 - mean``, cropped and mirrored.

    Parameters
    ----------
    images : array of uint8 (all, H, W, C)
    mean : array of float32 (H, W, C)
    chosen : ndarray of int (N,)
        Which images.
    padding : int
        Images are surrounded by that many zeros, after the mean was subtracted, before they are cropped.
    corners : ndarray of int (2, N), optional
        The first row and column of each crop in the padded image, from 0 to 2 `padding`; without, nothing is cropped.
    mirrored : ndarray of bool (N,), optional
        Which to mirror left to right, after the crop.

    Returns
    -------
    array of float32 (N, H, W, C)
    """
    batch = images[chosen]
    batch = _normalise(batch, mean) if corners is None else _crop(batch, mean, padding, *corners)
    if mirrored is not None:
        batch[mirrored] = batch[mirrored, :, ::-1]
    return batch


def _crop(images, mean, padding, top, left):
    """Cut one window from each padded image, in a single gather.

    The paper pads with zeros *after* subtracting the mean. Padding the bytes and the mean with zeros, and cutting both at
    the same place, comes to exactly that: outside the image, 0 / 255 - 0 = 0.
    """
    sides = (padding, padding), (padding, padding), (0, 0)
    image_windows = _windows(np.pad(images, ((0, 0), *sides)), images.shape[1:3])
    mean_windows = _windows(np.pad(mean, sides)[None], images.shape[1:3])
    return _normalise(image_windows[np.arange(len(images)), top, left], mean_windows[0, top, left])


def _normalise(images, mean):
    """Bytes to ``images / 255 - mean`` in float32."""
    scaled = images.astype(np.float32)
    scaled /= 255
    scaled -= mean
    return scaled


def _windows(images, size):
    """A view (N, top, left, H, W, C) of all windows of `size` (H, W) in images (N, rows, columns, C)."""
    return sliding_window_view(images, size, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
