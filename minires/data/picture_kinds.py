"""What the ending of a file's name promises, and what to do with the kinds that are not read.

A name can lie: messengers save JPEG as ``.heic``, browsers WebP as ``.jpg``. So the first bytes of
a file decide wherever they can.
"""

import os

from ..types import PathLike

#: Endings of pictures that Pillow reads everywhere, in lower case.
SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jfif",  # JPEG, as Chrome saves it on Windows
    ".jpe",
    ".png",
    ".gif",
    ".webp",
    ".avif",
    ".jp2",
    ".bmp",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
    ".pnm",
)
_HEIC = "export them as JPEG, or: magick mogrify -format jpg *.heic"
_RAW = "from a camera: develop them to JPEG, for example with darktable"
_VIDEO = "take pictures out of it: ffmpeg -i FILE -r 1 %05d.jpg"
_DRAWING = "drawings: export them as PNG"
_LAYERS = "export them as PNG"
_PAGES = "save the pages as pictures: pdftoppm -jpeg FILE page"
_PACKED = "unpack it, and name the new folder"
#: Ending -> what a person can do with such a file.
ADVICE = {
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIC),
    **dict.fromkeys((".jxl", ".jxr", ".wdp"), "export them as JPEG"),
    **dict.fromkeys(
        ".arw .cr2 .cr3 .crw .dng .nef .nrw .orf .pef .raf .raw .rw2 .srw .x3f".split(), _RAW
    ),
    **dict.fromkeys(".mp4 .mov .avi .mkv .webm .m4v .3gp .mpg .mpeg .wmv".split(), _VIDEO),
    **dict.fromkeys((".svg", ".svgz", ".eps", ".ai"), _DRAWING),
    **dict.fromkeys((".psd", ".xcf", ".kra", ".afphoto"), _LAYERS),
    ".pdf": _PAGES,
    **dict.fromkeys(".zip .7z .rar .tar .gz .tgz .bz2 .xz".split(), _PACKED),
}
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")  # JPEG, PNG, GIF


def begins_like_a_picture(path: PathLike) -> bool:
    """Whether the file begins as JPEG, PNG, GIF or WebP do, whatever its name is.

    TIFF and BMP do not count: raw files of cameras begin as TIFF does, and BMP with two letters.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start.startswith(_STARTS) or (start[:4] == b"RIFF" and start[8:] == b"WEBP")


def what_it_is(start: bytes) -> tuple[str, str] | None:
    """The kind of a file that begins with these 12 bytes or more and is not read, and what to do.

    None for a kind that is not known.
    """
    if start[4:8] == b"ftyp":
        brand = start[8:12]
        if brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"):
            return "HEIC, a photograph as iPhones save it", "export it as JPEG"
        if brand in (b"avif", b"avis"):
            return "AVIF, for which this Pillow is too old", "pip install -U pillow"
        if brand == b"crx ":
            return "a raw photograph of a camera", "develop it to JPEG"
        return "a video", "take pictures out of it"
    if start.startswith(b"%PDF"):
        return "a PDF", "save its pages as pictures"
    if start.startswith(b"8BPS"):
        return "a Photoshop file", "export it as PNG"
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
        return "an archive", "unpack it"
    if start.lstrip()[:4].lower() in (b"<svg", b"<?xm"):
        return "a drawing (SVG)", "export it as PNG"
    if start.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        return "a web page", "save the picture itself, not the page around it"
    return None


def ending(path: PathLike) -> str:
    """The ending of a file's name in lower case, with its dot; empty if it has none."""
    return os.path.splitext(os.fspath(path))[1].lower()
