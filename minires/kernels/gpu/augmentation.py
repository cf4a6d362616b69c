"""Making a batch of training images on the GPU, from the bytes of the whole set."""

import numpy as np

from ... import backend
from ...types import Array
from .launch import empty, launch, one_thread_each


def prepare_images(
    images: Array,
    mean: Array,
    indices: Array,
    padding: int = 0,
    corners: Array | None = None,
    flipped: Array | None = None,
) -> Array:
    """``images[indices] / 255 - mean``, cropped and flipped.

    Parameters and result are those of the function with this name in `kernels.cpu`.
    """
    n, (height, width, channels) = len(indices), images.shape[1:]
    top, left = (np.full(n, padding), np.full(n, padding)) if corners is None else corners
    flipped = np.zeros(n) if flipped is None else flipped
    settings = np.stack([indices, top, left, flipped]).astype(np.int64)
    indices, top, left, flipped = backend.move(settings, "gpu")  # one copy to the GPU, not four
    batch = empty((n, height, width, channels), mean.dtype)
    launch(
        "augmentation",
        "prepare_images",
        mean.dtype,
        *one_thread_each(batch.size),
        images,
        mean,
        indices,
        top,
        left,
        flipped,
        batch,
        batch.size,
        height,
        width,
        channels,
        padding,
    )
    return batch
