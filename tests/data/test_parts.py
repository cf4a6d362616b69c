"""Parts of a set: some of its classes, and a validation part."""

from collections import Counter

import numpy as np
import pytest

from minires import data
from minires.data.parts import only_classes, validation_part
from minires.errors import ConfigError


@pytest.fixture(scope="module")
def images():
    return data.synthetic(100, 20, seed=1)[0].resize(8)


def test_only_some_classes(images):
    names = (images.classes[7], images.classes[2])
    part = only_classes(images, names)
    assert part.classes == (images.classes[2], images.classes[7])  # in the order of the set
    chosen = np.isin(images.labels, (2, 7))
    assert np.array_equal(part.images, images.images[chosen])
    assert [part.classes[label] for label in part.labels] == [
        images.classes[label] for label in images.labels[chosen]
    ]


def test_classes_that_do_not_exist(images):
    first = images.classes[0]
    with pytest.raises(ConfigError, match=f"unknown class.*did you mean '{first}'"):
        only_classes(images, (first + "s", images.classes[1]))
    for names in ((first,), (first, first)):
        with pytest.raises(ConfigError, match="two or more, each once"):
            only_classes(images, names)


@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.99])
def test_every_class_is_in_both_parts(images, fraction):
    rest, part = validation_part(images, fraction)
    assert len(rest) + len(part) == len(images)
    counts, chosen = Counter(images.labels.tolist()), Counter(part.labels.tolist())
    for label, count in counts.items():
        assert chosen[label] == min(max(1, round(fraction * count)), count - 1)
    together = np.concatenate([rest.images, part.images]).reshape(len(images), -1)
    assert sorted(map(bytes, together)) == sorted(map(bytes, images.images.reshape(100, -1)))


def test_the_choice_depends_on_the_seed_alone(images):
    one, same, other = (validation_part(images, 0.2, seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.images, other.images)


def test_a_single_image_of_each_class_cannot_be_split(images):
    _, firsts = np.unique(images.labels, return_index=True)
    with pytest.raises(ConfigError, match="too few training images for a validation part"):
        validation_part(images.pick(firsts), 0.5)
    with pytest.raises(ConfigError, match="fraction: expected a number between 0 and 1"):
        validation_part(images, 1)
