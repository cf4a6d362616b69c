"""One seed, several independent streams."""

import pytest

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
