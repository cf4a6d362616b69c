"""Ten shapes, each as a signed distance: how far a point lies from the outline, negative inside.

Each function takes the coordinates of many points, as two arrays x and y of the same size, and
returns an array of that size. In these coordinates each shape about fills the circle of radius 1
around the origin. Distances are combined by simple arithmetic: ``minimum`` is "or", ``maximum`` is
"and", a minus sign is "not". Outside a corner the result may be less than the true distance; for
drawing an outline that does not matter.
"""

import numpy as np

from ...types import Array


def disk(x: Array, y: Array) -> Array:
    """A filled circle."""
    return np.hypot(x, y) - 0.85


def ring(x: Array, y: Array) -> Array:
    """A circle with a hole."""
    return np.abs(np.hypot(x, y) - 0.7) - 0.22


def square(x: Array, y: Array) -> Array:
    """A filled square."""
    return _box(x, y, 0.75, 0.75)


def triangle(x: Array, y: Array) -> Array:
    """A filled triangle with three equal sides: all points on the inner side of three lines."""
    sides = [
        np.cos(angle) * x + np.sin(angle) * y
        for angle in np.deg2rad([90, 210, 330]).astype(np.float32)
    ]
    return np.maximum(np.maximum(sides[0], sides[1]), sides[2]) - 0.5


def cross(x: Array, y: Array) -> Array:
    """A plus sign."""
    return np.minimum(_box(x, y, 0.95, 0.27), _box(x, y, 0.27, 0.95))


def star(x: Array, y: Array) -> Array:
    """A star with five points.

    It consists of ten wedges, which are one wedge turned and mirrored. So the plane is folded onto
    a single wedge, with one straight edge.
    """
    wedge = np.float32(np.pi / 5)
    radius = np.hypot(x, y)
    angle = np.abs(np.mod(np.arctan2(y, x), 2 * wedge) - wedge)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    # The edge runs from (valley_x, 0) to the tip.
    valley_x, tip_x, tip_y = 0.42, np.cos(wedge), np.sin(wedge)
    edge = np.hypot(tip_x - valley_x, tip_y)
    return (tip_y * (x - valley_x) - (tip_x - valley_x) * y) / edge


def crescent(x: Array, y: Array) -> Array:
    """A disk from which a second, shifted disk is cut out."""
    return np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - np.float32(0.45), y))


def heart(x: Array, y: Array) -> Array:
    """A square with half a disk on each of two neighbouring sides."""
    side = np.float32(0.5)
    x, y = x + side / 2, y + side / 2
    return np.minimum(
        _box(x, y, side, side), np.minimum(np.hypot(x - side, y), np.hypot(x, y - side)) - side
    )


def stripes(x: Array, y: Array) -> Array:
    """Three bars side by side, cut to a circle."""
    return np.maximum(_bars(x, 0.62), np.hypot(x, y) - 0.95)


def checkerboard(x: Array, y: Array) -> Array:
    """Three by three fields in a square; the corners and the middle are filled."""
    across, down = _bars(x, 1.0), _bars(y, 1.0)
    # In bars of one direction, but not in both.
    fields = np.maximum(np.minimum(across, down), -np.maximum(across, down))
    return np.maximum(-fields, _box(x, y, 0.75, 0.75))


def _box(x, y, half_width, half_height):
    """A filled rectangle around the origin."""
    return np.maximum(np.abs(x) - np.float32(half_width), np.abs(y) - np.float32(half_height))


def _bars(x, period):
    """Endless bars, each half a period wide, one of them around 0."""
    period = np.float32(period)
    return np.abs(x - period * np.round(x / period)) - period / 4


SHAPES = (disk, ring, square, triangle, cross, star, crescent, heart, stripes, checkerboard)
