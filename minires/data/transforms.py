"""From a picture of any size to the input of a net: resize, crop, normalise.

For evaluation, in the steps of torchvision's Resize, CenterCrop and Normalize:

    resize        the shorter side to 256 pixels, bilinear, over all pixels that fall into a new one
    crop          224 x 224 from the middle
    normalise     (x / 255 - mean) / std for each colour

For training, a random crop as Szegedy et al. 2015 (arXiv:1409.4842) cut it for GoogLeNet, and
torchvision after them: part of the picture, up to a third wider than high or higher than wide,
scaled to the one size that the net takes. So a net sees things near and far, whole and in part, and
a little distorted.

Pillow resizes, as it does for torchvision: the same bytes. Small images of one size are cropped and
flipped by the kernel `prepare_images`, a whole batch at a time.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from .. import checks
from ..errors import ConfigError, DataError, DtypeError, ShapeError
from ..types import Array
from .images import MOST_PIXELS, pillow

MEAN = (0.485, 0.456, 0.406)  # of ImageNet's training images, red, green and blue, from 0 to 1
STD = (0.229, 0.224, 0.225)  # torchvision's numbers

CROP_RATIOS = 3 / 4, 4 / 3  # of width to height, of a random crop
CROP_TRIES = 10
LONGEST = 50  # times as long as wide; of what is longer, only the middle is resized
Box: TypeAlias = tuple[int, int, int, int]  # top, left, height, width


def shorter_side(crop: int) -> int:
    """The usual length of the shorter side before the middle is cropped: 256 for 224."""
    return round(crop * 8 / 7)


@dataclass(frozen=True)
class ImageTransform:
    """How a picture becomes the input of a net. The defaults are those of ImageNet's nets.

    A transform is called with the pixels of a picture::

        x = ImageTransform(resize=256, crop=224)(decode("cat.jpg"))        # float32 (224, 224, 3)

    Parameters
    ----------
    resize : int
        What the shorter side becomes, in pixels.
    crop : int
        Side of the square that is cut from the middle.
    mean, std : sequence of 3 numbers
        Mean and standard deviation of the training images: red, green and blue, from 0 to 1.

    Raises
    ------
    ConfigError
        For a size below 1, a mean that is not three numbers, or a standard deviation of 0.
    """

    resize: int = shorter_side(224)
    crop: int = 224
    mean: Sequence[float] = MEAN
    std: Sequence[float] = STD

    def __post_init__(self) -> None:
        for name in ("resize", "crop"):
            size = checks.integer("ImageTransform", name, getattr(self, name))
            object.__setattr__(self, name, size)
        for name, least in (("mean", -math.inf), ("std", 0)):
            given = getattr(self, name)
            listed = isinstance(given, (list, tuple, np.ndarray))
            colours = tuple(given) if listed else ()
            if len(colours) != 3 or not all(checks.is_number(c) and c > least for c in colours):
                expected = "three numbers" + (" above 0" if name == "std" else "")
                raise ConfigError("ImageTransform", name, expected, repr(given))
            object.__setattr__(self, name, tuple(map(float, colours)))

    def __call__(self, pixels: Array) -> Array:
        """The input for a net, float32 (crop, crop, 3), from a picture, uint8 (H, W, 3).

        Raises
        ------
        ShapeError, DtypeError
            If `pixels` is no picture.
        """
        return normalise(self.cut(pixels), self.mean, self.std)

    def cut(self, pixels: Array) -> Array:
        """The first two steps: the middle of the resized picture, uint8 (crop, crop, 3)."""
        middle = _without_ends(pixels, max(LONGEST, math.ceil(self.crop / self.resize) + 1))
        return center_crop(resize_shorter(middle, self.resize), self.crop)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, for JSON."""
        return asdict(self) | {"mean": list(self.mean), "std": list(self.std)}


def _without_ends(pixels: Array, longest: int) -> Array:
    """The middle of a picture that is more than `longest` times as long as wide; others as they
    are. A line of 1 x 6,000 pixels would become 256 x 1.5 million, of which a crop shows 256.
    """
    _check("ImageTransform", pixels)
    height, width = pixels.shape[:2]
    gaps = [
        max(0, side - longest * other) // 2 for side, other in ((height, width), (width, height))
    ]
    return pixels[gaps[0] : height - gaps[0], gaps[1] : width - gaps[1]]


def resize_shorter(pixels: Array, size: int) -> Array:
    """The picture with its shorter side `size` pixels long.

    The longer side gets ``int(size * longer / shorter)`` pixels.
    """
    _check("resize_shorter", pixels, size)
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    new = size, int(size * long / short)
    if new[0] * new[1] > MOST_PIXELS:
        raise DataError(
            "resize_shorter",
            "too long and thin a picture",
            f"at most {MOST_PIXELS:,} pixels when resized",
            f"{height:,} x {width:,}, which become {new[0] * new[1]:,}",
            "cut it first",
        )
    new_height, new_width = new if height <= width else new[::-1]
    if (new_height, new_width) == (height, width):
        return pixels
    return _resize(pixels, new_height, new_width)


def center_crop(pixels: Array, size: int) -> Array:
    """The `size` x `size` pixels in the middle; a picture that is smaller is surrounded with black.

    Where the middle falls between two pixels, torchvision rounds to an even corner, and puts the
    odd row of black below and right.
    """
    _check("center_crop", pixels, size)
    missing = [max(0, size - side) for side in pixels.shape[:2]]
    if any(missing):
        pixels = np.pad(pixels, [(gap // 2, (gap + 1) // 2) for gap in missing] + [(0, 0)])
    top, left = (round((side - size) / 2) for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]


def normalise(pixels: Array, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Array:
    """(pixels / 255 - mean) / std in float32, the colours last."""
    _check("normalise", pixels)
    return (pixels.astype(np.float32) / np.float32(255) - np.array(mean, np.float32)) / np.array(
        std, np.float32
    )


def random_box(height: int, width: int, smallest: float, rng: np.random.Generator) -> Box:
    """A random part of a picture: (top, left, height, width) in pixels.

    Parameters
    ----------
    height, width : int
        Of the picture.
    smallest : float
        The smallest part of its area, above 0 and at most 1.
    rng : np.random.Generator
    """
    for _ in range(CROP_TRIES):
        area = height * width * rng.uniform(smallest, 1)
        ratio = math.exp(rng.uniform(math.log(CROP_RATIOS[0]), math.log(CROP_RATIOS[1])))
        h, w = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if 0 < h <= height and 0 < w <= width:
            return int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1)), h, w
    # A picture far from square: the largest part in the middle that has an allowed shape.
    h, w = min(height, round(width / CROP_RATIOS[0])), min(width, round(height * CROP_RATIOS[1]))
    return (height - h) // 2, (width - w) // 2, h, w


def crop_box(pixels: Array, box: Box, size: int) -> Array:
    """The part `box` of a picture, as `random_box` gives it, scaled to uint8 (size, size, 3)."""
    top, left, height, width = box
    return _resize(pixels[top : top + height, left : left + width], size, size)


def _resize(pixels: Array, height: int, width: int) -> Array:
    Image, _ = pillow("resize_shorter")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.array(image.resize((width, height), Image.Resampling.BILINEAR))


def _check(where: str, pixels: Array, size: int = 1) -> None:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise DtypeError(
            where,
            "pixels",
            "an array of uint8",
            str(getattr(pixels, "dtype", type(pixels).__name__)),
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ShapeError(where, "pixels", "shape (H, W, 3)", f"shape {pixels.shape}")
    checks.integer(where, "size", size)
