"""The ten shapes: inside where they should be, with correct distances."""

import numpy as np
import pytest

from minires.data.datasets.signed_distance import SHAPES

AXIS = np.linspace(-1.5, 1.5, 301, dtype=np.float32)
X, Y = np.meshgrid(AXIS, AXIS)  # points 0.01 apart


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_fills_part_of_the_unit_circle_and_nothing_far_outside(shape):
    inside = shape(X, Y) < 0
    area = inside.sum() * 0.01**2
    assert 0.7 < area < 2.4  # the unit circle has 3.14
    assert not inside[np.hypot(X, Y) > 1.15].any()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_no_distance_changes_faster_than_its_point_moves(shape):
    """Otherwise the soft edge that is drawn from it would be harder in some places than in
    others."""
    distance = shape(X, Y)
    assert distance.shape == X.shape and distance.dtype == np.float32
    for axis in (0, 1):
        assert np.abs(np.diff(distance, axis=axis)).max() <= 0.01 * 1.01
    slope = np.hypot(*np.gradient(distance, 0.01))[np.abs(distance) < 0.02]
    assert abs(np.median(slope) - 1) < 0.02  # and near the outline exactly as fast


@pytest.mark.parametrize(
    "name, at_the_origin",
    [
        ("disk", True),
        ("ring", False),
        ("square", True),
        ("triangle", True),
        ("cross", True),
        ("star", True),
        ("crescent", False),
        ("heart", True),
        ("stripes", True),
        ("checkerboard", True),
    ],
)
def test_the_distance_at_the_origin(name, at_the_origin):
    (shape,) = [shape for shape in SHAPES if shape.__name__ == name]
    assert (shape(np.zeros(1, np.float32), np.zeros(1, np.float32))[0] < 0) == at_the_origin


def test_no_two_shapes_are_alike():
    """However they are turned: the ten differ in how much of each circle around the origin they
    cover."""
    rings = (np.hypot(X, Y) * 10).astype(int)
    covered = [
        np.bincount(rings.ravel(), shape(X, Y).ravel() < 0)[:11] / np.bincount(rings.ravel())[:11]
        for shape in SHAPES
    ]
    for i in range(10):
        for j in range(i):
            assert np.abs(covered[i] - covered[j]).max() > 0.1, (
                SHAPES[i].__name__,
                SHAPES[j].__name__,
            )
