"""The labelled set of images: what it refuses, and how it is cut and resized."""

import numpy as np
import pytest

from minires.data import ImageDataset
from minires.errors import ConfigError, DataError


def make(n=10, size=4):
    rng = np.random.default_rng(0)
    return ImageDataset(
        rng.integers(0, 256, (n, size, size, 3), np.uint8),
        rng.integers(0, 3, n),
        ("a", "b", "c"),
        "set",
    )


@pytest.mark.parametrize(
    "images, labels, words",
    [
        (
            np.zeros((2, 4, 4, 3)),
            np.zeros(2, np.int64),
            "images of the wrong kind.*uint8.*got float64",
        ),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64), r"\(N, H, W, 3\)"),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int64), "not RGB"),
        (np.zeros((0, 4, 4, 3), np.uint8), np.zeros(0, np.int64), "empty"),
        (
            np.zeros((2, 4, 4, 3), np.uint8),
            np.zeros(3, np.int64),
            "expected 2 labels, one per image, got 3",
        ),
        (np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int32), "labels of the wrong kind"),
        (
            np.zeros((2, 4, 4, 3), np.uint8),
            np.array([0, 3]),
            "label of image 1 is out of range: expected 0 to 2, got 3",
        ),
        (np.zeros((2, 4, 4, 3), np.uint8), np.array([-1, 0]), "label of image 0"),
        ([[1]], np.zeros(1, np.int64), "not an array"),
    ],
)
def test_arrays_that_are_not_a_labelled_set_are_refused(images, labels, words):
    with pytest.raises(DataError, match=words):
        ImageDataset(images, labels, ("a", "b", "c"), "set")


def test_take_and_split():
    whole = make(10)
    np.testing.assert_array_equal(whole.take(3).images, whole.images[:3])
    rest, last = whole.split(4)
    np.testing.assert_array_equal(rest.labels, whole.labels[:6])
    np.testing.assert_array_equal(last.images, whole.images[6:])


def test_a_random_split_has_the_same_images():
    whole = ImageDataset(
        np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8),
        np.zeros(10, np.int64),
        ("a",),
        "set",
    )
    rest, last = whole.split(4, seed=1)
    numbers = [int(image[0, 0, 0]) for part in (rest, last) for image in part.images]
    assert sorted(numbers) == list(range(10)) and numbers != list(range(10))
    np.testing.assert_array_equal(last.images, whole.split(4, seed=1)[1].images)


@pytest.mark.parametrize("n", [0, 11, -1])
def test_take_more_than_there_is(n):
    with pytest.raises(ConfigError, match="1 to 10"):
        make(10).take(n)


@pytest.mark.parametrize("n", [0, 10])
def test_split_with_an_empty_part(n):
    with pytest.raises(ConfigError, match="one part would be empty"):
        make(10).split(n)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_resize_averages_and_rounds(factor):
    whole = make(1100, 8)  # more than one block
    expected = whole.images.reshape(1100, 8 // factor, factor, 8 // factor, factor, 3).mean(
        axis=(2, 4)
    )
    small = whole.resize(8 // factor).images
    assert small.dtype == np.uint8
    assert np.abs(small - expected).max() <= 0.5


@pytest.mark.parametrize("size", [3, 0, 16])
def test_resize_by_no_whole_factor(size):
    with pytest.raises(ConfigError, match="a divisor of 8, because the images are 8x8"):
        make(2, 8).resize(size)


def test_resize_of_images_that_are_not_square():
    images = ImageDataset(np.zeros((2, 8, 4, 3), np.uint8), np.zeros(2, np.int64), ("a",), "set")
    with pytest.raises(ConfigError, match="images: expected equal height and width, got 8x4"):
        images.resize(4)


def test_pixel_mean():
    whole = make(50)
    assert whole.pixel_mean().dtype == np.float32
    np.testing.assert_allclose(whole.pixel_mean(), whole.images.mean(axis=0) / 255, rtol=1e-6)
