"""Calibration: solved by hand, and of a net that is too sure of itself."""

import numpy as np
import pytest

from minires.diagnostics import Classified, calibration
from minires.errors import ConfigError


def logits(probabilities, classes=2):
    rest = (1 - np.asarray(probabilities)) / (classes - 1)
    return np.log(np.stack([probabilities, *[rest] * (classes - 1)], axis=1))


def test_by_hand():
    """Four images at 90 %, of which three are right; two at 60 %, of which one is right."""
    probabilities = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    found = calibration(Classified(logits(probabilities), np.array([0, 0, 0, 1, 0, 1])), bins=5)
    assert [one.images for one in found.bins] == [0, 0, 2, 0, 4]
    assert found.bins[4].confidence == pytest.approx(90) and found.bins[4].accuracy == 75
    assert found.bins[2].confidence == pytest.approx(60) and found.bins[2].accuracy == 50
    assert found.error == pytest.approx((4 * 15 + 2 * 10) / 6)
    assert np.isnan(found.bins[0].confidence)


def test_a_net_that_is_always_sure_and_always_wrong():
    found = calibration(Classified(np.array([[100.0, 0.0]] * 3), np.ones(3, int)))
    assert found.error == pytest.approx(100) and found.bins[-1].images == 3


def test_bins():
    with pytest.raises(ConfigError, match="bins"):
        calibration(Classified(np.zeros((1, 2)), np.zeros(1, int)), bins=0)
