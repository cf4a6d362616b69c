"""The drawn images: repeatable, balanced, and not recognisable by colour alone."""

import numpy as np
import pytest

from minires.data import synthetic
from minires.errors import ConfigError


@pytest.fixture(scope="module")
def sets():
    return synthetic(2000, 500)


def test_shapes_and_balance(sets):
    train, test = sets
    assert train.images.shape == (2000, 32, 32, 3) and test.images.shape == (500, 32, 32, 3)
    assert (
        list(np.bincount(train.labels)) == [200] * 10
        and list(np.bincount(test.labels)) == [50] * 10
    )
    assert len(train.classes) == 10 and train.name == "synthetic"


def test_one_seed_one_set():
    a, b, other = synthetic(30, 30, seed=1), synthetic(30, 30, seed=1), synthetic(30, 30, seed=2)
    np.testing.assert_array_equal(a[0].images, b[0].images)
    np.testing.assert_array_equal(a[1].labels, b[1].labels)
    assert not np.array_equal(a[0].images, other[0].images)
    assert not np.array_equal(a[0].images, a[1].images)


def test_a_longer_set_begins_with_the_shorter_one(sets):
    np.testing.assert_array_equal(synthetic(400, 1)[0].images, sets[0].images[:400])


def test_images_use_the_range_of_a_byte_and_differ(sets):
    images = sets[0].images
    assert images.min() < 10 and images.max() > 245
    assert len({image.tobytes() for image in images}) == len(images)


def test_the_mean_image_of_a_class_is_far_from_deciding_it(sets):
    """The nearest mean image, a linear classifier, is wrong on most images; guessing would be wrong
    on 90 %."""
    train, test = (s.images.reshape(len(s), -1) / 255 for s in sets)
    means = np.stack([train[sets[0].labels == k].mean(axis=0) for k in range(10)])
    distance = ((test[:, None] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) != sets[1].labels).mean() > 0.65


def test_other_sizes():
    assert synthetic(10, 10, size=16)[0].images.shape == (10, 16, 16, 3)


@pytest.mark.parametrize("sizes", [(0, 10), (10, 0), (10, 10, 4)])
def test_too_small(sizes):
    with pytest.raises(ConfigError, match="a whole number of at least"):
        synthetic(*sizes)


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_an_invalid_seed(seed):
    with pytest.raises(ConfigError, match="seed: expected a whole number of at least 0"):
        synthetic(10, 10, seed=seed)


def test_the_class_cannot_be_read_off_the_mean_colour(sets):
    """The background leans to a hue of the class or to the opposite hue, which cancels on
    average."""
    train = sets[0]
    corners = train.images[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=1)
    means = np.stack([corners[train.labels == k].mean(axis=0) for k in range(10)])
    assert (
        np.abs(means - corners.mean(axis=0)).max() < 20
    )  # of 255; the corners of one class spread by 50
