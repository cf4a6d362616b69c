"""A batch of images on the GPU from the bytes of the whole set, which are there already."""

import numpy as np

from ... import backend
from .launch import empty, for_each, launch


def prepare_images(images, mean, chosen, padding=0, corners=None, mirrored=None):
    """``images[chosen] / 255 - mean``, cropped and mirrored. Parameters and result as in `cpu.prepare_images`."""
    n, (height, width, channels) = len(chosen), images.shape[1:]
    top, left = (np.full(n, padding), np.full(n, padding)) if corners is None else corners
    where = np.stack([chosen, top, left, np.zeros(n) if mirrored is None else mirrored]).astype(np.int64)
    chosen, top, left, mirrored = backend.move(where, "gpu")
    batch = empty((n, height, width, channels), mean.dtype)
    launch("augmentation", "prepare_images", mean.dtype, *for_each(batch.size), images, mean, chosen, top, left, mirrored, batch, batch.size,
           height, width, channels, padding)
    return batch
