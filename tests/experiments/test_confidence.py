"""The interval of the mean, compared with Student's distribution itself."""

import random
from math import gamma, pi, sqrt
from statistics import mean

import numpy as np
import pytest

from minires.experiments import confidence


def below(t, degrees):
    """The probability below t of Student's distribution, by adding up its density."""
    x = np.linspace(0, t, 20_001)
    scale = gamma((degrees + 1) / 2) / sqrt(degrees * pi) / gamma(degrees / 2)
    density = scale * (1 + x**2 / degrees) ** (-(degrees + 1) / 2)
    return 0.5 + float(np.sum((density[1:] + density[:-1]) / 2 * np.diff(x)))


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 9, 10, 11, 12, 29, 59, 300])
def test_two_and_a_half_percent_lie_above(degrees):
    assert below(confidence.student_t(degrees), degrees) == pytest.approx(0.975, abs=2e-5)


def test_an_interval_worked_out_by_hand():
    """Mean 4, s = 2, t for 2 degrees of freedom 4.303: 4.303 * 2 / sqrt 3 is 4.969."""
    assert confidence.interval([2, 4, 6]) == pytest.approx((-0.969, 8.969), abs=1e-3)


def test_it_holds_the_truth_19_times_of_20():
    generator = random.Random(0)
    draws = [[generator.gauss(7, 3) for _ in range(4)] for _ in range(4000)]
    held = mean(low <= 7 <= high for low, high in map(confidence.interval, draws))
    assert held == pytest.approx(0.95, abs=0.012)


def test_the_interval_in_words():
    words = confidence.in_words([2, 4, 6], "{:+.1f}".format)
    assert words == "95 % confidence interval -1.0 to +9.0, n = 3 seeds"
    assert confidence.in_words([2], str) == "1 seed, no confidence interval"
