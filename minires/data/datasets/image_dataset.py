"""A labelled set of images, held in memory as bytes.

50,000 CIFAR-10 images are 154 MB this way, and 614 MB as float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checks import is_integer
from ...errors import ConfigError, DataError
from ...types import Array, Shape
from ..transforms import ImageTransform

BLOCK = 500  # images resized at a time


@dataclass(frozen=True, eq=False, repr=False)
class ImageDataset:
    """Images with one label each.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W, 3)
        Red, green and blue from 0 to 255.
    labels : ndarray of int64, shape (N,)
        Positions in `classes`.
    classes : tuple of str
        The name of each class.
    name : str
        What the set is called in tables and errors.

    Raises
    ------
    DataError
        If an array has another dtype or shape, there are no images, or a label is not a position in
        `classes`.
    """

    images: Array
    labels: Array
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        self._check_array("images", self.images, np.uint8, "(N, H, W, 3)", 4)
        self._check_array("labels", self.labels, np.int64, "(N,)", 1)
        if self.images.shape[3] != 3:
            raise DataError(self.name, "images are not RGB", "(N, H, W, 3)", str(self.images.shape))
        if self.images.size == 0:
            raise DataError(
                self.name,
                "the set is empty",
                "at least one image",
                f"images of shape {self.images.shape}",
            )
        if len(self.images) != len(self.labels):
            raise DataError(
                self.name,
                "images and labels differ in number",
                f"{len(self.images)} labels, one per image",
                str(len(self.labels)),
            )
        wrong = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.classes)))
        if len(wrong):
            raise DataError(
                self.name,
                f"the label of image {wrong[0]} is out of range",
                f"0 to {len(self.classes) - 1}",
                self.labels[wrong[0]],
            )

    def _check_array(self, what, array, dtype, shape, ndim):
        expected = f"an array of {np.dtype(dtype)} and shape {shape}"
        if not isinstance(array, np.ndarray):
            raise DataError(self.name, f"{what} are not an array", expected, type(array).__name__)
        if array.dtype != dtype or array.ndim != ndim:
            raise DataError(
                self.name,
                f"{what} of the wrong kind",
                expected,
                f"{array.dtype} and shape {array.shape}",
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return (
            f"ImageDataset({self.name}: {len(self):,} images of {height}x{width}, "
            f"{len(self.classes)} classes)"
        )

    @property
    def input_shape(self) -> Shape:
        """The shape of one image, (H, W, 3)."""
        return self.images.shape[1:]

    def pick(self, chosen: Array | slice) -> "ImageDataset":
        """The images at these positions, as a set of their own."""
        return ImageDataset(self.images[chosen], self.labels[chosen], self.classes, self.name)

    def take(self, n: int) -> "ImageDataset":
        """The first `n` images (a view, not a copy).

        Raises
        ------
        ConfigError
            If `n` is not a whole number from 1 to the number of images.
        """
        if not is_integer(n, 1, len(self)):
            raise ConfigError(
                f"{self.name}.take", "not that many images in the set", f"1 to {len(self)}", str(n)
            )
        return self.pick(slice(n))

    def split(self, n: int, seed: int | None = None) -> tuple["ImageDataset", "ImageDataset"]:
        """Split the set into all images but the last `n`, and the last `n`.

        He et al. 2015 split the training set of CIFAR-10 with n = 5,000.

        Parameters
        ----------
        n : int
            Size of the second part.
        seed : int, optional
            Shuffle the images first, which copies them. By default they stay in the order of the
            files.

        Returns
        -------
        rest, last : ImageDataset

        Raises
        ------
        ConfigError
            If either part would be empty.
        """
        if not is_integer(n, 1, len(self) - 1):
            raise ConfigError(
                f"{self.name}.split", "one part would be empty", f"1 to {len(self) - 1}", str(n)
            )
        if seed is None:
            whole = self
        else:
            whole = self.pick(np.random.default_rng(seed).permutation(len(self)))
        return whole.pick(slice(len(self) - n)), whole.pick(slice(len(self) - n, None))

    def resize(self, size: int) -> "ImageDataset":
        """Shrink the images to `size` x `size`. A new pixel is the mean of a square of old ones.

        Raises
        ------
        ConfigError
            If the images are not square, or `size` does not divide their height.
        """
        height, width = self.images.shape[1:3]
        where = f"{self.name}.resize"
        if height != width:
            raise ConfigError(where, "images", "equal height and width", f"{height}x{width}")
        if not is_integer(size, 1) or height % size:
            expected = f"a divisor of {height}, because the images are {height}x{width}"
            raise ConfigError(where, "size", expected, str(size))
        factor = height // size
        small = np.empty((len(self), size, size, 3), np.uint8)
        for start in range(0, len(self), BLOCK):  # in blocks, so that the sums stay in the cache
            block = self.images[start : start + BLOCK].astype(np.uint32)
            rows: Any = sum(block[:, row::factor] for row in range(factor))
            total = sum(rows[:, :, column::factor] for column in range(factor))
            half = factor**2 // 2  # added before the division, so that it rounds to nearest
            small[start : start + BLOCK] = (total + half) // factor**2
        return ImageDataset(small, self.labels, self.classes, self.name)

    def pixel_mean(self) -> Array:
        """The mean image, which is subtracted from every image (as in He et al. 2015).

        Returns
        -------
        ndarray of float32, shape (H, W, 3)
            From 0 to 1 (bytes divided by 255).
        """
        total = self.images.sum(axis=0, dtype=np.int64)  # exact, and no float copy of the set
        return (total / (255 * len(self))).astype(np.float32)

    def names(self) -> list[str]:
        """A name for each image: its number."""
        return [str(i) for i in range(len(self))]

    @property
    def transform(self) -> ImageTransform:
        """The `ImageTransform` that prepares any picture for a net trained on these images.

        It subtracts the mean colour instead of the mean image, whose pixels are nearly alike.
        """
        size = min(self.input_shape[:2])
        mean = [round(float(colour), 6) for colour in self.pixel_mean().mean(axis=(0, 1))]
        return ImageTransform(size, size, mean, (1, 1, 1))
