"""From a picture to what a net for ImageNet wants, in the steps of torchvision's evaluation (its Resize, CenterCrop, Normalize).

    resize        the shorter side to 256 pixels, bilinear, over all pixels that fall into a new one (antialiased)
    crop          224 x 224 from the middle
    normalise     (x / 255 - mean) / std for each colour

Pillow resizes, as it does for torchvision: the same bytes.
"""

import numpy as np

from ..errors import ConfigError, DataError, DtypeError, ShapeError
from .images import MOST_PIXELS, pillow

MEAN = (0.485, 0.456, 0.406)          # of ImageNet's training images, red, green and blue, from 0 to 1; torchvision's numbers
STD = (0.229, 0.224, 0.225)


def prepare(pixels, resize=256, crop=224, mean=MEAN, std=STD):
    """All three steps.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
    resize : int
        What the shorter side becomes, in pixels.
    crop : int
        Side of the square that is cut from the middle.
    mean, std : sequence of 3 numbers
        Of the images that the net was trained on, from 0 to 1.

    Returns
    -------
    ndarray of float32, shape (crop, crop, 3)

    Raises
    ------
    ShapeError, DtypeError
        If `pixels` is no picture.
    ConfigError
        For a size below 1.
    DataError
        If the picture is so long and thin that it would be huge at that size.
    """
    return normalise(center_crop(resize_shorter(pixels, resize), crop), mean, std)


def resize_shorter(pixels, size):
    """The picture with its shorter side `size` pixels long; the longer becomes ``int(size * longer / shorter)``."""
    _check("resize_shorter", pixels, size)
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    new = size, int(size * long / short)
    if new[0] * new[1] > MOST_PIXELS:
        raise DataError("resize_shorter", "too long and thin a picture", f"at most {MOST_PIXELS:,} pixels when resized",
                        f"{height:,} x {width:,}, which become {new[0] * new[1]:,}", "cut it first")
    new_height, new_width = new if height <= width else new[::-1]
    if (new_height, new_width) == (height, width):
        return pixels
    Image, _ = pillow("resize_shorter")
    return np.array(Image.fromarray(np.ascontiguousarray(pixels)).resize((new_width, new_height), Image.Resampling.BILINEAR))


def center_crop(pixels, size):
    """The `size` x `size` pixels in the middle; a picture that is smaller is surrounded with black.

    Where the middle falls between two pixels, torchvision rounds to an even corner, and puts the odd row of black below and right.
    """
    _check("center_crop", pixels, size)
    missing = [max(0, size - side) for side in pixels.shape[:2]]
    if any(missing):
        pixels = np.pad(pixels, [(gap // 2, (gap + 1) // 2) for gap in missing] + [(0, 0)])
    top, left = (round((side - size) / 2) for side in pixels.shape[:2])
    return pixels[top:top + size, left:left + size]


def normalise(pixels, mean=MEAN, std=STD):
    """(pixels / 255 - mean) / std in float32, the colours last."""
    _check("normalise", pixels)
    return (pixels.astype(np.float32) / np.float32(255) - np.float32(mean)) / np.float32(std)


def _check(where, pixels, size=1):
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise DtypeError(where, "pixels", "an array of uint8", str(getattr(pixels, "dtype", type(pixels).__name__)))
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ShapeError(where, "pixels", "shape (H, W, 3)", f"shape {pixels.shape}")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ConfigError(where, "size", "a whole number of pixels, at least 1", repr(size))
