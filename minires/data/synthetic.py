"""Ten classes of drawn shapes: a data set that needs no file, for whoever has none.

Each image shows one shape of `shapes.py` at a random place, size, angle and in random colours, on a shaded and
textured background, among distracting strokes that tell nothing of the class, partly covered, under noise. Colour
and place say nothing about the class, so only a classifier that finds edges and puts them together does well.

The constants set how hard that is.
"""

import numpy as np

from ..errors import ConfigError
from .dataset import ImageDataset
from .shapes import SHAPES

# Pairs are ranges. Lengths are in half image widths, colours and brightness from 0 to 1.
RADIUS = (0.40, 0.80)           # of the shape
SHIFT = 0.25                    # how far the shape's centre may lie from the middle, in x and in y
ASPECT = (0.75, 1.33)           # width to height of the shape, before it is turned
GROUND = (0.10, 0.70)           # colour of the background
CONTRAST = (0.20, 0.60)         # by how much the shape is lighter than the background, or darker
LIGHTER = 0.8                   # share of the images in which it is lighter
TINT = 0.25                     # how far each colour channel of the shape may differ from that
SHADING = 0.20                  # strength of the background's gradient
TEXTURE = 0.08                  # strength of each of the background's two gratings
GRATING = (2.0, 9.0)            # their wave numbers, radians per half image
BEHIND, IN_FRONT = 3, 1         # strokes drawn before the shape and after it
STROKE_LENGTH = (0.0, 0.6)      # half of a stroke's length: 0 is a dot
STROKE_WIDTH = (0.05, 0.14)     # half of its width
NOISE = (0.00, 0.12)            # standard deviation of the noise on each pixel and channel

BLOCK = 200                     # images drawn at a time: what they need stays in the cache
TRAIN, TEST = 0, 1              # number of the random stream of each set


def synthetic(train_size=10_000, test_size=2_000, size=32, seed=0):
    """Draw a training and a test set.

    Parameters
    ----------
    train_size, test_size : int
        Number of images; a multiple of 10 has equally many of each class. A longer set begins with the images of a
        shorter one (up to the last 200).
    size : int
        Height and width in pixels.
    seed : int
        The same seed draws the same images.

    Returns
    -------
    train, test : ImageDataset
        uint8 (N, size, size, 3), from independent random streams.

    Raises
    ------
    ConfigError
        If a size is below 1, or the images are too small to show anything (below 8 pixels).
    """
    for name, value, least in (("train_size", train_size, 1), ("test_size", test_size, 1), ("size", size, 8)):
        if value < least:
            raise ConfigError("synthetic", f"{name} is too small", f"{least} or more", value)
    return _draw_set(train_size, size, (seed, TRAIN)), _draw_set(test_size, size, (seed, TEST))


def _draw_set(n, size, stream):
    images = np.empty((n, size, size, 3), np.uint8)
    labels = np.empty(n, np.int64)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        rng = np.random.default_rng((*stream, start))
        labels[start:stop] = rng.permutation(np.arange(stop - start) % len(SHAPES))
        images[start:stop] = _draw(labels[start:stop], size, rng)
    return ImageDataset(images, labels, tuple(shape.__name__ for shape in SHAPES), "synthetic")


def _draw(labels, size, rng):
    """One image for each label, uint8 (N, size, size, 3).

    The canvas is (3, N, size, size) while it is drawn: whole planes are added up faster than triples of colours.
    """
    n = len(labels)
    axis = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * 2 / size - 1)
    x, y = axis[None, None, :], axis[None, :, None]              # right and down, from -1 to 1

    ground = _uniform(rng, *GROUND, (3, n))
    canvas = ground + _background(x, y, n, rng)
    for _ in range(BEHIND):
        _paint(canvas, _stroke(x, y, n, rng), _uniform(rng, 0, 1, (3, n)))
    lighter = np.where(rng.random((n, 1, 1)) < LIGHTER, 1, -1).astype(np.float32)
    differs = lighter * _uniform(rng, *CONTRAST, (1, n)) + _uniform(rng, -TINT, TINT, (3, n))
    _paint(canvas, _object(labels, x, y, rng), ground + differs)
    for _ in range(IN_FRONT):
        _paint(canvas, _stroke(x, y, n, rng), _uniform(rng, 0, 1, (3, n)))
    canvas += _uniform(rng, *NOISE, (n,)) * rng.standard_normal(canvas.shape, np.float32)
    bytes_ = np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.moveaxis(bytes_, 0, 3)


def _uniform(rng, low, high, shape):
    """Random numbers that broadcast over an image's rows and columns: `shape` + (1, 1), float32."""
    return low + (high - low) * rng.random((*shape, 1, 1), np.float32)


def _background(x, y, n, rng):
    """A gradient and two gratings, each of its own colour: (3, N, size, size)."""
    turn = _uniform(rng, 0, 2 * np.pi, (n,))
    shade = _uniform(rng, -SHADING, SHADING, (3, n)) * (np.cos(turn) * x + np.sin(turn) * y)
    for _ in range(2):
        turn = _uniform(rng, 0, 2 * np.pi, (n,))
        wave = _uniform(rng, *GRATING, (n,))
        wave = np.sin(wave * (np.cos(turn) * x + np.sin(turn) * y) + _uniform(rng, 0, 2 * np.pi, (n,)))
        shade += _uniform(rng, -TEXTURE, TEXTURE, (3, n)) * wave
    return shade


def _object(labels, x, y, rng):
    """Signed distance to the outline of each image's shape, (N, size, size)."""
    n = len(labels)
    radius = _uniform(rng, *RADIUS, (n,))
    stretch = np.sqrt(_uniform(rng, *ASPECT, (n,)))
    u, v = _turned(x - _uniform(rng, -SHIFT, SHIFT, (n,)), y - _uniform(rng, -SHIFT, SHIFT, (n,)), n, rng)
    u, v = u / (radius * stretch), v / (radius / stretch)
    distance = np.empty_like(u)
    for label, shape in enumerate(SHAPES):
        of_class = labels == label
        distance[of_class] = shape(u[of_class], v[of_class])
    return distance * radius


def _stroke(x, y, n, rng):
    """Signed distance to a short line with round ends, or a dot, anywhere in each image: (N, size, size)."""
    u, v = _turned(x - _uniform(rng, -1, 1, (n,)), y - _uniform(rng, -1, 1, (n,)), n, rng)
    u = np.maximum(np.abs(u) - _uniform(rng, *STROKE_LENGTH, (n,)), 0)
    return np.sqrt(u * u + v * v) - _uniform(rng, *STROKE_WIDTH, (n,))


def _turned(x, y, n, rng):
    """The coordinates after a random turn for each image."""
    turn = _uniform(rng, 0, 2 * np.pi, (n,))
    cos, sin = np.cos(turn), np.sin(turn)
    return cos * x + sin * y, cos * y - sin * x


def _paint(canvas, distance, colour):
    """Fill the inside of an outline with a colour; a pixel on the outline is partly covered."""
    size = canvas.shape[-1]
    cover = np.clip(0.5 - distance * (size / 2), 0, 1)
    canvas += cover * (colour - canvas)
