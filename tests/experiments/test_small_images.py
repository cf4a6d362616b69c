"""The images that nets are tested on: the test set, or a part of the training set that is kept for
it."""

from dataclasses import replace

import numpy as np
import pytest

from minires.errors import ConfigError
from minires.experiments import training_sets
from minires.experiments.presets import PRESETS
from minires.experiments.small_images import load_sets

SMALL = replace(PRESETS["quick"], image_size=8, train_size=50, test_size=20)


def test_the_last_training_images_take_the_place_of_the_test_set():
    train, test = load_sets(SMALL)
    rest, last = load_sets(replace(SMALL, val_fraction=0.2))
    assert (len(rest), len(last), len(test)) == (40, 10, 20)
    np.testing.assert_array_equal(np.concatenate([rest.images, last.images]), train.images)
    np.testing.assert_array_equal(np.concatenate([rest.labels, last.labels]), train.labels)
    assert rest.name == "synthetic, its last 10 training images for validation"


def test_train_and_degradation_read_the_same_images():
    for config in (SMALL, replace(SMALL, val_fraction=0.1)):
        sets = load_sets(config), training_sets.load_sets(config)
        for one, other in zip(*sets):
            if config.val_fraction or one is sets[0][0]:  # otherwise other images are drawn
                np.testing.assert_array_equal(one.images, other.images)
            assert len(one) == len(other)


def test_no_image_is_left_to_train_on():
    with pytest.raises(ConfigError, match="one part would be empty"):
        load_sets(replace(SMALL, train_size=1, val_fraction=0.5))


def test_drawn_images_have_no_folder(tmp_path):
    with pytest.raises(ConfigError, match="drawn, not read"):
        load_sets(replace(SMALL, data=str(tmp_path)))
