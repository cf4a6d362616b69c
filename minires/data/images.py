"""Picture files as arrays: what a camera, a phone or a drawing program has written, as bytes (H, W,
3), red, green and blue.

Pillow decodes; it is imported with the first picture. The result is that of torchvision's
``ImageFolder``, ``Image.open(path).convert("RGB")``, but for two things: a photograph that was
taken with the camera on its side is set upright (its EXIF data say so), and grey of 16 bits is
scaled, where `convert` would clip it to white.
"""

import os
import stat
import warnings
from typing import Any

import numpy as np

from ..errors import ConfigError, DataError
from ..names import expanded
from ..types import Array, PathLike
from .picture_kinds import begins_like_a_picture, what_it_is

# 12,000 x 9,000 is a large photograph; a file of a few kB can ask for 65,000 x 65,000, which are 13
# GB
MOST_PIXELS = 150_000_000
FORMATS = (
    "JPEG",
    "PNG",
    "GIF",
    "WEBP",
    "AVIF",
    "JPEG2000",
    "BMP",
    "TIFF",
    "PPM",
)  # no EPS: Pillow would run Ghostscript on it
MODES = (
    "1",
    "L",
    "LA",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBX",
    "CMYK",
    "YCbCr",
)  # what Pillow brings to 8 bits without loss of meaning


ORIENTATION, ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # EXIF's tag, and its values for a turned camera
AGAIN = "it may be truncated: fetch it again"  # what to do about a damaged picture


class SeveralPictures(UserWarning):
    """A file holds an animation or several pages, of which the first was taken."""


def decode(path: PathLike) -> Array:
    """The picture in a file.

    - Transparency is dropped: the colours under it show. Colour profiles are
      not looked at.
    - Of 16 bits a channel, the upper 8 are taken.
    - Ink (CMYK) in a JPEG is read as Adobe's programs write it, inverted, as everyone does.
    - Of an animation or of several pages, the first is taken, with a `SeveralPictures` warning.

    Parameters
    ----------
    path : str or Path
        JPEG, PNG, GIF, WebP, AVIF, JPEG 2000, BMP, TIFF or PPM, whatever the name says.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)

    Raises
    ------
    DataError
        If there is no such file, it is a folder, empty, no picture or a damaged one, has more than
        `MOST_PIXELS` (that is read before anything is decoded), or its numbers have no known range
        (floating point, 32-bit integers).
    ConfigError
        If Pillow is not installed.
    """
    pixels, _, several = _read(path)
    if several:
        warnings.warn(
            f"{expanded(path)}: holds several pictures, an animation or pages; the first is taken",
            SeveralPictures,
            stacklevel=2,
        )
    return pixels


def size_of(path: PathLike) -> tuple[int, int]:
    """Height and width of the picture in a file, after a look at all of it.

    Raises as `decode`. A JPEG is decoded at an eighth of its size: that takes less than half of the
    time, and finds the same damage.
    """
    _, size, _ = _read(path, at_an_eighth=True)
    return size


def _read(path: PathLike, at_an_eighth: bool = False) -> tuple[Array, tuple[int, int], bool]:
    """The pixels, the height and width of the picture, and whether there are others in the file."""
    path = expanded(path)
    where = str(path)
    Image, ImageOps = pillow(where)
    check_file(path, where)
    try:
        with warnings.catch_warnings(), open(path, "rb") as file:
            warnings.simplefilter("ignore")  # Pillow's own, about what is dealt with below
            image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise _too_large(where, f"{width:,} x {height:,} pixels")
            several = image.format != "MPO" and getattr(
                image, "is_animated", False
            )  # MPO: a JPEG of a phone, with a preview
            grey_of_16_bits = _is_grey_of_16_bits(image)
            if image.mode not in MODES and not grey_of_16_bits:
                raise DataError(
                    where,
                    "numbers of no known range",
                    "8 bits a channel, or grey of 16",
                    f"Pillow's mode {image.mode}",
                    "save it as PNG or JPEG",
                )
            if at_an_eighth:  # only JPEG can
                image.draft(None, (max(1, width // 8), max(1, height // 8)))
            image.load()
            size = (width, height) if _is_on_its_side(image) else (height, width)
            image = _upright(image, ImageOps)
            if grey_of_16_bits:
                pixels = np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
            else:
                pixels = np.array(image.convert("RGB"))
    except DataError:
        raise
    except Image.DecompressionBombError:  # Pillow's limit is above ours, and comes first
        raise _too_large(where, "many more") from None
    except Image.UnidentifiedImageError:
        raise _no_picture(path, where) from None
    except PermissionError:
        raise DataError(where, "cannot be read", got="no permission") from None
    except Exception as error:  # a damaged file can fail in a dozen ways
        raise DataError(
            where,
            "a damaged picture",
            got=" ".join(str(error).split())[:100] or type(error).__name__,
            todo=AGAIN,
        ) from None
    return pixels, size, several


def decode_quietly(path: PathLike) -> Array:
    """`decode`, without a warning for an animation: its first frame will do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeveralPictures)
        return decode(path)


def pillow(where: str) -> tuple[Any, Any]:
    """Pillow's modules Image and ImageOps, with all formats known."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ConfigError(
            where,
            "Pillow, which decodes pictures, is not installed",
            todo='pip install "minires[images]"',
        ) from None
    Image.init()
    return Image, ImageOps


def check_file(path: PathLike, where: str) -> None:
    """Raise DataError for what is no file with something in it."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise DataError(where, "no such file", "a picture") from None
    except (OSError, ValueError) as error:  # a name too long, a file in the place of a folder, ...
        raise DataError(
            where, "cannot be read", "a picture", getattr(error, "strerror", None) or str(error)
        ) from None
    if stat.S_ISDIR(found.st_mode):
        raise DataError(where, "cannot be read", "a picture", "a folder")
    if not stat.S_ISREG(found.st_mode):
        raise DataError(
            where,
            "cannot be read",
            "a file on disk",
            "a pipe or a device",
            "save the picture to a file first",
        )
    if found.st_size == 0:
        raise DataError(where, "an empty file", "a picture", "0 bytes")


def _no_picture(path, where):
    """The error for a file that Pillow does not know: what it is, if that can be told."""
    with open(path, "rb") as file:
        start = file.read(64)
    if begins_like_a_picture(path):
        got = "a beginning and little else"
        return DataError(where, "a damaged picture", got=got, todo=AGAIN)
    known = what_it_is(start)
    if known is not None:
        kind, todo = known
        return DataError(where, "not a picture that is read", "JPEG, PNG, ...", kind, todo)
    return DataError(
        where,
        "not a picture",
        "JPEG, PNG, GIF, WebP, BMP or TIFF",
        f"a file that begins with {start[:12]!r}",
    )


def _too_large(where, got):
    return DataError(
        where, "too many pixels", f"at most {MOST_PIXELS:,}", got, "make it smaller first"
    )


def _is_grey_of_16_bits(image):
    """Whether the numbers are grey from 0 to 65,535: Pillow also uses these modes for 12 and 32
    bits, and for 0 as white.
    """
    if image.format == "TIFF":
        bits, black_is_zero = image.tag_v2.get(258), image.tag_v2.get(262) == 1
        return image.mode.startswith("I;16") and bits == (16,) and black_is_zero
    return image.mode.startswith("I") and image.format in ("PNG", "PPM", "JPEG2000")


def _is_on_its_side(image):
    """Whether its EXIF data ask for a turn by which height and width change places."""
    try:
        return image.getexif().get(ORIENTATION) in ON_ITS_SIDE
    except Exception:
        return False


def _upright(image, ImageOps):
    """Turned as its EXIF data ask for; as it is, if they cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image
