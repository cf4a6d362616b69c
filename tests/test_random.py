"""One seed, several independent streams."""

import pytest

from minires import models
from minires.errors import ConfigError
from minires.random import PURPOSES, stream


def test_streams_repeat_and_differ():
    draws = {
        (seed, purpose): stream(seed, purpose).random() for seed in (0, 1) for purpose in PURPOSES
    }
    assert len(set(draws.values())) == 2 * len(PURPOSES)
    assert all(stream(*key).random() == value for key, value in draws.items())


def test_unknown_purpose():
    with pytest.raises(ValueError):
        stream(0, "weather")


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ConfigError, match="seed: expected a whole number of at least 0"):
        models.resnet(8, width=2, seed=seed)


def test_a_purpose_that_does_not_exist():
    with pytest.raises(ConfigError, match="did you mean 'weights'"):
        stream(0, "weigths")
