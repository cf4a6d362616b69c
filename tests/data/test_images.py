"""Decoding: every kind of picture, and files that are not pictures."""

import io
import multiprocessing
import os
import struct
import sys
import warnings
import zlib

import numpy as np
import pytest

from minires.data import images
from minires.data.images import SeveralPictures, decode
from minires.errors import ConfigError, DataError

from ..faults import refuse
from .pictures import drawing, png

Image = pytest.importorskip("PIL.Image", reason="Pillow, which decodes pictures, is not installed")

DRAWING = drawing()
GREY = np.linspace(0, 65535, 20 * 30).reshape(20, 30).astype(np.uint16)


@pytest.fixture(autouse=True)
def no_warnings_but_those_expected():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def write(folder, content, name="picture"):
    path = folder / name
    path.write_bytes(content)
    return path


def encoded(image, kind, **settings):
    stream = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(
        stream, kind, **settings
    )
    return stream.getvalue()


# The pixels of each kind of picture


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("PPM", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_formats_without_loss(tmp_path, kind, settings):
    pixels = decode(write(tmp_path, encoded(DRAWING, kind, **settings)))
    assert pixels.dtype == np.uint8 and pixels.flags.writeable and np.array_equal(pixels, DRAWING)


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("WEBP", {"quality": 95}),
        ("AVIF", {"quality": 95}),
        ("GIF", {}),
    ],
)
def test_formats_with_loss(tmp_path, kind, settings):
    if kind not in Image.registered_extensions().values():
        pytest.skip(f"this Pillow has no {kind}")
    pixels = decode(write(tmp_path, encoded(DRAWING, kind, **settings)))
    assert pixels.shape == DRAWING.shape and abs(pixels.astype(int) - DRAWING).mean() < 16


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA"])
def test_modes_are_converted_as_by_pillow_and_torchvision(tmp_path, mode):
    image = Image.fromarray(DRAWING).convert(mode)
    assert np.array_equal(
        decode(write(tmp_path, encoded(image, "PNG"))), np.asarray(image.convert("RGB"))
    )


def test_transparency_is_dropped(tmp_path):
    """The colours under it stay, as in torchvision; a palette's too."""
    transparent = np.dstack([DRAWING, np.zeros(DRAWING.shape[:2], np.uint8)])
    assert np.array_equal(decode(write(tmp_path, encoded(transparent, "PNG"))), DRAWING)
    palette = Image.fromarray(DRAWING).quantize(16)
    for transparency in (3, bytes(range(0, 160, 10))):
        assert np.array_equal(
            decode(write(tmp_path, encoded(palette, "PNG", transparency=transparency))),
            np.asarray(palette.convert("RGB")),
        )


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF", "JPEG2000"])
def test_grey_of_16_bits_is_scaled(tmp_path, kind):
    """Pillow's own conversion clips it: everything above 255 becomes white."""
    pixels = decode(write(tmp_path, encoded(GREY, kind)))
    assert pixels.dtype == np.uint8 and all(
        np.array_equal(pixels[:, :, i], GREY >> 8) for i in range(3)
    )


def test_16_bits_a_channel(tmp_path):
    deep = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=2)
    assert np.array_equal(decode(write(tmp_path, png(deep, 2))), deep >> 8)
    assert np.array_equal(decode(write(tmp_path, png(np.dstack([deep, GREY]), 6))), deep >> 8)
    assert np.array_equal(
        decode(write(tmp_path, png(np.dstack([GREY, GREY]), 4)))[:, :, 0], GREY >> 8
    )


def test_cmyk_in_a_jpeg(tmp_path):
    """Adobe's programs write it inverted; the same picture without Adobe's marker is not
    inverted."""
    cmyk = encoded(Image.fromarray(DRAWING).convert("CMYK"), "JPEG", quality=95)
    at = cmyk.index(b"\xff\xee\x00\x0eAdobe")
    for content in (cmyk, cmyk[:at] + cmyk[at + 16 :]):
        assert abs(decode(write(tmp_path, content)).astype(int) - DRAWING).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photographs_taken_on_their_side_are_set_upright(tmp_path, kind, orientation):
    """The numbers are those of the EXIF standard, which says where row 0 and column 0 of the stored
    picture belong."""
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](DRAWING)
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode(
        write(tmp_path, encoded(np.ascontiguousarray(stored), kind, exif=exif, quality=95))
    )
    assert pixels.shape == DRAWING.shape and abs(pixels.astype(int) - DRAWING).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_as_pillow_has_it(tmp_path, orientation):
    """The same pixels as from Pillow's ``ImageOps.exif_transpose``, to the byte."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write(tmp_path, encoded(DRAWING, "JPEG", exif=exif))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(decode(path), expected)
    assert (expected.shape[0] > expected.shape[1]) == (orientation >= 5)


def test_deep_grey_on_its_side(tmp_path):
    exif = struct.pack("<2sHIHHHII", b"II", 42, 8, 1, 0x0112, 3, 1, 6) + bytes(4)
    assert np.array_equal(
        decode(write(tmp_path, png(GREY, 0, (b"eXIf", exif))))[:, :, 0], np.rot90(GREY, -1) >> 8
    )


def test_a_damaged_orientation_leaves_the_picture_as_it_is(tmp_path, monkeypatch):
    def fail(image):
        raise ValueError("damaged EXIF")

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", fail)
    assert np.array_equal(decode(write(tmp_path, encoded(DRAWING, "PNG"))), DRAWING)


@pytest.mark.parametrize(
    "kind, settings", [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})]
)
def test_the_first_of_several_pictures_is_read_with_a_warning(tmp_path, kind, settings):
    first, second = (Image.fromarray(one) for one in (DRAWING, DRAWING[::-1]))
    path = write(tmp_path, encoded(first, kind, save_all=True, append_images=[second], **settings))
    with pytest.warns(SeveralPictures, match="the first is taken"):
        pixels = decode(path)
    assert (
        abs(pixels.astype(int) - DRAWING).mean()
        < 16
        < abs(pixels.astype(int) - DRAWING[::-1]).mean()
    )


def test_the_preview_in_a_phones_jpeg_is_not_a_second_picture(tmp_path):
    content = encoded(
        Image.fromarray(DRAWING),
        "MPO",
        save_all=True,
        append_images=[Image.fromarray(DRAWING[::4, ::4])],
        quality=95,
    )
    assert decode(write(tmp_path, content)).shape == DRAWING.shape


def test_the_name_of_a_file_does_not_matter(tmp_path):
    assert np.array_equal(
        decode(str(write(tmp_path, encoded(DRAWING, "PNG"), "picture.jpg"))), DRAWING
    )


# Files that are refused


def refused(path, words):
    with pytest.raises(DataError, match=words) as caught:
        decode(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path))


def test_no_file(tmp_path):
    refused(tmp_path / "nothing.jpg", "no such file")
    refused(tmp_path, "got a folder")
    refused(write(tmp_path, b"", "empty.jpg"), "an empty file")
    refused(tmp_path / ("n" * 300), "cannot be read")
    refused(tmp_path / "empty.jpg" / "x.jpg", "cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "a pipe or a device")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = write(tmp_path, encoded(DRAWING, "PNG"))

    monkeypatch.setattr(images, "open", refuse, raising=False)
    refused(path, "no permission")


@pytest.mark.parametrize(
    "content, words",
    [
        (b"<!DOCTYPE html><html>", "not a picture.*got a web page; save the picture itself"),
        (b"just some text", "not a picture.*begins with b'just some"),
        (b"\xff\xd8\xff", "a damaged picture: got a beginning and little else"),
        (b"\0" * 1000, "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC.*export it as JPEG"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "got a video; take pictures out of it"),
        (b"%PDF-1.7" + bytes(100), "got a PDF"),
        (b"8BPS\0\1" + bytes(100), "Photoshop"),
        (b"PK\x03\x04" + bytes(100), "an archive; unpack it"),
        (b"<svg xmlns='x'></svg>", "SVG"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n",
            "not a picture",
        ),  # Pillow would run Ghostscript
    ],
)
def test_files_that_are_not_pictures(tmp_path, content, words):
    refused(write(tmp_path, content, "x.jpg"), words)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000"])
def test_truncated(tmp_path, kind):
    """Wherever the file is cut, there is an error; or the whole picture, if nothing of it is
    missing."""
    whole = encoded(drawing(64, 64), kind)
    pixels = decode(write(tmp_path, whole))
    for cut in (1, 2, 10, len(whole) // 4, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path = write(tmp_path, whole[:cut], "cut")
        try:
            found = decode(path)
        except DataError as error:
            assert "\n" not in str(error) and (
                "not a picture" in str(error) or "a damaged picture" in str(error)
            )
        else:
            assert cut > len(whole) * 0.9 and np.array_equal(found, pixels)


def test_huge_is_refused_by_its_header(tmp_path):
    """Files of a few bytes that claim 60,000 x 60,000 and 15,000 x 10,001 pixels. Pillow's own
    limit lies in between."""
    for width, height, got in ((60_000, 60_000, "many more"), (15_000, 10_001, "15,000 x 10,001")):
        content = bytearray(png(np.zeros((1, 1, 3), np.uint8), 2))
        header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        content[12:33] = header + struct.pack(">I", zlib.crc32(header))
        refused(
            write(tmp_path, bytes(content)),
            f"too many pixels: expected at most 150,000,000, got {got}",
        )


def test_the_largest_size_that_is_read(tmp_path, monkeypatch):
    path = write(tmp_path, encoded(DRAWING, "PNG"))
    monkeypatch.setattr(images, "MOST_PIXELS", 37 * 53)
    assert decode(path).shape == (37, 53, 3)
    monkeypatch.setattr(images, "MOST_PIXELS", 37 * 53 - 1)
    refused(path, "too many pixels")


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_numbers_of_no_known_range(tmp_path, mode):
    refused(
        write(tmp_path, encoded(Image.new(mode, (4, 4)), "TIFF")), f"no known range.*mode {mode}"
    )


def test_grey_of_16_bits_with_0_as_white(tmp_path):
    """Pillow would show its negative."""
    content, tag = encoded(GREY, "TIFF"), struct.pack("<HHI", 262, 3, 1)
    assert content.count(tag + b"\1") == 1
    refused(write(tmp_path, content.replace(tag + b"\1", tag + b"\0")), "no known range")


def test_the_file_is_closed(tmp_path):
    """Also when decoding fails. An open file would be a ResourceWarning, which is an error here."""
    import gc

    decode(write(tmp_path, encoded(DRAWING, "JPEG")))
    refused(write(tmp_path, encoded(DRAWING, "JPEG")[:500]), "damaged")
    refused(write(tmp_path, b"no picture"), "not a picture")
    gc.collect()


def test_without_pillow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigError, match=r'pip install "minires\[images\]"'):
        decode(write(tmp_path, b"x"))


def test_worker_processes(tmp_path):
    """An error in a worker also reaches the caller."""
    good, bad = write(tmp_path, encoded(DRAWING, "PNG"), "good"), write(tmp_path, b"bad", "bad")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert np.array_equal(pool.apply(decode, (good,)), DRAWING)
        with pytest.raises(DataError, match="not a picture"):
            pool.apply(decode, (bad,))
