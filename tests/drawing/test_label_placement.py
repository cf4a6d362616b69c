"""Labels are placed apart from each other, and no further from their wanted places than needed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minires.drawing.label_placement import free_place, spread_out


@pytest.mark.parametrize(
    "wanted, places",
    [
        ([10, 50, 51, 52, 90], [10, 47, 51, 55, 90]),
        ([0, 3, 5], [8 / 3 - 4, 8 / 3, 8 / 3 + 4]),
        ([7], [7]),
    ],
)
def test_by_hand(wanted, places):
    np.testing.assert_allclose(spread_out(wanted, [4] * (len(wanted) - 1)), places)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-200, 200), min_size=1, max_size=6), st.integers(0, 100))
def test_no_places_nearby_are_closer_to_the_wanted(wanted, seed):
    rng = np.random.default_rng(seed)
    gaps = rng.uniform(10, 80, len(wanted) - 1)
    places = np.array(spread_out(wanted, list(gaps)))
    assert np.all(np.diff(places) >= gaps - 1e-6)
    best = np.sum((places - wanted) ** 2)
    for _ in range(50):
        other = places + rng.normal(0, 3, len(wanted))
        if np.all(np.diff(other) >= gaps):
            assert np.sum((other - wanted) ** 2) >= best - 1e-6


@pytest.mark.parametrize(
    "wanted, taken, place",
    [
        (5, [], 5),
        (-3, [], 0),
        (5, [(4, 7)], 4),
        (6, [(4, 7)], 7),
        (5, [(4, 7), (2, 4.5)], 7),
        (9, [(8, 12)], 8),
        (5, [(-1, 12)], 5),
    ],
)
def test_the_nearest_free_place(wanted, taken, place):
    assert free_place(wanted, taken, 0, 10) == place
