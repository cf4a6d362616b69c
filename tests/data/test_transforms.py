"""Resizing, cropping and normalising: as torchvision does it, where it is installed, and as its
steps are written out here."""

import json
import sys

import numpy as np
import pytest

from minires.data import transforms
from minires.data.transforms import (
    MEAN,
    STD,
    ImageTransform,
    center_crop,
    normalise,
    resize_shorter,
)
from minires.errors import ConfigError, DataError, DtypeError, ShapeError

from .pictures import drawing

Image = pytest.importorskip("PIL.Image", reason="Pillow, which resizes pictures, is not installed")

SIZES = [
    (256, 256),
    (224, 224),
    (375, 500),
    (500, 375),
    (333, 500),
    (257, 263),
    (255, 256),
    (1, 1),
    (2, 3),
    (31, 997),
    (1003, 40),
    (100, 1279),
    (480, 641),
    (37, 53),
]
TARGETS = [(256, 224), (232, 224), (64, 64), (73, 64), (32, 32), (33, 28), (100, 91), (20, 31)]


def by_hand(pixels, resize, crop):
    """torchvision 0.28, transforms/functional.py: Resize, CenterCrop, ToTensor and Normalize on
    Pillow's pictures."""
    height, width = pixels.shape[:2]
    new_height, new_width = (
        (resize, int(resize * width / height))
        if height <= width
        else (int(resize * height / width), resize)
    )
    pixels = np.asarray(
        Image.fromarray(pixels).resize((new_width, new_height), Image.Resampling.BILINEAR)
    )
    padded = np.zeros((max(new_height, crop), max(new_width, crop), 3), np.uint8)
    top, left = max(0, crop - new_height) // 2, max(0, crop - new_width) // 2
    padded[top : top + new_height, left : left + new_width] = pixels
    top, left = (
        int(round((padded.shape[0] - crop) / 2.0)),
        int(round((padded.shape[1] - crop) / 2.0)),
    )
    cut = padded[top : top + crop, left : left + crop]
    return ((cut / 255.0 - np.array(MEAN)) / np.array(STD)).astype(np.float32)


@pytest.mark.parametrize("resize, crop", TARGETS)
@pytest.mark.parametrize("size", SIZES)
def test_as_written_out(size, resize, crop):
    pixels = drawing(*size)
    got = ImageTransform(resize, crop)(pixels)
    assert got.shape == (crop, crop, 3) and got.dtype == np.float32
    assert abs(got - by_hand(pixels, resize, crop)).max() < 1e-5


def test_as_torchvision():
    transforms = pytest.importorskip(
        "torchvision.transforms", reason="torchvision, the second opinion, is not installed"
    )
    for resize, crop in TARGETS:
        steps = transforms.Compose(
            [
                transforms.Resize(resize),
                transforms.CenterCrop(crop),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )
        for size in SIZES:
            pixels = drawing(*size)
            expected = steps(Image.fromarray(pixels)).numpy().transpose(1, 2, 0)
            assert abs(ImageTransform(resize, crop)(pixels) - expected).max() < 1e-5, (
                size,
                resize,
                crop,
            )


def test_by_default_as_for_imagenet():
    pixels = drawing(300, 400)
    usual = ImageTransform()
    assert np.array_equal(usual(pixels), ImageTransform(256, 224)(pixels)) and usual(
        pixels
    ).shape == (224, 224, 3)
    assert np.allclose(
        ImageTransform(32, 32, mean=(0, 0, 0), std=(1, 1, 1))(pixels),
        resize_shorter(pixels, 32)[:, 5:37] / 255,
    )


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"resize": 0}, "resize: expected a whole number of at least 1, got 0"),
        ({"crop": 2.5}, "crop: expected a whole number"),
        ({"mean": (0.5, 0.5)}, "mean: expected three numbers"),
        ({"std": (1, 0, 1)}, "std: expected three numbers above 0"),
        ({"mean": (0.5, 0.5, float("nan"))}, "mean"),
    ],
)
def test_invalid_transforms(settings, words):
    with pytest.raises(ConfigError, match=words):
        ImageTransform(**settings)


def test_a_transform_survives_json():
    transform = ImageTransform(np.int64(40), 32, [0.5, 0.5, 0.5], np.ones(3, np.float32))
    assert ImageTransform(**json.loads(json.dumps(transform.as_dict()))) == transform


@pytest.mark.parametrize(
    "size, shape",
    [
        ((375, 500), (256, 341)),
        ((500, 375), (341, 256)),
        ((500, 333), (384, 256)),
        ((7, 7), (256, 256)),
    ],
)
def test_the_shorter_side(size, shape):
    """The longer one is rounded down: 256 x 500 / 375 = 341.3, 256 x 500 / 333 = 384.4."""
    assert resize_shorter(drawing(*size), 256).shape == (*shape, 3)


def test_the_size_it_has_is_left_alone():
    pixels = drawing(256, 300)
    assert resize_shorter(pixels, 256) is pixels


@pytest.mark.parametrize(
    "side, size, corner", [(10, 4, 3), (11, 4, 4), (9, 4, 2), (5, 4, 0), (7, 4, 2), (4, 4, 0)]
)
def test_the_corner_of_a_crop_is_rounded_to_even(side, size, corner):
    """(11 - 4) / 2 = 3.5 becomes 4, (9 - 4) / 2 = 2.5 becomes 2."""
    pixels = drawing(side, side)
    assert np.array_equal(
        center_crop(pixels, size), pixels[corner : corner + size, corner : corner + size]
    )


def test_a_picture_smaller_than_the_crop():
    pixels = drawing(3, 9)
    cut = center_crop(pixels, 6)
    assert (
        cut.shape == (6, 6, 3)
        and np.array_equal(cut[1:4], pixels[:, 2:8])
        and cut[0].max() == cut[4:].max() == 0
    )


def test_normalise():
    pixels = np.array([[[0, 255, 51]]], np.uint8)
    assert (
        np.allclose(normalise(pixels), [[[-0.485 / 0.229, 0.544 / 0.224, -0.206 / 0.225]]])
        and normalise(pixels).dtype == np.float32
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda pixels: resize_shorter(pixels, 8),
        lambda pixels: center_crop(pixels, 8),
        normalise,
        ImageTransform(8, 8),
    ],
)
@pytest.mark.parametrize(
    "pixels, error",
    [
        (np.zeros((9, 9, 3)), DtypeError),
        ([[[1, 2, 3]]], DtypeError),
        (np.zeros((9, 9), np.uint8), ShapeError),
        (np.zeros((9, 9, 4), np.uint8), ShapeError),
        (np.zeros((0, 9, 3), np.uint8), ShapeError),
    ],
)
def test_arrays_that_are_not_pictures(act, pixels, error):
    with pytest.raises(error, match="pixels: expected"):
        act(pixels)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "8"])
def test_invalid_sizes(size):
    for act in (resize_shorter, center_crop):
        with pytest.raises(ConfigError, match="size: expected a whole number"):
            act(drawing(9, 9), size)


def test_a_strip_would_become_huge():
    """torchvision would need 20 GB for this."""
    strip = np.zeros((1, 100_000, 3), np.uint8)
    with pytest.raises(DataError, match="too long and thin.*6,553,600,000"):
        resize_shorter(strip, 256)
    strip[:, 49_990:50_010] = 255
    for long in (strip, strip.transpose(1, 0, 2)):
        assert (ImageTransform().cut(long) == 255).all()


@pytest.mark.parametrize("resize, crop", [(16, 16), (16, 12), (9, 16), (4, 300)])
def test_the_middle_of_a_strip_is_the_same(resize, crop):
    strip = drawing(5, 601)
    for long in (strip, np.ascontiguousarray(strip.transpose(1, 0, 2))):
        whole = center_crop(resize_shorter(long, resize), crop).astype(int)
        assert abs(ImageTransform(resize, crop).cut(long) - whole).max() <= 12


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigError, match="^resize_shorter: .*pip install"):
        resize_shorter(drawing(9, 9), 8)
    assert transforms.center_crop(drawing(9, 9), 8).shape == (8, 8, 3)
